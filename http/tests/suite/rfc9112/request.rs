//! RFC 9112. Sections 3 and 11: requests.

use wskhttp_http::{Body, Proxy, Request};

use super::{sent, written};
use crate::support::url;

#[test]
fn section_3_request_line() {
    // Method, target and version, with one space between, and nothing that could add a fourth word.
    let at = url("http://a.test/x?y");
    for method in [
        "", "GE T", "GET\r\n", "GET\t", "G\0", "G:", "G/", "GÉT", "GET ", " GET",
    ] {
        assert!(
            Request::new(method, &at, b"", Body::Empty).is_err(),
            "{method:?}"
        );
    }
    for method in ["GET", "get", "M-SEARCH", "!#$%&'*+-.^_`|~1"] {
        let sent = sent(method, "http://a.test/x?y", b"", Body::Empty);
        assert!(
            sent.starts_with(&format!("{method} /x?y HTTP/1.1\r\n")),
            "{sent}"
        );
    }
}

#[test]
fn section_3_2_host() {
    // One Host field with each request, the authority without userinfo; nobody else can set it.
    for (at, host) in [
        ("http://a.test/", "a.test"),
        ("http://A.Test:80/", "a.test"),
        ("http://a.test:81/", "a.test:81"),
        ("https://a.test:443/", "a.test"),
        ("http://[2001:DB8::0:1]:8080/", "[2001:db8::1]:8080"),
        ("http://127.0.0.1", "127.0.0.1"),
    ] {
        let sent = sent("GET", at, b"A: b\r\n", Body::Empty);
        let hosts: Vec<_> = sent
            .lines()
            .filter_map(|line| line.strip_prefix("Host: "))
            .collect();
        assert_eq!(hosts, [host], "{at}");
    }
    let at = url("http://a.test/");
    for name in ["Host", "HOST"] {
        let line = format!("{name}: b.test\r\n");
        assert!(Request::new("GET", &at, line.as_bytes(), Body::Empty).is_err());
    }
    assert!(wskhttp_http::Url::parse("http://user@a.test/").is_err());
}

#[test]
fn section_3_2_1_origin_form() {
    for (at, target) in [
        ("http://a.test", "/"),
        ("http://a.test?q", "/?q"),
        ("http://a.test/a/b?q=/?", "/a/b?q=/?"),
        ("http://a.test/a#fragment", "/a"),
    ] {
        let sent = sent("GET", at, b"", Body::Empty);
        assert!(
            sent.starts_with(&format!("GET {target} HTTP/1.1\r\n")),
            "{sent}"
        );
    }
}

#[test]
fn section_3_2_2_absolute_form() {
    // To a proxy that forwards the request, and to nobody else.
    let at = url("http://a.test:81/x?y");
    let proxy = Proxy::new("proxy.test:3128").unwrap();
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let sent = written(&request.with_proxy(Some(&proxy)));
    assert_eq!(
        sent,
        "GET http://a.test:81/x?y HTTP/1.1\r\nHost: a.test:81\r\n\r\n"
    );
    // Through a tunnel, the server itself is spoken to. The tunnel's authority-form (3.2.3) is
    // tried by proxy.rs.
    let at = url("https://a.test/x");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let sent = written(&request.with_proxy(Some(&proxy)));
    assert!(sent.starts_with("GET /x HTTP/1.1\r\n"), "{sent}");
    assert!(Request::new("CONNECT", &at, b"", Body::Empty).is_err());
}

#[test]
fn section_3_2_4_asterisk_form() {
    let at = url("http://a.test/");
    let request = Request::new("OPTIONS", &at, b"", Body::Empty).unwrap();
    let sent = written(&request.with_asterisk().unwrap());
    assert_eq!(sent, "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n");
    for (method, at) in [("GET", "http://a.test/"), ("OPTIONS", "http://a.test/x")] {
        let at = url(at);
        let request = Request::new(method, &at, b"", Body::Empty).unwrap();
        assert!(request.with_asterisk().is_err());
    }
}

#[test]
fn sections_11_1_and_11_2_nothing_can_be_injected_into_a_request() {
    let at = url("http://a.test/");
    for line in [
        &b"A: b\r\n\r\n"[..],
        b"A: b\r\nGET / HTTP/1.1\r\n",
        b"A: b\nC: d\r\n",
        b"A: b\rC: d\r\n",
        b"A: b\0\r\n",
        b"A b: c\r\n",
        b"A : b\r\n",
        b"A: b\r\n c\r\n",
        b"Content-Length: 5\r\n",
        b"transfer-encoding: chunked\r\n",
        b"A: b",
    ] {
        let refused = Request::new("GET", &at, line, Body::Empty).is_err();
        assert!(refused, "{:?}", line.escape_ascii().to_string());
    }
    for text in [
        "http://a.test/\r\nX: y",
        "http://a.test/ HTTP/1.1",
        "http://a.test/\0",
        "http://a\r\n.test/",
    ] {
        assert!(wskhttp_http::Url::parse(text).is_err(), "{text:?}");
    }
}
