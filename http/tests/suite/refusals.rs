//! The refusal table: what is never taken, whichever way it is cut in pieces, and as what it is refused.

use wskhttp_core::io::{Kind, Phase};

use crate::support::refusal;

const HEAD: (Phase, Kind) = (Phase::Head, Kind::MalformedHead);
const FRAMING: (Phase, Kind) = (Phase::Head, Kind::MalformedFraming);
const OTHER: (Phase, Kind) = (Phase::Head, Kind::UnsupportedResponse);
const LARGE: (Phase, Kind) = (Phase::Head, Kind::HeadTooLarge);
const CHUNK: (Phase, Kind) = (Phase::Body, Kind::MalformedChunk);
const TRAILER: (Phase, Kind) = (Phase::Body, Kind::MalformedFraming);
const BOMB: (Phase, Kind) = (Phase::Body, Kind::BodyTooLarge);

/// With these field lines, and five bytes of body.
fn fields(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nhello")
}

/// With this body in the chunked coding.
fn chunks(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn start(line: &str) -> String {
    format!("{line}\r\nContent-Length: 5\r\n\r\nhello")
}

#[test]
fn refusals() {
    let rows = [
        (
            "CL and TE",
            fields("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            FRAMING,
        ),
        (
            "TE and CL",
            fields("Transfer-Encoding: chunked\r\nContent-Length: 5"),
            FRAMING,
        ),
        (
            "CL repeated",
            fields("Content-Length: 5\r\nContent-Length: 5"),
            FRAMING,
        ),
        (
            "CL differing",
            fields("Content-Length: 5\r\nContent-Length: 6"),
            FRAMING,
        ),
        ("CL +5", fields("Content-Length: +5"), FRAMING),
        ("CL -5", fields("Content-Length: -5"), FRAMING),
        ("CL 0x5", fields("Content-Length: 0x5"), FRAMING),
        (
            "CL with a vertical tab",
            fields("Content-Length: \u{b}5"),
            HEAD,
        ),
        ("CL 5 5", fields("Content-Length: 5 5"), FRAMING),
        ("CL 5, 5", fields("Content-Length: 5, 5"), FRAMING),
        (
            "CL of 2^64",
            fields("Content-Length: 18446744073709551616"),
            FRAMING,
        ),
        ("CL empty", fields("Content-Length:"), FRAMING),
        (
            "TE chunked, not last",
            fields("Transfer-Encoding: chunked, gzip"),
            FRAMING,
        ),
        (
            "TE chunked twice",
            fields("Transfer-Encoding: chunked, chunked"),
            FRAMING,
        ),
        (
            "TE not asked for",
            fields("Transfer-Encoding: gzip, chunked"),
            FRAMING,
        ),
        (
            "TE without chunked",
            fields("Transfer-Encoding: identity"),
            FRAMING,
        ),
        (
            "TE in HTTP/1.0",
            start("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"),
            FRAMING,
        ),
        (
            "TE with a vertical tab",
            fields("Transfer-Encoding: \u{b}chunked"),
            HEAD,
        ),
        ("bare CR", fields("A: b\rc"), HEAD),
        ("bare LF", fields("A: b\nc: d"), HEAD),
        (
            "bare LF, everywhere",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello".to_owned(),
            HEAD,
        ),
        ("NUL in a value", fields("A: \0"), HEAD),
        ("NUL in a name", fields("A\0: b"), HEAD),
        ("NUL in the reason", start("HTTP/1.1 200 \0"), HEAD),
        ("obs-fold", fields("A: b\r\n c"), HEAD),
        ("space before the colon", fields("Content-Length : 5"), HEAD),
        ("an empty name", fields(": b"), HEAD),
        (
            "chunk size of 5 and space",
            chunks("5 \r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "chunk size of space and 5",
            chunks(" 5\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "chunk size of +5",
            chunks("+5\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "chunk size of 0x5",
            chunks("0x5\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        ("chunk size, empty", chunks("\r\nhello\r\n0\r\n\r\n"), CHUNK),
        (
            "chunk size, overflow",
            chunks("10000000000000005\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "no CRLF after a chunk",
            chunks("5\r\nhello0\r\n\r\n"),
            CHUNK,
        ),
        ("LF after a chunk", chunks("5\r\nhello\n0\r\n\r\n"), CHUNK),
        (
            "NUL in an extension",
            chunks("5;\0\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "LF in an extension",
            chunks("5;a\n\r\nhello\r\n0\r\n\r\n"),
            CHUNK,
        ),
        (
            "a trailer that sets CL",
            chunks("0\r\nContent-Length: 5\r\n\r\n"),
            TRAILER,
        ),
        (
            "a trailer that sets TE",
            chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            TRAILER,
        ),
        ("too many fields", fields(&"A: b\r\n".repeat(257)), LARGE),
        (
            "too many interim responses",
            "HTTP/1.1 100 x\r\n\r\n".repeat(17),
            LARGE,
        ),
        (
            "an endless chunk line",
            chunks(&format!("5;{}", "a".repeat(1100))),
            BOMB,
        ),
        ("status 000", start("HTTP/1.1 000 x"), HEAD),
        ("status 99", start("HTTP/1.1 99 x"), HEAD),
        ("status 1000", start("HTTP/1.1 1000 x"), HEAD),
        ("101 unasked", start("HTTP/1.1 101 x"), OTHER),
        (
            "101 unasked, without CL",
            "HTTP/1.1 101 x\r\n\r\n".to_owned(),
            OTHER,
        ),
        ("HTTP/0.9", "<html>hello</html>".to_owned(), HEAD),
        ("HTTP/0.9 by name", start("HTTP/0.9 200 OK"), OTHER),
        ("HTTP/1.2", start("HTTP/1.2 200 OK"), OTHER),
        ("HTTP/2", "\0\0\u{12}\u{4}\0\0\0\0\0".to_owned(), OTHER),
        (
            "HTTP/2 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            HEAD,
        ),
        ("two CRLF first", start("\r\n\r\nHTTP/1.1 200 OK"), HEAD),
    ];
    for (name, bytes, expected) in rows {
        assert_eq!(refusal(bytes.as_bytes()), expected, "{name}");
    }
    // Header bombs, which take their time byte by byte: once each.
    for bomb in [
        "A".repeat(70_000),
        format!("A: {}", "b".repeat(70_000)),
        "A: b\r\n".repeat(12_000),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{bomb}");
        let script = crate::support::script::Script::answers(&[&bytes]);
        let error = crate::support::single(script, "GET").unwrap_err();
        assert_eq!((error.phase, error.kind), LARGE);
    }
}
