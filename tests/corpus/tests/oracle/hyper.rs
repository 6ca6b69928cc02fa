//! hyper's client.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{Question, Response, View, compare, responses};

#[test]
fn the_corpus() {
    check(&responses::corpus());
}

#[test]
fn by_chance() {
    check(&responses::random(3000));
}

fn check(questions: &[Question]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let views: Vec<View> = questions
        .iter()
        .map(|question| runtime.block_on(ask(question)))
        .collect();
    compare("hyper", questions, &views);
}

async fn ask(question: &Question) -> View {
    let (near, far) = tokio::io::duplex(64 << 10);
    let serve = serve(far, &question.bytes);
    let fetch = fetch(near, question.method);
    tokio::join!(serve, fetch).1
}

async fn serve(mut stream: DuplexStream, bytes: &[u8]) {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
            return;
        }
    }
    // The client may have hung up before the last byte.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

async fn fetch(stream: DuplexStream, method: &str) -> View {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = hyper::Request::builder()
        .method(method)
        .uri("/")
        .header("host", "a.test")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let work = async {
        let response = sender.send_request(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes().to_vec();
        let headers = parts.headers.iter();
        Some(Response::new(
            parts.status.as_u16(),
            headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())),
            body,
        ))
    };
    let mut connection = std::pin::pin!(connection);
    let mut work = std::pin::pin!(work);
    let mut is_over = false;
    std::future::poll_fn(move |cx| {
        use std::future::Future;
        if !is_over {
            is_over = connection.as_mut().poll(cx).is_ready();
        }
        work.as_mut().poll(cx)
    })
    .await
}
