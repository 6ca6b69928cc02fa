//! The response message and the fixed structures, written and read.

use proptest::prelude::*;
use wskhttp_abi::{
    CookiesHeader, Failure, Field, Response, ResponseFlags, ResponseHeader, STATUS_BUFFER_OVERFLOW,
    STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER, Span, Status, VERSION, WriteError,
};
use zerocopy::{FromBytes, IntoBytes};

const FIXED: usize = size_of::<ResponseHeader>();
const REASON: &[u8] = b"Not Found";
const HEADERS: &[u8] = b"Server: x\r\nX: y\r\n";

fn header() -> ResponseHeader {
    ResponseHeader {
        status: 404,
        minor_version: 1,
        flags: ResponseFlags::BODY_COMPLETE.bits(),
        content_length: 5,
        remote_family: 4,
        ..ResponseHeader::default()
    }
}

fn written(out: &mut [u8], body: &[u8]) -> Vec<u8> {
    let mut header = header();
    let at = header.begin(out, REASON, HEADERS).unwrap();
    out[at..at + body.len()].copy_from_slice(body);
    let size = header.finish(out, body.len()).unwrap();
    out[..size].to_vec()
}

#[test]
fn a_response_is_read_as_it_was_written() {
    let message = written(&mut [0xA5; 4096], b"hello");
    assert_eq!(message.len(), FIXED + REASON.len() + HEADERS.len() + 5);
    let response = Response::parse(&message).unwrap();
    assert_eq!(response.reason, REASON);
    assert_eq!(response.headers, HEADERS);
    assert_eq!(response.body, b"hello");
    assert_eq!(response.flags, ResponseFlags::BODY_COMPLETE);
    assert_eq!(response.header.status, 404);
    assert_eq!(response.needed(), None);
    let lines: Vec<_> = response.header_lines().collect();
    assert_eq!(lines, [("Server", &b"x"[..]), ("X", &b"y"[..])]);
}

#[test]
fn every_length_of_output_is_handled() {
    let head = FIXED + REASON.len() + HEADERS.len();
    for length in 0..head + 10 {
        let mut out = vec![0xA5; length];
        let mut header = header();
        match header.begin(&mut out, REASON, HEADERS) {
            Ok(at) => {
                assert!(length >= head);
                assert_eq!(at, head);
                assert_eq!(header.finish(&mut out, length - head), Ok(length));
                assert_eq!(
                    header.finish(&mut out, length - head + 1),
                    Err(WriteError::TooSmall)
                );
                assert_eq!(Response::parse(&out).unwrap().body.len(), length - head);
            }
            Err(error @ WriteError::Overflow(size)) => {
                assert!((FIXED..head).contains(&length));
                assert_eq!(error.status(), STATUS_BUFFER_OVERFLOW);
                assert_eq!(size, FIXED);
                let response = Response::parse(&out[..size]).unwrap();
                assert_eq!(response.needed(), u32::try_from(head).ok());
                assert!(out[size..].iter().all(|&byte| byte == 0xA5));
            }
            Err(WriteError::TooSmall) => {
                assert!(length < FIXED);
                assert!(out.iter().all(|&byte| byte == 0xA5));
            }
        }
    }
}

#[test]
fn a_client_believes_nothing() {
    let message = written(&mut [0; 4096], b"hello");
    let refused = |change: fn(&mut ResponseHeader)| {
        let mut message = message.clone();
        let mut header = ResponseHeader::read_from_prefix(&message).unwrap().0;
        change(&mut header);
        header.write_to_prefix(&mut message).unwrap();
        let error = Response::parse(&message).unwrap_err();
        assert_eq!(error.status(), STATUS_INVALID_PARAMETER);
        error.field
    };
    assert_eq!(refused(|h| h.size -= 1), Field::Size);
    assert_eq!(refused(|h| h.size += 1), Field::Size);
    assert_eq!(refused(|h| h.version += 1), Field::Version);
    assert_eq!(refused(|h| h.flags |= 16), Field::Flags);
    assert_eq!(refused(|h| h.reserved = 1), Field::Reserved);
    assert_eq!(refused(|h| h.needed = 0), Field::Needed);
    assert_eq!(refused(|h| h.status = 0), Field::Status);
    assert_eq!(refused(|h| h.minor_version = 2), Field::MinorVersion);
    assert_eq!(refused(|h| h.remote_family = 2), Field::RemoteFamily);
    assert_eq!(refused(|h| h.reason.offset = 0), Field::Reason);
    assert_eq!(refused(|h| h.headers.length = u32::MAX), Field::Headers);
    assert_eq!(refused(|h| h.body.length += 1), Field::Body);
    assert_eq!(refused(|h| h.body = h.headers), Field::Headers);
    assert_eq!(
        refused(|h| h.reason = Span {
            offset: 96,
            length: 0
        }),
        Field::Reason
    );
    for length in 0..FIXED {
        let error = Response::parse(&message[..length]).unwrap_err();
        assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
    }
}

#[test]
fn a_failure_says_why() {
    let failure = Failure::new(5, 50, 2, -1, "the issuer is unknown");
    let read = Failure::parse(failure.as_bytes()).unwrap();
    assert_eq!(read.cause(), "the issuer is unknown");
    assert_eq!(
        (read.phase, read.kind, read.fault, read.status),
        (5, 50, 2, -1)
    );
    let long = Failure::new(1, 1, 1, 0, &"\u{e9}".repeat(100));
    assert_eq!(long.cause(), "\u{e9}".repeat(64));
    let odd = Failure::new(1, 1, 1, 0, &format!("a{}", "\u{e9}".repeat(100)));
    assert_eq!(odd.cause().len(), 127);
    for length in [0, 1, 151] {
        let error = Failure::parse(&failure.as_bytes()[..length]).unwrap_err();
        assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
    }
    let refused = |change: fn(&mut Failure)| {
        let mut failure = failure;
        change(&mut failure);
        Failure::parse(failure.as_bytes()).unwrap_err().field
    };
    assert_eq!(refused(|f| f.size = 0), Field::Size);
    assert_eq!(refused(|f| f.version = 0), Field::Version);
    assert_eq!(refused(|f| f.reserved = 1), Field::Reserved);
    assert_eq!(refused(|f| f.cause_length = 129), Field::Cause);
    assert_eq!(refused(|f| f.cause[0] = 0xFF), Field::Cause);
}

#[test]
fn a_status_names_its_counters() {
    let status = Status {
        requests: 7,
        stack_high: 9,
        crypto: 1,
        crypto_missing: 0b10_0100_0000,
        ..Status::new()
    };
    let read = Status::parse(status.as_bytes()).unwrap();
    assert_eq!(read.version, VERSION);
    assert_eq!(read.counters()[2], ("requests", 7));
    assert_eq!(read.counters()[12], ("stack_high", 9));
    assert_eq!(read.crypto_policy(), "auto");
    let missing: Vec<_> = read.missing_primitives().collect();
    assert_eq!(missing, ["ChaCha20-Poly1305", "X25519"]);
    let wrong = Status {
        reserved: 1,
        ..Status::new()
    };
    assert_eq!(
        Status::parse(wrong.as_bytes()).unwrap_err().field,
        Field::Reserved
    );
    assert_eq!(Status::parse(&[0; 96]).unwrap_err().field, Field::Size);
    assert_eq!(
        Status::parse(&[0; 95]).unwrap_err().status(),
        STATUS_BUFFER_TOO_SMALL
    );
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(
        at in 0..130_usize, value: u8, other in 0..130_usize, second: u8,
    ) {
        let mut message = written(&mut [0; 4096], b"hello");
        let length = message.len();
        message[at % length] = value;
        message[other % length] = second;
        if let Ok(response) = Response::parse(&message) {
            let parts = response.reason.len() + response.headers.len() + response.body.len();
            prop_assert!(parts + FIXED <= message.len());
        }
    }
}

#[test]
fn cookies_that_fit_and_that_do_not() {
    let cookies = b"h\tFALSE\t/\tFALSE\t0\tn\tv\n";
    for room in 0..8 + cookies.len() + 3 {
        let mut out = vec![0xA5; room];
        let written = CookiesHeader::write(cookies, &mut out);
        let expected = match room {
            0..8 => None,
            _ if room < 8 + cookies.len() => Some(8),
            _ => Some(8 + cookies.len()),
        };
        assert_eq!(written, expected, "{room}");
        let Some(written) = written else { continue };
        assert!(out[written..].iter().all(|byte| *byte == 0xA5));
        let (needed, text) = CookiesHeader::parse(&out[..written]).unwrap();
        assert_eq!(needed as usize, 8 + cookies.len());
        assert_eq!(text, if written == 8 { &[][..] } else { cookies });
    }
    assert!(CookiesHeader::parse(&[8, 0, 0, 0, 8, 0, 0]).is_err());
    assert!(CookiesHeader::parse(&[9, 0, 0, 0, 9, 0, 0, 0]).is_err());
}
