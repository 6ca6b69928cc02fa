//! RFC 9112. Section 4: the status line.

use super::{HEAD, table};

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
