//! What a caller may ask for: nothing that injects lines or contradicts the framing.

use wskhttp_core::io::{Kind, Phase};
use wskhttp_http::{Body, Request};

use crate::support::url;

#[test]
fn methods() {
    let at = url("http://a/");
    for method in [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "get",
        "M-SEARCH",
        "x!#$%&'*+.^_`|~",
    ] {
        assert!(
            Request::new(method, &at, b"", Body::Empty).is_ok(),
            "{method}"
        );
    }
    for method in [
        "", " GET", "GET ", "GE T", "GET\r\n", "GET\0", "G\u{e4}T", "GET/", "CONNECT", "(x)",
    ] {
        let error = Request::new(method, &at, b"", Body::Empty).expect_err(method);
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Request, Kind::InvalidRequest)
        );
    }
    assert!(Request::new("TRACE", &at, b"", Body::Full(b"x")).is_err());
}

#[test]
fn header_lines() {
    let at = url("http://a/");
    for lines in [
        &b""[..],
        b"A: b\r\n",
        b"A:\r\nB: c\td \r\n",
        b"A: \x80\xff\r\n",
        b"Hostess: b\r\nContent-Type: text/plain\r\n",
        b"Connection: close\r\n",
        b"connection:Close \r\n",
        b"Connection: keep-alive\r\n",
        b"Connection: TE, close\r\nTE: trailers\r\n",
        b"Connection: keep-alive\r\nConnection: te\r\nTE: Trailers\r\n",
    ] {
        let request = Request::new("GET", &at, lines, Body::Empty);
        let text = String::from_utf8_lossy(lines);
        assert_eq!(
            request.unwrap().wants_close(),
            text.to_lowercase().contains("close")
        );
    }
    for lines in [
        &b"A: b"[..],
        b"A: b\n",
        b"A: b\r",
        b"A: b\r\n\r\n",
        b"\r\n",
        b"A: b\r\n c\r\n",
        b"A: b\nB: c\r\n",
        b"A: b\rc\r\n",
        b"A: b\0\r\n",
        b"A: b\x01\r\n",
        b"A: b\x7f\r\n",
        b"A b: c\r\n",
        b"A : c\r\n",
        b" A: c\r\n",
        b": c\r\n",
        b"A\r\n",
        b"\xe4: c\r\n",
        b"Host: b\r\n",
        b"hOST: b\r\n",
        b"Content-Length: 0\r\n",
        b"content-length:0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"TE: trailers\r\n",
        b"Trailer: a\r\n",
        b"Upgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"Keep-Alive: 5\r\n",
        b"Proxy-Connection: close\r\n",
        b"Connection: close, x\r\n",
        b"Connection: upgrade\r\n",
        b"Connection: TE\r\n",
        b"Connection: TE\r\nTE: gzip\r\n",
        b"Connection: TE\r\nTE: trailers, gzip\r\n",
    ] {
        let error = Request::new("GET", &at, lines, Body::Empty)
            .expect_err(&String::from_utf8_lossy(lines));
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Request, Kind::InvalidRequest)
        );
    }
}

/// RFC 9110 section 6.6.2: what follows a chunked body can be announced.
#[test]
fn trailers_are_announced() {
    let at = url("http://a/");
    for (value, body, valid) in [
        ("X-Sum", Body::Chunked, true),
        ("X-Sum, Repr-Digest", Body::Chunked, true),
        ("X-Sum", Body::Full(b"x"), false),
        ("X-Sum", Body::Sized(1), false),
        ("X-Sum, Content-Length", Body::Chunked, false),
        ("Authorization", Body::Chunked, false),
        ("", Body::Chunked, false),
        ("a b", Body::Chunked, false),
    ] {
        let lines = format!("Trailer: {value}\r\n");
        let request = Request::new("PUT", &at, lines.as_bytes(), body);
        assert_eq!(request.is_ok(), valid, "{value} {body:?}");
    }
}

#[test]
fn replayable() {
    let at = url("http://a/");
    for (method, body, replayable) in [
        ("GET", Body::Empty, true),
        ("PUT", Body::Full(b"x"), true),
        ("DELETE", Body::Empty, true),
        ("PUT", Body::Sized(1), false),
        ("PUT", Body::Chunked, false),
        ("POST", Body::Empty, false),
        ("PATCH", Body::Full(b"x"), false),
        ("get", Body::Empty, false),
    ] {
        let request = Request::new(method, &at, b"", body).unwrap();
        assert_eq!(request.is_replayable(), replayable, "{method}");
    }
}
