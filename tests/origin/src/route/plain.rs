//! The well-behaved answers.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};
use ring::digest::{Context, SHA256};
use serde_json::json;

use super::body::Body;
use super::text;
use crate::origin::Shared;
use crate::pattern;

pub(super) async fn answer(
    request: Request<Incoming>,
    words: &[&str],
    tag: Option<&str>,
    shared: &Arc<Shared>,
) -> Response<Body> {
    match *words {
        [] => text(StatusCode::OK, GREETING),
        ["echo"] => echo(request).await,
        ["headers"] => headers(&request),
        ["bytes", n] => number(n, bytes).await,
        ["chunked", n] => number(n, async |n| Response::new(Body::chunked(n))).await,
        ["sha256", n] => number(n, async |n| text(StatusCode::OK, digest(n).await)).await,
        ["upload"] => upload(request).await,
        ["stall", "upload"] => {
            let mut released = shared.released.subscribe();
            released.mark_unchanged();
            let _ = released.changed().await;
            upload(request).await
        }
        ["status" | "expect", code] => status(code),
        ["_log"] => json(&shared.journal.copy().to_json(tag)),
        ["_release"] => {
            shared.release();
            text(StatusCode::OK, "released\n")
        }
        ["_ports"] => json(&json!({
            "https": shared.https, "http": shared.http, "silent": shared.silent, "full": shared.full,
        })),
        ["_ca"] => text(StatusCode::OK, shared.ca.pem()),
        _ => text(StatusCode::NOT_FOUND, "no such route\n"),
    }
}

async fn number(word: &str, answer: impl AsyncFnOnce(u64) -> Response<Body>) -> Response<Body> {
    match word.parse() {
        Ok(n) => answer(n).await,
        Err(_) => text(StatusCode::BAD_REQUEST, "not a number\n"),
    }
}

async fn bytes(length: u64) -> Response<Body> {
    let mut response = Response::new(Body::sized(length));
    if length <= DIGEST_MOST
        && let Ok(digest) = HeaderValue::from_str(&digest(length).await)
    {
        response.headers_mut().insert(X_SHA256, digest);
    }
    response
}

async fn digest(length: u64) -> String {
    tokio::task::spawn_blocking(move || pattern::sha256(length))
        .await
        .unwrap_or_default()
}

async fn echo(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return text(StatusCode::BAD_REQUEST, "the body broke off\n");
    };
    let mut response = Response::new(Body::bytes(body.to_bytes()));
    if let Some(kind) = head.headers.get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    if let Ok(method) = HeaderValue::from_str(head.method.as_str()) {
        response.headers_mut().insert(X_METHOD, method);
    }
    response
}

fn headers(request: &Request<Incoming>) -> Response<Body> {
    let pairs: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            [
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            ]
        })
        .collect();
    json(&json!(pairs))
}

async fn upload(request: Request<Incoming>) -> Response<Body> {
    let chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let mut body = request.into_body();
    let mut digest = Context::new(&SHA256);
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return text(StatusCode::BAD_REQUEST, "the body broke off\n");
        };
        if let Some(data) = frame.data_ref() {
            digest.update(data);
            length += data.len();
        }
    }
    let digest = pattern::hex(digest.finish().as_ref());
    json(&json!({ "length": length, "sha256": digest, "chunked": chunked }))
}

fn status(code: &str) -> Response<Body> {
    match code
        .parse::<u16>()
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok())
    {
        // hyper cannot send an interim response as the final one.
        Some(code) if code.as_u16() < 200 => text(StatusCode::BAD_REQUEST, "use /continue\n"),
        Some(code) if code == StatusCode::NO_CONTENT || code == StatusCode::NOT_MODIFIED => {
            let mut response = Response::new(Body::bytes(""));
            *response.status_mut() = code;
            response
        }
        Some(code) => text(code, format!("{}\n", code.as_u16())),
        None => text(StatusCode::BAD_REQUEST, "not a status\n"),
    }
}

fn json(value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::text(format!("{value}\n")));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

const GREETING: &str =
    "Hello from the wskhttp origin: a local server for the demo and the tests.\n";
const X_METHOD: HeaderName = HeaderName::from_static("x-method");
const X_SHA256: HeaderName = HeaderName::from_static("x-sha256");
const DIGEST_MOST: u64 = 16 << 20;
