//! Bodies of responses: RFC 9112 sections 6.3 and 7.1.

use wskhttp_core::io::{Kind, Phase};
use wskhttp_http::{CloseReason, Outcome};

use crate::support::script::{Act, Script};
use crate::support::{refusal, response, single};

fn chunked(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
}

#[test]
fn chunks() {
    for (coded, text) in [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"),
        ("A\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
        // Ten bytes of data that look like framing.
        ("a\r\n\r\n0\r\n\r\n..\r\r\n0\r\n\r\n", "\r\n0\r\n\r\n..\r"),
        ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        // Section 7.1.1: extensions are ignored.
        ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"),
        ("5;a=\"b;\\\"\t c\";d\r\nhello\r\n0\r\n\r\n", "hello"),
        // Section 7.1.2: trailers are dropped.
        ("5\r\nhello\r\n0\r\nA: b\r\nc:\r\n\r\n", "hello"),
        ("0\r\nSet-Cookie: a=b\r\nAuthorization: x\r\n\r\n", ""),
    ] {
        let view = response(&chunked(coded), "GET").unwrap();
        assert_eq!(view.text(), text, "{coded:?}");
    }
}

#[test]
fn malformed_chunks() {
    for coded in [
        "\r\nhello",
        "x\r\nhello",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\t\r\nhello\r\n0\r\n\r\n",
        "5 ;a \r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "_5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\rhello\r\n0\r\n\r\n",
        "5 extension\r\nhello\r\n0\r\n\r\n",
        "5;\r\nhello\r\n0\r\n\r\n",
        "5;a=\r\nhello\r\n0\r\n\r\n",
        "5;=b\r\nhello\r\n0\r\n\r\n",
        "5;a=\"b\r\nhello\r\n0\r\n\r\n",
        "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
        "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n",
        "5;a\0\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\0\"\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\\\r\"\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "5; a b\r\nhello\r\n0\r\n\r\n",
        // Sizes: more than 16 digits, leading zeros without end.
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        // No CRLF after the data.
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello \r\n0\r\n\r\n",
        "5\r\nhello\r\n\r\n0\r\n\r\n",
        // The trailer section.
        "0\r\nA: b\n\r\n",
        "0\r\nA: b\r\n\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\n A: b\r\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: b\0\r\n\r\n",
        "0\r\nA: b\rc\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\n\rA",
        "0\n\r\n",
    ] {
        let refused = refusal(&chunked(coded));
        assert_eq!(refused, (Phase::Body, Kind::MalformedChunk), "{coded:?}");
    }
    for name in ["Content-Length", "transfer-encoding"] {
        let refused = refusal(&chunked(&format!("0\r\n{name}: 1\r\n\r\n")));
        assert_eq!(refused, (Phase::Body, Kind::MalformedFraming), "{name}");
    }
}

#[test]
fn a_size_of_all_ones_is_a_size() {
    // 2^64-1 is never complete; nothing overflows.
    let refused = refusal(&chunked("FFFFFFFFFFFFFFFF\r\nhello"));
    assert_eq!(refused, (Phase::Body, Kind::BodyTruncated));
}

#[test]
fn truncated_bodies() {
    let bytes = chunked("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n");
    let head = chunked("").len();
    for end in head..bytes.len() {
        let cut = refusal(&bytes[..end]);
        assert_eq!(cut, (Phase::Body, Kind::BodyTruncated), "{end}");
    }
    let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
    assert_eq!(refusal(sized), (Phase::Body, Kind::BodyTruncated));
}

#[test]
fn until_close() {
    // Section 6.3, item 8.
    for (head, text) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\n\r\n", ""),
    ] {
        let view = response(format!("{head}{text}").as_bytes(), "GET").unwrap();
        assert_eq!(view.text(), text);
        assert_eq!(view.content_length, None);
        assert_eq!(view.outcome, Outcome::Closed(CloseReason::UntilClose));
    }
}

#[test]
fn an_unclean_end_does_not_complete_a_body() {
    for kind in [Kind::TlsTruncated, Kind::ConnectionReset] {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\nhalf".to_vec();
        let script = Script::new([Act::AwaitHeads(1), Act::Give(bytes), Act::Fail(kind)]);
        let error = single(script, "GET").unwrap_err();
        assert_eq!((error.phase, error.kind), (Phase::Body, kind));
    }
}

#[test]
fn no_body_whatever_is_announced() {
    // Section 6.3, items 1 and 2; nothing of the next response is taken for a body.
    for (method, head, length, outcome) in [
        (
            "HEAD",
            "200 OK\r\nContent-Length: 9",
            Some(9),
            Outcome::Pooled,
        ),
        (
            "HEAD",
            "200 OK\r\nTransfer-Encoding: chunked",
            None,
            Outcome::Pooled,
        ),
        ("HEAD", "200 OK", None, Outcome::Pooled),
        (
            "GET",
            "304 Not Modified\r\nContent-Length: 9",
            Some(9),
            Outcome::Pooled,
        ),
        (
            "GET",
            "304 Not Modified\r\nTransfer-Encoding: chunked",
            None,
            Outcome::Pooled,
        ),
        ("GET", "204 No Content", None, Outcome::Pooled),
        (
            "GET",
            "204 No Content\r\nContent-Length: 0",
            Some(0),
            Outcome::Pooled,
        ),
        // RFC 9110 section 15.3.5 forbids these: who knows where the peer thinks it ends.
        (
            "GET",
            "204 No Content\r\nContent-Length: 9",
            Some(9),
            Outcome::Closed(CloseReason::ForbiddenBody),
        ),
        (
            "GET",
            "204 No Content\r\nTransfer-Encoding: chunked",
            None,
            Outcome::Closed(CloseReason::ForbiddenBody),
        ),
    ] {
        let script = Script::answers(&[&format!("HTTP/1.1 {head}\r\n\r\n")]);
        let view = single(script, method).unwrap();
        assert_eq!(
            (view.body.len(), view.content_length),
            (0, length),
            "{head}"
        );
        assert_eq!(view.outcome, outcome, "{method} {head}");
    }
}

#[test]
fn bytes_after_the_response_end_the_connection() {
    for (method, head) in [
        ("HEAD", "200 OK\r\nContent-Length: 3"),
        ("GET", "204 No Content"),
        ("GET", "304 Not Modified"),
        ("GET", "200 OK\r\nContent-Length: 0"),
    ] {
        let script = Script::answers(&[&format!("HTTP/1.1 {head}\r\n\r\nxyz")]);
        let view = single(script, method).unwrap();
        assert_eq!(
            view.outcome,
            Outcome::Closed(CloseReason::Leftover),
            "{head}"
        );
    }
}

#[test]
fn trailers_are_no_fields() {
    // RFC 9110 section 6.5.1. Those that would set the framing are refused: see `malformed_chunks`.
    for name in [
        "Set-Cookie",
        "WWW-Authenticate",
        "Location",
        "Content-Encoding",
    ] {
        let bytes = chunked(&format!("5\r\nhello\r\n0\r\n{name}: x\r\n\r\n"));
        let view = response(&bytes, "GET").unwrap();
        assert_eq!(view.text(), "hello", "{name}");
        assert_eq!(view.lines, "Transfer-Encoding: chunked\r\n", "{name}");
    }
}
