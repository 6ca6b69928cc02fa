//! What a request says of TLS: what is taken, what is refused, and that its key can be wiped.

use wskhttp_abi::{Field, Request, RequestHeader, Span, Tls, TlsFlags, TlsHeader};
use zerocopy::{FromBytes, IntoBytes};

const KEY: &[u8] = b"a private key";

fn sample() -> Tls<'static> {
    Tls {
        flags: TlsFlags::ADD_ROOTS
            | TlsFlags::REVOCATION_HARD
            | TlsFlags::KEEP_PEER
            | TlsFlags::STAPLING_HARD,
        min_version: 0x0303,
        max_version: 0x0304,
        pins: &[7; 64],
        revocation_lists: b"lists",
        certificate: b"certificate",
        key: KEY,
        groups: &[29, 0, 23, 0],
    }
}

fn request(tls: Tls<'_>) -> Request<'_> {
    Request {
        method: "GET",
        url: "https://h/",
        tls: Some(tls),
        ..Request::default()
    }
}

fn encode(tls: Tls<'_>) -> Vec<u8> {
    let request = request(tls);
    let mut message = vec![0xA5; request.encoded_length().unwrap()];
    assert_eq!(request.write_to(&mut message), Ok(message.len()));
    message
}

/// The message of [`sample`] with the fixed part of what it says of TLS changed.
fn changed(change: impl FnOnce(&mut TlsHeader)) -> Vec<u8> {
    let mut message = encode(sample());
    let span = RequestHeader::read_from_prefix(&message).unwrap().0.tls;
    let start = span.offset as usize;
    let mut header = TlsHeader::read_from_prefix(&message[start..]).unwrap().0;
    change(&mut header);
    header.write_to_prefix(&mut message[start..]).unwrap();
    message
}

#[test]
fn what_is_said_is_heard() {
    let message = encode(sample());
    assert_eq!(Request::parse(&message), Ok(request(sample())));
    assert_eq!(Request::parse(&changed(|_| ())), Ok(request(sample())));
}

#[test]
fn fixed_parts_are_checked() {
    let changes: [fn(&mut TlsHeader); 16] = [
        |h| h.size += 1,
        |h| h.size = 0,
        |h| h.reserved = 1,
        |h| h.flags |= 64,
        |h| h.flags |= TlsFlags::STAPLING_SOFT.bits(),
        |h| h.groups.length -= 1,
        |h| h.flags |= 1 << 31,
        |h| h.flags |= TlsFlags::REVOCATION_SOFT.bits(),
        |h| h.flags = 0,
        |h| h.min_version = 0x0302,
        |h| h.max_version = 0x0305,
        |h| (h.min_version, h.max_version) = (0x0304, 0x0303),
        |h| h.pins.length -= 1,
        |h| h.key = Span::default(),
        |h| h.certificate = Span::default(),
        |h| h.certificate = h.key,
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let message = changed(change);
        let error = Request::parse(&message).unwrap_err();
        assert_eq!(error.field, Field::Tls, "change {n}");
    }
    let long = vec![1; TlsHeader::MAX_PINS + 32];
    let tls = Tls {
        pins: &long,
        ..sample()
    };
    assert_eq!(
        request(tls).write_to(&mut vec![0; 8192]).unwrap_err().field,
        Field::Tls
    );
}

#[test]
fn a_key_is_wiped_and_nothing_else() {
    let mut message = encode(sample());
    let place = message.windows(KEY.len()).position(|part| part == KEY);
    let place = place.unwrap();
    let before = message.clone();
    Request::wipe_key(&mut message);
    assert!(!message.windows(4).any(|part| part == &KEY[..4]));
    assert_eq!(message[..place], before[..place]);
    assert_eq!(message[place + KEY.len()..], before[place + KEY.len()..]);
    let tls = Request::parse(&message).unwrap().tls.unwrap();
    assert_eq!(tls.key, [0; KEY.len()]);
}

#[test]
fn there_may_be_no_key_to_wipe() {
    for length in 0..encode(sample()).len() {
        let mut message = encode(sample())[..length].to_vec();
        Request::wipe_key(&mut message);
    }
    let mut message = changed(|h| h.key.offset = u32::MAX);
    Request::wipe_key(&mut message);
}
