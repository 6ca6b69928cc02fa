//! Against hyper's server over TCP on 127.0.0.1.

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use support::tcp::{TcpConnect, TokioClock};
use support::{Lock, url};
use wskhttp_http::{Body, Client, Deadlines, Outcome, Request};

type TcpClient = Client<TcpConnect, TokioClock, Lock>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn get() {
    let (client, base) = start().await;
    let answer = fetch(&client, "GET", &format!("{base}/size/5"), Body::Empty).await;
    assert_eq!((answer.status, answer.body.len()), (200, 5));
    assert_eq!(answer.outcome, Outcome::Pooled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_around_the_buffers() {
    let (client, base) = start().await;
    for size in [0, 1, 16_383, 16_384, 16_385, 1 << 20, (8 << 20) + 3] {
        for kind in ["size", "chunked"] {
            let at = format!("{base}/{kind}/{size}");
            let answer = fetch(&client, "GET", &at, Body::Empty).await;
            assert_eq!(answer.status, 200);
            assert!(answer.body == pattern(size), "{kind} {size}");
            assert_eq!(answer.outcome, Outcome::Pooled, "{kind} {size}");
        }
    }
    assert_eq!(made(&client), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_requests() {
    let (client, base) = start().await;
    for size in [0, 1, 16_000, 16_384, 1 << 20] {
        let body = pattern(size);
        for (method, kind) in [
            ("POST", Body::Full(&body)),
            ("PUT", Body::Sized(size as u64)),
            ("POST", Body::Chunked),
        ] {
            let at = url(&format!("{base}/echo"));
            let request = Request::new(method, &at, b"", kind).unwrap();
            let sent = client.send(&request, &0, Deadlines::default());
            let mut exchange = sent.await.unwrap();
            if !matches!(kind, Body::Full(_)) {
                let mut left = body.as_slice();
                while !left.is_empty() {
                    let count = exchange.write_some(left).await.unwrap();
                    assert!(count > 0);
                    left = &left[count..];
                }
                exchange.finish().await.unwrap();
            }
            let head = exchange.response().await.unwrap();
            let how = head.header("x-request-framing").unwrap().to_vec();
            let expected = match kind {
                Body::Chunked => "chunked".to_owned(),
                _ => size.to_string(),
            };
            assert_eq!(String::from_utf8(how).unwrap(), expected);
            assert!(read(&mut exchange).await == body, "{method} {size}");
            assert_eq!(exchange.done().await, Outcome::Pooled);
        }
    }
    assert_eq!(made(&client), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_without_a_body() {
    let (client, base) = start().await;
    for (method, path, status, length) in [
        ("HEAD", "/size/1234", 200, Some(1234)),
        ("HEAD", "/chunked/1234", 200, None),
        ("DELETE", "/status/204", 204, None),
        ("GET", "/status/304", 304, None),
        ("PATCH", "/size/0", 200, Some(0)),
    ] {
        let answer = fetch(&client, method, &format!("{base}{path}"), Body::Empty).await;
        assert_eq!((answer.status, answer.length), (status, length), "{path}");
        assert!(answer.body.is_empty());
        assert_eq!(answer.outcome, Outcome::Pooled, "{method} {path}");
    }
    assert_eq!(made(&client), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_gets_on_one_connection() {
    let (client, base) = start().await;
    for turn in 0..100 {
        let answer = fetch(&client, "GET", &format!("{base}/size/10"), Body::Empty).await;
        assert_eq!(answer.body.len(), 10);
        assert_eq!(answer.reused, turn > 0);
    }
    assert_eq!(made(&client), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_from_tasks() {
    let (client, base) = start().await;
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let (client, base) = (client.clone(), base.clone());
            // Also shows that the futures are Send.
            tokio::spawn(async move {
                let at = format!("{base}/chunked/{}", index * 1000);
                fetch(&client, "GET", &at, Body::Empty).await.body.len()
            })
        })
        .collect();
    for (index, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), index * 1000);
    }
    assert!(client.idle() <= client.limits().idle_per_origin);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn early_refusal_of_an_upload() {
    let (client, base) = start().await;
    let at = url(&format!("{base}/refuse"));
    let request = Request::new("POST", &at, b"", Body::Sized(1 << 40)).unwrap();
    let sent = client.send(&request, &0, Deadlines::default());
    let mut exchange = sent.await.unwrap();
    let data = pattern(64 << 10);
    while exchange.write_some(&data).await.unwrap() > 0 {}
    exchange.finish().await.unwrap();
    assert_eq!(exchange.response().await.unwrap().status(), 413);
    assert!(read(&mut exchange).await == b"too large");
    assert!(matches!(exchange.done().await, Outcome::Closed(_)));
    assert_eq!(client.idle(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_port() {
    let client = TcpClient::new(TcpConnect::default(), TokioClock::default(), limits()).unwrap();
    // A port that nobody listens on: bound, then released.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = url(&format!("http://{}/", free.local_addr().unwrap()));
    drop(free);
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let error = client.send(&request, &0, Deadlines::default()).await;
    assert_eq!(
        error.err().unwrap().kind,
        wskhttp_core::io::Kind::ConnectionRefused
    );
}

struct Answer {
    status: u16,
    length: Option<u64>,
    body: Vec<u8>,
    reused: bool,
    outcome: Outcome,
}

async fn fetch(client: &TcpClient, method: &str, at: &str, body: Body<'_>) -> Answer {
    let at = url(at);
    let request = Request::new(method, &at, b"Accept: */*\r\n", body).unwrap();
    let deadlines = Deadlines {
        connect: None,
        total: Some(client_now(client) + Duration::from_secs(120)),
    };
    let mut exchange = client.send(&request, &0, deadlines).await.unwrap();
    let head = exchange.response().await.unwrap();
    let (status, length) = (head.status(), head.content_length());
    let body = read(&mut exchange).await;
    Answer {
        status,
        length,
        body,
        reused: exchange.reused(),
        outcome: exchange.done().await,
    }
}

fn client_now(client: &TcpClient) -> Duration {
    use wskhttp_core::io::Clock;
    client.clock().now()
}

async fn read(exchange: &mut wskhttp_http::Exchange<'_, TcpConnect, TokioClock, Lock>) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let data = exchange.data().await.unwrap();
        if data.is_empty() {
            return body;
        }
        body.extend_from_slice(data);
        let count = data.len();
        exchange.consume(count);
    }
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

fn made(client: &Shared) -> usize {
    client.connect.made.load(Ordering::SeqCst)
}

fn limits() -> wskhttp_http::Limits {
    wskhttp_http::Limits::default()
}

/// A client and its connector.
#[derive(Clone)]
struct Shared {
    client: Arc<TcpClient>,
    connect: TcpConnect,
}

impl std::ops::Deref for Shared {
    type Target = TcpClient;

    fn deref(&self) -> &TcpClient {
        &self.client
    }
}

async fn start() -> (Shared, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let serve = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(serve));
            tokio::spawn(async move {
                // Errors are the client's to see.
                let _ = serve.await;
            });
        }
    });
    let connect = TcpConnect::default();
    let client = TcpClient::new(connect.clone(), TokioClock::default(), limits()).unwrap();
    let client = Arc::new(client);
    (Shared { client, connect }, format!("http://{address}"))
}

type Answering = Response<BoxBody<Bytes, Infallible>>;

async fn serve(request: hyper::Request<Incoming>) -> Result<Answering, hyper::Error> {
    let path = request.uri().path().to_owned();
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let kind = parts.next().unwrap_or_default();
    let number: usize = parts.next().unwrap_or_default().parse().unwrap_or(0);
    let full = |bytes: Vec<u8>| Full::new(Bytes::from(bytes)).boxed();
    Ok(match kind {
        "size" => Response::new(full(pattern(number))),
        "chunked" => {
            let bytes = pattern(number);
            let pieces: Vec<_> = bytes
                .chunks(7001)
                .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
                .collect();
            Response::new(Pieces(pieces.into_iter()).boxed())
        }
        "echo" => {
            let framing = match request.headers().get("transfer-encoding") {
                Some(value) => value.clone(),
                None => request.headers()["content-length"].clone(),
            };
            let body = request.into_body().collect().await?.to_bytes();
            Response::builder()
                .header("x-request-framing", framing)
                .body(Full::new(body).boxed())
                .unwrap()
        }
        "refuse" => Response::builder()
            .status(413)
            .body(full(b"too large".to_vec()))
            .unwrap(),
        "status" => Response::builder()
            .status(StatusCode::from_u16(u16::try_from(number).unwrap()).unwrap())
            .body(full(Vec::new()))
            .unwrap(),
        _ => Response::builder()
            .status(404)
            .body(full(Vec::new()))
            .unwrap(),
    })
}

type Piece = Result<Frame<Bytes>, Infallible>;

struct Pieces(std::vec::IntoIter<Piece>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Piece>> {
        std::task::Poll::Ready(self.0.next())
    }
}
