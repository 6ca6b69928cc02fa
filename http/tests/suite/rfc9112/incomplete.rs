//! RFC 9112. Section 8: incomplete messages.

use wskhttp_core::io::Kind;

use super::{SHORT, table};

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
