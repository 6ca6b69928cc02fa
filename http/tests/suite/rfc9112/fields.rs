//! RFC 9112. Section 5: field lines.

use super::{FRAMING, HEAD, table};

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
