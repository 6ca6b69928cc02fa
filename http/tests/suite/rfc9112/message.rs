//! RFC 9112. Section 2: messages.

use wskhttp_core::io::Kind;
use wskhttp_http::Body;

use super::{HEAD, OTHER, sent, table};

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
            ("HTTP/1,1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/11.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/01.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/20.0 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/ 1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/1 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            ("HTTP/x 200 OK\r\nContent-Length: 1\r\n\r\nx", HEAD),
            // What some say who mean HTTP/2.
            ("HTTP/2 200 OK\r\nContent-Length: 1\r\n\r\nx", OTHER),
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
