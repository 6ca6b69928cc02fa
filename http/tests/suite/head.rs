//! Heads of responses: RFC 9112 sections 2 to 6, and what is refused.

use wskhttp_core::io::{Kind, Phase};
use wskhttp_http::{CloseReason, Outcome};

use crate::support::{refusal, response};

#[test]
fn status_line() {
    // RFC 9112 section 4; the reason may be empty or missing.
    for (line, status, minor, reason) in [
        ("HTTP/1.1 200 OK", 200, 1, "OK"),
        ("HTTP/1.0 404 Not Found", 404, 0, "Not Found"),
        ("HTTP/1.1 301 ", 301, 1, ""),
        ("HTTP/1.1 301", 301, 1, ""),
        ("HTTP/1.1 200  two spaces", 200, 1, " two spaces"),
        ("HTTP/1.1 200 tab\tin it", 200, 1, "tab\tin it"),
        ("HTTP/1.1 599 x", 599, 1, "x"),
        // RFC 9110 section 15: not a known class, handed over as it is.
        ("HTTP/1.1 600 x", 600, 1, "x"),
        ("HTTP/1.1 999 Request denied", 999, 1, "Request denied"),
    ] {
        let bytes = format!("{line}\r\nContent-Length: 0\r\n\r\n");
        let view = response(bytes.as_bytes(), "GET").unwrap();
        assert_eq!(
            (view.status, view.minor_version, view.reason.as_str()),
            (status, minor, reason),
            "{line}"
        );
    }
}

#[test]
fn opaque_bytes_are_kept() {
    let view = response(
        b"HTTP/1.1 200 \xc3\xa9\r\nA: \x80\xff\r\nContent-Length: 0\r\n\r\n",
        "GET",
    )
    .unwrap();
    assert_eq!(view.reason, "\u{e9}");
    assert_eq!(view.lines, "A: \u{fffd}\u{fffd}\r\nContent-Length: 0\r\n");
}

#[test]
fn header_lines_in_normal_form() {
    // RFC 9112 section 5.1: optional whitespace around a value is not part of it.
    let view = response(
        b"HTTP/1.1 200 OK\r\nA:1\r\nbB: 2\r\nC:  \t 3 x\t \r\nD:\r\nE: \t\r\nA: :4\r\ncontent-length:0\r\n\r\n",
        "GET",
    )
    .unwrap();
    assert_eq!(
        view.lines,
        "A: 1\r\nbB: 2\r\nC: 3 x\r\nD: \r\nE: \r\nA: :4\r\ncontent-length: 0\r\n"
    );
}

#[test]
fn headers_by_name() {
    let mut head = wskhttp_http::proto::RecvHead::default();
    let bytes = b"HTTP/1.1 200 OK\r\nA: 1\r\nB:\r\na: 2\r\n\r\nrest";
    let taken = head.push(bytes, &wskhttp_http::Limits::default()).unwrap();
    assert_eq!(taken, (bytes.len() - 4, true));
    let all: Vec<_> = head.head().headers().collect();
    assert_eq!(all, [("A", &b"1"[..]), ("B", b""), ("a", b"2")]);
    assert_eq!(head.head().header("a"), Some(&b"1"[..]));
    assert_eq!(head.head().header("c"), None);
    // A complete head takes nothing more.
    let after = head
        .push(b"rest", &wskhttp_http::Limits::default())
        .unwrap();
    assert_eq!(after, (0, true));
}

#[test]
fn one_empty_line_before_the_status_line() {
    let view = response(b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET");
    assert_eq!(view.unwrap().status, 200);
    let two = b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(refusal(two), (Phase::Head, Kind::MalformedHead));
}

#[test]
fn malformed_heads() {
    for bytes in [
        // RFC 9112 section 2.2: lines end with CRLF.
        &b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
        b"HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
        b"HTTP/1.1 200 OK\r\r\n\r\n",
        b"\nHTTP/1.1 200 OK\r\n\r\n",
        b"\rHTTP/1.1 200 OK\r\n\r\n",
        // RFC 9110 section 5.5: control characters.
        b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\x7fc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\x0bc\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 200 O\x07K\r\n\r\n",
        // RFC 9112 section 5.2: obs-fold.
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n Host: foo\r\n\r\n",
        // RFC 9112 section 5.1: no whitespace before the colon; names are tokens.
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA(: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\x80: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        // RFC 9112 section 4: the status line.
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1\t200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 1000\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 000 x\r\n\r\n",
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        // Not HTTP.
        b"http/1.1 200 OK\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"<html>no head, HTTP/0.9</html>",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\0",
    ] {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let expected = match bytes {
            // Could still become HTTP/2.
            b"\0" => Kind::HeadTruncated,
            _ => Kind::MalformedHead,
        };
        assert_eq!(refusal(bytes), (Phase::Head, expected), "{text:?}");
    }
}

#[test]
fn other_protocols() {
    for bytes in [
        &b"HTTP/2.0 200 OK\r\n\r\n"[..],
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/3 200\r\n\r\n",
        // An HTTP/2 SETTINGS frame.
        b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80",
        // Switching unasked, RFC 9110 section 15.2.2.
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ] {
        let text = String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(
            refusal(bytes),
            (Phase::Head, Kind::UnsupportedResponse),
            "{text:?}"
        );
    }
}

#[test]
fn garbage_is_refused_before_a_line_ends() {
    // The connection stays open: the client must not wait for more.
    use crate::support::{
        script::{Act, Script},
        single,
    };
    for bytes in [
        &b"S"[..],
        b"HTTP/2",
        b"HTTP/0",
        b"\r\r",
        b"\r\n\r",
        b"\0\0\0\x04",
    ] {
        let script = Script::new([Act::AwaitHeads(1), Act::Give(bytes.to_vec())]);
        assert!(single(script, "GET").is_err(), "{bytes:?}");
    }
}

#[test]
fn refused_framing() {
    // RFC 9112 sections 6.1 to 6.3.
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 5, 5",
        "Content-Length: 5,",
        "Content-Length: 5;",
        "Content-Length: 5.0",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999",
        "Content-Length: 100000000000000000000000000000",
        "Content-Length: 000100000000000000000000",
        "Content-Length: \u{665}",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunkedchunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding:",
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        let refused = refusal(bytes.as_bytes());
        assert_eq!(refused, (Phase::Head, Kind::MalformedFraming), "{fields}");
    }
    let old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(refusal(old), (Phase::Head, Kind::MalformedFraming));
    let vertical_tab = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n";
    assert_eq!(refusal(vertical_tab), (Phase::Head, Kind::MalformedHead));
}

#[test]
fn accepted_framing() {
    for (fields, body, text) in [
        (
            "Transfer-Encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        (
            "TRANSFER-ENCODING:\tCHUNKED ",
            "5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        ("Content-Length: 5", "hello", "hello"),
        ("Content-Length: 005", "hello", "hello"),
        ("Content-Length:\t5\t", "hello", "hello"),
        ("Content-Length-X: 3", "hello", "hello"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}");
        let view = response(bytes.as_bytes(), "GET").unwrap();
        assert_eq!(view.text(), text, "{fields}");
    }
}

#[test]
fn interim_responses_are_skipped() {
    // RFC 9110 section 15.2.
    let view = response(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n\
          HTTP/1.1 102 x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nhi",
        "GET",
    )
    .unwrap();
    assert_eq!((view.status, view.text().as_str()), (200, "hi"));
    assert_eq!(view.lines, "A: b\r\nContent-Length: 2\r\n");
    // What they announce does not follow.
    for (fields, body) in [
        ("Content-Length: 3", "abc"),
        ("Transfer-Encoding: chunked", "0\r\n\r\n"),
    ] {
        let bytes = format!("HTTP/1.1 103 x\r\n{fields}\r\n\r\n{body}HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(
            refusal(bytes.as_bytes()),
            (Phase::Head, Kind::MalformedHead)
        );
    }
}

#[test]
fn truncated_heads() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(refusal(b""), (Phase::Head, Kind::EmptyResponse));
    for end in 1..bytes.len() {
        let cut = refusal(&bytes[..end]);
        assert_eq!(cut, (Phase::Head, Kind::HeadTruncated), "{end}");
    }
    let interim_only = b"HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(refusal(interim_only), (Phase::Head, Kind::HeadTruncated));
}

#[test]
fn persistence() {
    // RFC 9112 section 9.3. No end of the connection here, so that a reusable one is pooled.
    use crate::support::{script::Script, single};
    for (head, outcome) in [
        ("HTTP/1.1 200 OK\r\n", Outcome::Pooled),
        (
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n",
            Outcome::Pooled,
        ),
        (
            "HTTP/1.1 200 OK\r\nProxy-Connection: close\r\n",
            Outcome::Pooled,
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\n",
            Outcome::Closed(CloseReason::ResponseClose),
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: x , CLOSE\r\n",
            Outcome::Closed(CloseReason::ResponseClose),
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\n",
            Outcome::Closed(CloseReason::ResponseClose),
        ),
        ("HTTP/1.0 200 OK\r\n", Outcome::Closed(CloseReason::Http10)),
        (
            "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n",
            Outcome::Pooled,
        ),
    ] {
        let script = Script::answers(&[&format!("{head}Content-Length: 2\r\n\r\nhi")]);
        let view = single(script, "GET").unwrap();
        assert_eq!(view.outcome, outcome, "{head}");
    }
}

#[test]
fn causes_name_the_culprit() {
    for (bytes, cause) in [
        (&b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"[..], "bare CR"),
        (b"HTTP/1.1 200 OK\nA: b\n\n", "bare LF"),
        (b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "NUL"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "header line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "status line"),
        (b"SSH-2.0-x\r\n", "not answer with HTTP"),
        (b"\0\0\x12\x04\0\0\0\0\0", "HTTP/2"),
        (b"HTTP/2.0 200\r\n\r\n", "another HTTP version"),
    ] {
        let error = response(bytes, "GET").unwrap_err();
        assert!(error.cause.contains(cause), "{error}");
    }
}
