//! What goes out: RFC 9112 sections 3, 6 and 7.1, into output of any size.

use wskhttp_core::io::Kind;
use wskhttp_http::proto::{SendBody, SendHead};
use wskhttp_http::{Body, Request};

use crate::support::url;

#[test]
fn heads() {
    for (method, at, headers, body, expected) in [
        (
            "GET",
            "http://a.test",
            "",
            Body::Empty,
            "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        ),
        (
            "GET",
            "http://a.test:8080/x?y#z",
            "A: b\r\n",
            Body::Empty,
            "GET /x?y HTTP/1.1\r\nHost: a.test:8080\r\nA: b\r\n\r\n",
        ),
        (
            "HEAD",
            "https://[::1]/",
            "",
            Body::Empty,
            "HEAD / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
        ),
        (
            "POST",
            "http://a/",
            "",
            Body::Empty,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "GET",
            "http://a/",
            "",
            Body::Full(b""),
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "PUT",
            "http://a/",
            "",
            Body::Full(b"hello"),
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        ),
        (
            "PUT",
            "http://a/",
            "B: c\r\n",
            Body::Sized(u64::MAX),
            "PUT / HTTP/1.1\r\nHost: a\r\nB: c\r\nContent-Length: 18446744073709551615\r\n\r\n",
        ),
        (
            "PUT",
            "http://a/",
            "",
            Body::Chunked,
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
    ] {
        let at = url(at);
        let request = Request::new(method, &at, headers.as_bytes(), body).unwrap();
        for room in 1..=expected.len() + 1 {
            let mut head = SendHead::new(&request);
            let mut sent = Vec::new();
            while !head.is_done() {
                let mut output = vec![0xee; room];
                let count = head.write(&mut output);
                assert!(count > 0 || head.is_done());
                assert!(output[count..].iter().all(|byte| *byte == 0xee));
                sent.extend_from_slice(&output[..count]);
            }
            assert_eq!(String::from_utf8(sent).unwrap(), expected, "room {room}");
            assert_eq!(head.write(&mut [0; 4]), 0);
        }
    }
}

#[test]
fn chunks_fit_any_room() {
    let data: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for room in [
        6, 7, 20, 21, 22, 23, 260, 261, 262, 263, 4100, 4101, 4102, 4103, 65_544, 80_000,
    ] {
        let mut body = SendBody::new(Body::Chunked);
        let (mut coded, mut left) = (Vec::new(), data.as_slice());
        while !left.is_empty() {
            let mut output = vec![0; room];
            let (used, staged) = body.write(left, &mut output);
            assert!(used > 0 && staged <= room, "room {room}");
            coded.extend_from_slice(&output[..staged]);
            left = &left[used..];
        }
        let mut output = [0; SendBody::ROOM];
        let end = body.finish(b"", &mut output).unwrap().unwrap();
        coded.extend_from_slice(&output[..end]);
        assert!(decode(&coded) == data, "room {room}");
    }
    for room in 0..SendBody::ROOM {
        let mut body = SendBody::new(Body::Chunked);
        assert_eq!(body.write(b"x", &mut vec![0; room]), (0, 0));
    }
    let mut small = [0; 4];
    assert_eq!(
        SendBody::new(Body::Chunked)
            .finish(b"", &mut small)
            .unwrap(),
        None
    );
}

/// An independent decoder of the plain form.
fn decode(coded: &[u8]) -> Vec<u8> {
    let (mut data, mut rest) = (Vec::new(), coded);
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        data.extend_from_slice(&rest[..size]);
        assert_eq!(&rest[size..size + 2], b"\r\n");
        rest = &rest[size + 2..];
        if size == 0 {
            assert!(rest.is_empty());
            return data;
        }
    }
}

#[test]
fn declared_length_is_kept() {
    let mut body = SendBody::new(Body::Sized(5));
    assert_eq!(body.check(6).unwrap_err().kind, Kind::BodyLengthMismatch);
    assert_eq!(body.write(b"hello", &mut [0; 3]), (3, 3));
    assert_eq!(body.check(3).unwrap_err().kind, Kind::BodyLengthMismatch);
    assert_eq!(
        body.finish(b"", &mut [0; 9]).unwrap_err().kind,
        Kind::BodyLengthMismatch
    );
    assert_eq!(body.write(b"lo", &mut [0; 3]), (2, 2));
    assert_eq!(body.finish(b"", &mut []).unwrap(), Some(0));
    assert_eq!(body, SendBody::Done);
    assert!(body.check(1).is_err());
}
