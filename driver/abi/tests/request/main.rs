//! The request parser: what it takes, what it refuses, and that it never panics.

mod options;
mod parts;
mod random;

use wskhttp_abi::{
    Field, OptionFlags, Options, Request, RequestFlags, RequestHeader, STATUS_BUFFER_TOO_SMALL,
    STATUS_INVALID_PARAMETER, Tls, TlsFlags, VERSION,
};
use zerocopy::{FromBytes, IntoBytes};

const FIXED: usize = size_of::<RequestHeader>();

fn options() -> Options<'static> {
    Options {
        flags: OptionFlags::FOLLOW
            | OptionFlags::BASIC
            | OptionFlags::COOKIES
            | OptionFlags::SHA256,
        max_redirects: 5,
        retries: 2,
        retry_within_ms: 3000,
        low_speed_bytes: 100,
        low_speed_ms: 1000,
        expect_ms: 500,
        tls_ms: 501,
        send_ms: 502,
        head_ms: 503,
        body_ms: 504,
        proxies: "http=p:80",
        bypass: "<local>",
        proxy_credentials: b"a:b",
        credentials: b"u:p",
        cookies: "h\tFALSE\t/\tFALSE\t0\tn\tv\n",
        sha256: [7; 32],
    }
}

fn tls() -> Tls<'static> {
    Tls {
        flags: TlsFlags::ADD_ROOTS | TlsFlags::REVOCATION_HARD,
        min_version: 0x0303,
        max_version: 0x0304,
        pins: &[7; 64],
        revocation_lists: b"lists",
        certificate: b"certificate",
        key: b"a private key",
        groups: &[],
    }
}

fn sample() -> Request<'static> {
    Request {
        flags: RequestFlags::WHOLE_BODY,
        method: "POST",
        url: "https://example.com/a?b=c",
        headers: b"Accept: */*\r\nX-Empty:\r\n",
        body: b"body",
        roots: &[0x30, 0x03, 1, 2, 3, 0x30, 0x81, 0x01, 9],
        body_length: 0,
        connect_timeout_ms: 1000,
        total_timeout_ms: 2000,
        options: Some(options()),
        tls: Some(tls()),
    }
}

fn encode(request: &Request<'_>) -> Vec<u8> {
    let mut message = vec![0xA5; request.encoded_length().unwrap()];
    assert_eq!(request.write_to(&mut message), Ok(message.len()));
    message
}

/// The message of [`sample`] with its fixed part changed.
fn changed(change: impl FnOnce(&mut RequestHeader)) -> Vec<u8> {
    let mut message = encode(&sample());
    let mut header = RequestHeader::read_from_prefix(&message).unwrap().0;
    change(&mut header);
    header.write_to_prefix(&mut message).unwrap();
    message
}

fn refused(message: &[u8]) -> Field {
    let error = Request::parse(message).unwrap_err();
    assert_eq!(error.status(), STATUS_INVALID_PARAMETER, "{error}");
    error.field
}

#[test]
fn a_message_is_read_as_it_was_written() {
    let message = encode(&sample());
    assert_eq!(Request::parse(&message), Ok(sample()));
    let request = Request::parse(&message).unwrap();
    let lines: Vec<_> = request.header_lines().collect();
    assert_eq!(lines, [("Accept", &b"*/*"[..]), ("X-Empty", &b""[..])]);
    let roots: Vec<_> = request.certificates().collect();
    assert_eq!(
        roots,
        [&[0x30, 0x03, 1, 2, 3][..], &[0x30, 0x81, 0x01, 9][..]]
    );
}

#[test]
fn a_message_need_not_be_aligned() {
    for shift in 0..8 {
        let mut buffer = vec![0; shift];
        buffer.extend(encode(&sample()));
        assert_eq!(Request::parse(&buffer[shift..]), Ok(sample()));
    }
}

#[test]
fn shorter_than_the_fixed_part_is_too_small() {
    let message = encode(&sample());
    for length in 0..FIXED {
        let error = Request::parse(&message[..length]).unwrap_err();
        assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL, "{length}");
    }
    for length in FIXED..message.len() {
        assert_eq!(refused(&message[..length]), Field::Size, "{length}");
    }
}

#[test]
fn size_is_the_length_of_the_input() {
    for size in [0, 1, 71, 72, 73, u32::MAX, 1 << 31] {
        assert_eq!(refused(&changed(|header| header.size = size)), Field::Size);
    }
    let mut longer = encode(&sample());
    longer.push(0);
    assert_eq!(refused(&longer), Field::Size);
}

#[test]
fn version_and_flags_are_checked() {
    for version in [0, VERSION + 1, u16::MAX] {
        assert_eq!(refused(&changed(|h| h.version = version)), Field::Version);
    }
    for bit in 3..16 {
        assert_eq!(refused(&changed(|h| h.flags |= 1 << bit)), Field::Flags);
    }
}

#[test]
fn the_body_is_in_the_message_or_streamed_or_absent() {
    let with = |flags, body, body_length| {
        let request = Request {
            flags,
            body,
            body_length,
            ..sample()
        };
        let mut out = vec![0; request.encoded_length().unwrap()];
        request.write_to(&mut out).map_err(|error| error.field)
    };
    assert_eq!(with(RequestFlags::empty(), b"", 1), Err(Field::BodyLength));
    assert_eq!(with(RequestFlags::STREAM_BODY, b"x", 1), Err(Field::Body));
    assert!(with(RequestFlags::STREAM_BODY, b"", 0).is_ok());
    assert!(with(RequestFlags::STREAM_BODY, b"", RequestHeader::CHUNKED).is_ok());
    let streamed = changed(|h| h.flags |= RequestFlags::STREAM_BODY.bits());
    assert_eq!(refused(&streamed), Field::Body);
}

#[test]
fn nothing_can_be_injected() {
    let with = |method, url, headers| {
        let request = Request {
            method,
            url,
            headers,
            ..sample()
        };
        let mut out = vec![0; request.encoded_length().unwrap()];
        request.write_to(&mut out).map_err(|error| error.field)
    };
    for method in ["", "G T", "GET\r\n", "GET\0", "G:T", "\u{e9}"] {
        assert_eq!(with(method, "http://a/", b""), Err(Field::Method));
    }
    for url in [
        "",
        "http://a/ b",
        "http://a/\r\nX: y",
        "http://a/\0",
        "http://\u{e9}/",
    ] {
        assert_eq!(with("GET", url, b""), Err(Field::Url));
    }
    for headers in [
        &b"A: b"[..],
        b"A: b\n",
        b"A: b\r",
        b"\r\n",
        b"A: b\r\n\r\n",
        b": b\r\n",
        b"A : b\r\n",
        b" A: b\r\n",
        b"A\r\n",
        b"A: b\nC: d\r\n",
        b"A: b\n\r\n",
        b"A:\nC: d\r\n",
        b"A: \x0Cb\r\n",
        b"A: b\rC: d\r\n",
        b"A: b\0\r\n",
        b"A: \x7F\r\n",
        b"A: b\r\n c\r\n",
        b"host: a\r\n",
        b"Content-Length: 1\r\n",
        b"TRANSFER-ENCODING: chunked\r\n",
        b"\xC3\xA9: b\r\n",
    ] {
        let name = String::from_utf8_lossy(headers);
        assert_eq!(
            with("GET", "http://a/", headers),
            Err(Field::Headers),
            "{name:?}"
        );
    }
    assert!(with("GET", "http://a/", b"A:\tb \xE9\r\nB:\r\n").is_ok());
}

#[test]
fn roots_are_whole_certificates() {
    for roots in [
        &[0x31, 0][..],
        &[0x30],
        &[0x30, 1],
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x84, 0, 0, 0, 0],
        &[0x30, 0xFF],
        &[0x30, 0x83, 0xFF, 0xFF, 0xFF, 1],
        &[0x30, 0, 0],
    ] {
        let request = Request { roots, ..sample() };
        let mut out = vec![0; request.encoded_length().unwrap()];
        assert_eq!(request.write_to(&mut out).unwrap_err().field, Field::Roots);
    }
}

#[test]
fn writing_needs_room() {
    let mut out = vec![0; sample().encoded_length().unwrap() - 1];
    let error = sample().write_to(&mut out).unwrap_err();
    assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
}
