//! RFC 9112, section by section: what it asks of a client, and what this one makes of it. Responses
//! are also cut at every offset, which changes nothing.

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Body, CloseReason, Outcome, Proxy, Request};

use crate::support::script::{Act, Connector, Script};
use crate::support::{View, client, exchange, response, run, single, url};

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

#[test]
fn section_2_1_octets_not_characters() {
    // "parse an HTTP message as a sequence of octets in an encoding that is a superset of US-ASCII":
    // the second byte of a UTF-16 LF or an overlong LF is no line end.
    table(
        "2.1",
        &[
            (
                "HTTP/1.1 200 \u{20a}\u{10a}\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
            (
                "HTTP/1.1 200 OK\r\nA: \u{a0a}\u{d0a}\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
        ],
    );
}

#[test]
fn section_2_2_message_parsing() {
    table(
        "2.2",
        &[
            // A recipient MAY take a single LF as a line end. We do not: two readers who disagree
            // about it disagree about where the message ends.
            ("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", HEAD),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\nx", HEAD),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\n\r\nx", HEAD),
            // A bare CR makes the element invalid.
            (
                "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            ("HTTP/1.1 200 OK\r\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 200 OK\rContent-Length: 1\r\n\r\nx", HEAD),
            // Whitespace between the start line and the first field: reject.
            ("HTTP/1.1 200 OK\r\n Content-Length: 1\r\n\r\nx", HEAD),
            (
                "HTTP/1.1 200 OK\r\n\tA: b\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            // One empty line before a message is for servers to skip; some servers send one too.
            ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            (
                "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            // What is no HTTP message at all.
            ("hello", HEAD),
            ("\0", Err(Kind::HeadTruncated)),
            ("\0\0\0\0", HEAD),
        ],
    );
}

#[test]
fn section_2_2_no_extra_crlf_is_sent() {
    for body in [Body::Empty, Body::Full(b""), Body::Full(b"x")] {
        let sent = sent("POST", "http://a.test/", b"", body);
        let (head, rest) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST / HTTP/1.1\r\n"));
        assert_eq!(rest, if body == Body::Full(b"x") { "x" } else { "" });
    }
}

#[test]
fn section_2_3_version() {
    table(
        "2.3",
        &[
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            // Case-sensitive; one digit, a dot, one digit.
            ("http/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("Http/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.10 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1,1 200 OK\r\nContent-Length: 1\r\n\r\nx", OTHER),
            ("HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx", OTHER),
            ("HTTP/0.9 200 OK\r\nContent-Length: 1\r\n\r\nx", OTHER),
            ("HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx", OTHER),
            // HTTP/0.9 has no head; HTTP/2 begins with frames, its clients with a preface.
            ("<html>HTTP/0.9</html>", HEAD),
            ("\0\0\u{12}\u{4}\0\0\0\0\0", OTHER),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HEAD),
        ],
    );
    assert!(sent("GET", "http://a.test/", b"", Body::Empty).starts_with("GET / HTTP/1.1\r\n"));
}

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
fn section_4_status_line() {
    table(
        "4",
        &[
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            // The reason is for nobody, and may be empty.
            ("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            (
                "HTTP/1.1 200 not found\t\u{e9}\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
            // "SHOULD parse whitespace-delimited leniently": we do not, but for a missing last space.
            ("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            ("HTTP/1.1  200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1\t200\tOK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 200\tOK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            // Three digits.
            ("HTTP/1.1 99 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 099 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 000 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 1000 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 +20 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 2e2 x\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 999 x\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            ("HTTP/1.1 200 \0\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 200 \u{7f}\r\nContent-Length: 1\r\n\r\nx", HEAD),
        ],
    );
}

#[test]
fn section_5_fields() {
    table(
        "5, 5.1",
        &[
            // Optional whitespace around a value is not part of it.
            ("HTTP/1.1 200 OK\r\nContent-Length:1\r\n\r\nx", Ok("x")),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: \t1\t \r\n\r\nx",
                Ok("x"),
            ),
            ("HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 1\r\n\r\nx", Ok("x")),
            (
                "HTTP/1.1 200 OK\r\nA:\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
            // No whitespace before the colon; a name is a token; there is a colon.
            ("HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 200 OK\r\nContent-Length\t: 1\r\n\r\nx", HEAD),
            ("HTTP/1.1 200 OK\r\n: 1\r\nContent-Length: 1\r\n\r\nx", HEAD),
            (
                "HTTP/1.1 200 OK\r\nA B: 1\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\n\"A\": 1\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\n\u{e9}: 1\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            ("HTTP/1.1 200 OK\r\nA\r\nContent-Length: 1\r\n\r\nx", HEAD),
            // RFC 9110 section 5.5: no control characters.
            (
                "HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\nA: \u{1}\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\nA: \u{7f}\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
        ],
    );
    table(
        "5.2",
        &[
            // A user agent must replace obs-fold by spaces, or so it says; every reader who does not
            // sees other fields than we would. Refused, like at a server.
            (
                "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            (
                "HTTP/1.1 200 OK\r\nA: b\r\n \r\nContent-Length: 1\r\n\r\nx",
                HEAD,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\n\r\nx", FRAMING),
        ],
    );
}

#[test]
fn section_6_1_transfer_encoding() {
    table(
        "6.1",
        &[
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            // Chunked once, and last. We ask for no other coding with TE, and take none.
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
                HEAD,
            ),
            // In HTTP/1.0 the framing is faulty.
            (
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            // Not allowed in 1xx.
            (
                "HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                FRAMING,
            ),
        ],
    );
    let sent = sent("POST", "http://a.test/", b"", Body::Empty);
    assert!(!sent.contains("Transfer-Encoding") && sent.contains("Content-Length: 0\r\n"));
}

#[test]
fn section_6_2_content_length() {
    table(
        "6.2",
        &[
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 01\r\n\r\nx", Ok("x")),
            ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx", FRAMING),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nx",
                SHORT,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx",
                SHORT,
            ),
        ],
    );
}

#[test]
fn section_6_3_message_body_length() {
    // Items 1 and 2: no body, whatever is announced.
    for (method, head) in [
        ("HEAD", "200 OK\r\nContent-Length: 4"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content"),
        ("GET", "304 Not Modified\r\nContent-Length: 4"),
    ] {
        let script = Script::answers(&[&format!("HTTP/1.1 {head}\r\n\r\n")]);
        let view = single(script, method).unwrap();
        assert_eq!(
            (view.body.len(), view.outcome),
            (0, Outcome::Pooled),
            "{method} {head}"
        );
    }
    table(
        "6.3",
        &[
            (
                "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
            // Item 3: both fields; "ought to be handled as an error".
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                FRAMING,
            ),
            // Item 4: chunked.
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            // Item 5: an invalid Content-Length.
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nx", FRAMING),
            // Item 6: a valid one.
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy", Ok("xy")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", SHORT),
            // Item 8: up to the end of the connection.
            ("HTTP/1.1 200 OK\r\n\r\nxyz", Ok("xyz")),
            ("HTTP/1.0 200 OK\r\n\r\n", Ok("")),
        ],
    );
}

#[test]
fn section_7_1_chunked() {
    let body =
        |coded: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{coded}");
    let rows: &[(&str, &str, Expected)] = &[
        ("7.1", "1\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1", "A\r\n0123456789\r\n000\r\n\r\n", Ok("0123456789")),
        // "MUST anticipate potentially large hexadecimal numerals and prevent parsing errors due to
        // integer conversion overflows".
        ("7.1", "FFFFFFFFFFFFFFFF\r\nx", SHORT),
        ("7.1", "10000000000000000\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "10000000000000001\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "00000000000000001\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "0x1\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "+1\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", " 1\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "1 \r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "1\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1", "1\r\nx0\r\n\r\n", CHUNK),
        ("7.1", "1\r\nx\n0\r\n\r\n", CHUNK),
        ("7.1", "1\r\nx\r\n0\r\n\n", CHUNK),
        ("7.1", "1\r\nxy\r\n0\r\n\r\n", CHUNK),
        // "MUST ignore unrecognized chunk extensions".
        ("7.1.1", "1;a\r\nx\r\n0;b=c;d=\"e\"\r\n\r\n", Ok("x")),
        ("7.1.1", "1;a=\"\\\"\"\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1;\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a=\"b\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a\0\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a\nb\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a\rb\r\nx\r\n0\r\n\r\n", CHUNK),
        // Trailers may be discarded; what frames must not be merged, and is refused.
        ("7.1.2", "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", Ok("x")),
        ("7.1.2", "1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n", FRAMING),
        (
            "7.1.2",
            "1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
            FRAMING,
        ),
        ("7.1.2", "1\r\nx\r\n0\r\nA : b\r\n\r\n", CHUNK),
        ("7.1.2", "1\r\nx\r\n0\r\nA: b\r\n c\r\n\r\n", CHUNK),
        ("7.1.2", "1\r\nx\r\n0\r\nA: \0\r\n\r\n", CHUNK),
    ];
    for (section, coded, expected) in rows {
        table(section, &[(&body(coded), *expected)]);
    }
}

#[test]
fn sections_7_2_and_7_4_no_other_codings() {
    // What is not asked for with TE is not taken.
    table(
        "7.2",
        &[(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            FRAMING,
        )],
    );
    assert!(!sent("GET", "http://a.test/", b"", Body::Empty).contains("TE:"));
    let at = url("http://a.test/");
    assert!(Request::new("GET", &at, b"TE: chunked\r\n", Body::Empty).is_err());
}

#[test]
fn section_8_incomplete_messages() {
    table(
        "8",
        &[
            ("", Err(Kind::EmptyResponse)),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n",
                Err(Kind::HeadTruncated),
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", SHORT),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
                SHORT,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                SHORT,
            ),
            // "considered complete regardless of the number of body octets received, provided that
            // the header section was received intact".
            ("HTTP/1.1 200 OK\r\n\r\nx", Ok("x")),
        ],
    );
}

#[test]
fn section_9_2_data_without_a_request() {
    // "MUST NOT consider that data to be a valid response", and close.
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let scripts = [
        Script::answers(&[&format!("{OK}{poison}")]),
        Script::answers(&[OK]).and(Act::Give(poison.into())),
        Script::answers(&[OK])
            .and(Act::Later)
            .and(Act::Give(poison.into())),
    ];
    for script in scripts {
        assert_eq!(twice("GET", script), (Ok("hi".to_owned()), 2));
    }
}

#[test]
fn section_9_3_persistence() {
    for (head, keeps) in [
        ("HTTP/1.1 200 OK\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: a, Close\r\n", false),
        (
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", true),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\n", false),
    ] {
        let script = Script::answers(&[&format!("{head}Content-Length: 2\r\n\r\nhi"), OK]);
        let (second, connections) = twice("GET", script);
        assert_eq!(
            (second.unwrap().as_str(), connections),
            ("hi", if keeps { 1 } else { 2 }),
            "{head}"
        );
    }
}

#[test]
fn section_9_3_1_retrying() {
    // A connection that ends when the second request is there: GET goes again, once; POST does not.
    let stale = || Script::answers(&[OK]).and(Act::AwaitHeads(2)).and(Act::End);
    assert_eq!(twice("GET", stale()), (Ok("hi".to_owned()), 2));
    assert_eq!(twice("POST", stale()), (Err(Kind::EmptyResponse), 1));
}

#[test]
fn section_9_5_an_early_response_stops_the_body() {
    // Named there: monitor the connection while sending, and cease. See also upload.rs.
    let refusal = "HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    let mut script = Script::new([Act::AwaitBytes(100), Act::Give(refusal.into())]);
    script.window = 200;
    let (client, _) = client(Connector::new([script]));
    let body = vec![b'x'; 100_000];
    let view = run(exchange(
        &client,
        "POST",
        "http://a.test/",
        Body::Full(&body),
    ))
    .unwrap();
    assert_eq!((view.status, view.text().as_str()), (413, "no"));
    assert!(matches!(view.outcome, Outcome::Closed(_)));
}

#[test]
fn section_9_6_tear_down() {
    // After `close` from either side nothing more is sent over the connection.
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    let connect = Connector::new([Script::answers(&[last, OK]), Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    for outcome in [Outcome::Closed(CloseReason::ResponseClose), Outcome::Pooled] {
        let view = run(exchange(&client, "GET", "http://a.test/", Body::Empty)).unwrap();
        assert_eq!(view.outcome, outcome);
    }
    assert_eq!(connect.log(0).text().matches("GET").count(), 1);
    assert!(connect.log(0).closed);
}

#[test]
fn section_9_8_tls_closure() {
    // Without close_notify, what ends with the connection is incomplete, what does not is complete.
    let cut = |bytes: &str| {
        let acts = [
            Act::AwaitHeads(1),
            Act::Give(bytes.into()),
            Act::Fail(Kind::TlsTruncated),
        ];
        let view: Result<View, Error> = single(Script::new(acts), "GET");
        view.map(|view| view.text()).map_err(|error| error.kind)
    };
    assert_eq!(cut("HTTP/1.1 200 OK\r\n\r\nhalf"), Err(Kind::TlsTruncated));
    assert_eq!(
        cut("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh"),
        Err(Kind::TlsTruncated)
    );
    assert_eq!(cut(OK), Ok("hi".to_owned()));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(cut(chunked), Ok("hi".to_owned()));
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
