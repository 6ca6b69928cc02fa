//! RFC 9112. Section 7: transfer codings.

use wskhttp_http::{Body, Request};

use super::{CHUNK, Expected, FRAMING, SHORT, sent, table};
use crate::support::url;

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
        // Whitespace where the grammar has BWS, which a recipient "MUST parse" (RFC 9110 section 5.6.3),
        // and nowhere else.
        ("7.1.1", "1 ;a\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1\t;\t a\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1;a = b\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1;a \t=\t\"b\" ; c\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1;a=b ;c ;d\r\nx\r\n0\r\n\r\n", Ok("x")),
        ("7.1.1", "1 a\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1 =a\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1; \r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a \r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a b\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a=\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a= \r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a=b \r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a=b c\r\nx\r\n0\r\n\r\n", CHUNK),
        ("7.1.1", "1;a=\"b\" =\r\nx\r\n0\r\n\r\n", CHUNK),
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
