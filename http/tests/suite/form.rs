//! multipart: RFC 7578, RFC 2046 section 5.1, RFC 9110 section 14.6.

use wskhttp_core::io::Kind;
use wskhttp_http::{Agent, ByteRanges, Call, Form};

use crate::support::script::{Connector, Script};
use crate::support::{FakeClock, Lock, run};

#[test]
fn a_form() {
    let mut form = Form::new([0xa5; 16]).unwrap();
    let boundary = format!("wskhttp-{}", "a5".repeat(16));
    assert_eq!(
        form.content_type().unwrap(),
        format!("multipart/form-data; boundary={boundary}")
    );
    form.field("a\"b", b"one\r\ntwo").unwrap();
    form.file("f", "x.bin", "application/octet-stream", &[0, 255])
        .unwrap();
    let body = form.into_body().unwrap();
    let expected = [
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\none\r\ntwo\r\n"
        )
        .as_bytes(),
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .as_bytes(),
        &[0, 255],
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    assert_eq!(body, expected);
}

#[test]
fn nothing_in_a_form_breaks_out() {
    let mut form = Form::new([1; 16]).unwrap();
    let boundary = format!("--wskhttp-{}", "01".repeat(16));
    for result in [
        form.field("a\r\nX: y", b"v"),
        form.field("a\n", b"v"),
        form.file("f", "a\r\n", "t/t", b"v"),
        form.file("f", "a", "t/t\r\nX: y", b"v"),
        form.field("a", boundary.as_bytes()),
        form.field("a", format!("x\r\n{boundary}--\r\n").as_bytes()),
    ] {
        assert_eq!(result.unwrap_err().kind, Kind::InvalidRequest);
    }
    assert_eq!(
        form.into_body().unwrap(),
        format!("{boundary}--\r\n").as_bytes()
    );
}

type Parts = Vec<(u64, Option<u64>, Vec<u8>)>;

/// The parts of a 206; `None` if it has none of that kind.
fn parts(content_type: &str, body: &str) -> Option<Result<Parts, Kind>> {
    let response = format!(
        "HTTP/1.1 206 x\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let connect = Connector::new([Script::answers(&[&response])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect, FakeClock::default()).unwrap();
    run(async {
        let mut response = agent.send(Call::get("http://a/"), &0).await.unwrap();
        let body = response.read_to_end(10_000).await.unwrap();
        let mut ranges = ByteRanges::new(response.head(), &body)?;
        let mut parts = Vec::new();
        loop {
            match ranges.next_part() {
                Ok(Some(part)) => parts.push((part.first, part.length, part.data.to_vec())),
                Ok(None) => return Some(Ok(parts)),
                Err(error) => {
                    assert_eq!(ranges.next_part(), Ok(None));
                    return Some(Err(error.kind));
                }
            }
        }
    })
}

const BODY: &str = "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/20\r\n\r\nhello\r\n\
    --B\r\ncontent-range: bytes 10-11/*\r\n\r\n--\r\n--B--\r\n";

#[test]
fn byte_ranges() {
    let expected = vec![(0, Some(20), b"hello".to_vec()), (10, None, b"--".to_vec())];
    for content_type in [
        "multipart/byteranges; boundary=B",
        "Multipart/ByteRanges;BOUNDARY=\"B\"",
        "multipart/byteranges; x=y; boundary=B; z",
    ] {
        assert_eq!(
            parts(content_type, BODY),
            Some(Ok(expected.clone())),
            "{content_type}"
        );
        // RFC 9110 section 14.6.
        for more in ["\r\n", "\r\n\r\n", "\r\n\r\n\r\n"] {
            let body = format!("{more}{BODY}");
            assert_eq!(parts(content_type, &body), Some(Ok(expected.clone())));
        }
    }
    for content_type in [
        "text/plain",
        "multipart/byteranges",
        "multipart/byteranges; boundary=",
        "multipart/mixed; boundary=B",
    ] {
        assert_eq!(parts(content_type, BODY), None, "{content_type}");
    }
    let long = format!("multipart/byteranges; boundary={}", "B".repeat(71));
    assert_eq!(parts(&long, BODY), None);
}

#[test]
fn byte_ranges_that_are_malformed() {
    let content_type = "multipart/byteranges; boundary=B";
    for (from, to) in [
        ("bytes 0-4/20", "bytes 0-5/20"),
        ("bytes 0-4/20", "bytes 0-3/20"),
        ("bytes 0-4/20", "bytes 0-99999999999/*"),
        ("bytes 0-4/20", "bytes 5-4/20"),
        ("bytes 0-4/20", "0-4/20"),
        ("Content-Range", "Range"),
        (
            "content-range",
            "Content-Range: bytes 10-11/*\r\nContent-Range",
        ),
        ("--B\r\nContent-Type", "--C\r\nContent-Type"),
        ("--B\r\nContent-Type", "--Bx\r\nContent-Type"),
        ("--B--", "--C--"),
        ("--B--\r\n", ""),
        ("\r\n\r\nhello", "\r\nhello"),
        ("hello\r\n", "hello\r\n\r\n"),
        ("--B\r\nContent-Type", "\n--B\r\nContent-Type"),
    ] {
        let body = BODY.replacen(from, to, 1);
        assert_eq!(
            parts(content_type, &body),
            Some(Err(Kind::RangeMismatch)),
            "{to}"
        );
    }
    for length in 0..BODY.len() - 4 {
        assert_eq!(
            parts(content_type, &BODY[..length]),
            Some(Err(Kind::RangeMismatch)),
            "{length}"
        );
    }
}
