//! From a request's path to its answer.

mod body;
mod faults;
mod plain;

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::sync::mpsc::Sender;

use crate::log::Page;
use crate::origin::Shared;
use crate::script::Script;
use body::Body;
pub use faults::MALFORMED;

/// Answers by hyper, or hands a script to the connection and never answers.
pub(crate) async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    page: Page,
    scripts: Sender<Script>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let tag = query.split('&').find_map(|pair| pair.strip_prefix("tag="));
    if !path.starts_with("/_") {
        page.request(tag);
    }
    let words: Vec<_> = path.split('/').filter(|word| !word.is_empty()).collect();
    if let Some(script) = faults::script(&words) {
        let _ = scripts.send(script).await;
        return std::future::pending().await;
    }
    Ok(plain::answer(request, &words, tag, &shared).await)
}

fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::text(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
