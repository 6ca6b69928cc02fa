//! RFC 9112, section by section: what it asks of a client, and what this one makes of it. Responses
//! are also cut at every offset, which changes nothing.

mod body;
mod chunked;
mod connection;
mod fields;
mod incomplete;
mod message;
mod request;
mod status_line;

use wskhttp_core::io::Kind;
use wskhttp_http::{Body, Request};

use crate::support::script::{Connector, Script};
use crate::support::{client, exchange, response, run, url};

/// What a response must come to: its body, or an error.
type Expected = Result<&'static str, Kind>;

/// Shows each response to the client, whole and cut in two at every offset and byte by byte.
fn table(section: &str, rows: &[(&str, Expected)]) {
    for (bytes, expected) in rows {
        let seen = response(bytes.as_bytes(), "GET");
        let seen = seen.map(|view| view.text()).map_err(|error| error.kind);
        let expected = expected.map(str::to_owned);
        assert_eq!(seen, expected, "section {section}: {bytes:?}");
    }
}

const HEAD: Expected = Err(Kind::MalformedHead);
const FRAMING: Expected = Err(Kind::MalformedFraming);
const CHUNK: Expected = Err(Kind::MalformedChunk);
const SHORT: Expected = Err(Kind::BodyTruncated);
const OTHER: Expected = Err(Kind::UnsupportedResponse);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// What a second request comes to, after a first one over `script`, and how many connections it took.
fn twice(method: &str, script: Script) -> (Result<String, Kind>, usize) {
    let connect = Connector::new([script, Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    run(exchange(&client, "GET", "http://a.test/", Body::Empty)).unwrap();
    let second = run(exchange(&client, method, "http://a.test/", Body::Empty));
    let second = second.map(|view| view.text()).map_err(|error| error.kind);
    (second, connect.made())
}

/// What the client sends.
fn sent(method: &str, at: &str, headers: &[u8], body: Body<'_>) -> String {
    let at = url(at);
    written(&Request::new(method, &at, headers, body).unwrap())
}

fn written(request: &Request<'_>) -> String {
    let mut head = wskhttp_http::proto::SendHead::new(request);
    // Also in pieces of one byte: the same.
    let mut bytes = Vec::new();
    while !head.is_done() {
        let mut byte = [0];
        let count = head.write(&mut byte);
        bytes.extend_from_slice(&byte[..count]);
    }
    let mut whole = vec![0; 4096];
    let count = wskhttp_http::proto::SendHead::new(request).write(&mut whole);
    assert_eq!(bytes, whole[..count]);
    String::from_utf8(bytes).unwrap()
}
