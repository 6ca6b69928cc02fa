//! Messages at random: none panics, and what is accepted holds what it promises.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use wskhttp_abi::{
    Request, RequestFlags, RequestHeader, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER,
    VERSION,
};
use zerocopy::FromBytes;

use super::{FIXED, encode, sample};

/// What an accepted message promises.
fn holds(message: &[u8], request: &Request<'_>) {
    let header = RequestHeader::read_from_prefix(message).unwrap().0;
    assert_eq!(usize::try_from(header.size), Ok(message.len()));
    assert_eq!(header.version, VERSION);
    assert_eq!(header.flags & !7, 0);
    let mut used = vec![false; message.len()];
    used[..FIXED].fill(true);
    for span in [
        header.method,
        header.url,
        header.headers,
        header.body,
        header.roots,
        header.options,
    ] {
        let start = usize::try_from(span.offset).unwrap();
        let end = start + usize::try_from(span.length).unwrap();
        if start == end {
            assert_eq!(start, 0);
        }
        assert!(!used[start..end].contains(&true), "a byte in two parts");
        used[start..end].fill(true);
    }
    assert!((1..=32).contains(&request.method.len()));
    assert!((1..=16 * 1024).contains(&request.url.len()));
    assert!(request.headers.len() <= 64 * 1024 && request.roots.len() <= 256 * 1024);
    assert!(request.url.bytes().all(|byte| (0x21..0x7F).contains(&byte)));
    let streamed = request.flags.contains(RequestFlags::STREAM_BODY);
    assert!(if streamed {
        request.body.is_empty()
    } else {
        request.body_length == 0
    });
    let mut block = Vec::new();
    for (name, _) in request.header_lines() {
        assert!(!name.is_empty());
        block.push(name);
    }
    let lines = request.headers.split(|&byte| byte == b'\n').count() - 1;
    assert_eq!(block.len(), lines, "every line is a header");
    let total: usize = request.certificates().map(<[u8]>::len).sum();
    assert_eq!(total, request.roots.len());
    assert_eq!(Request::parse(&encode(request)).as_ref(), Ok(request));
}

/// One change of a message: at which byte or field, and to what.
fn change() -> impl Strategy<Value = (u8, usize, u32)> {
    let value = prop_oneof![
        Just(0),
        Just(1),
        Just(71),
        Just(72),
        Just(73),
        Just(u32::MAX),
        0..400_u32,
        any::<u32>(),
    ];
    (0..6_u8, any::<usize>(), value)
}

fn apply(message: &mut Vec<u8>, (what, at, value): (u8, usize, u32)) {
    let length = message.len();
    match what {
        0 => message.truncate(at % (length + 1)),
        1 => message.resize(length + at % 64, value.to_le_bytes()[0]),
        2 | 3 if length >= FIXED => {
            let field = at % (FIXED / 4) * 4;
            message[field..field + 4].copy_from_slice(&value.to_le_bytes());
        }
        4 if length >= FIXED => {
            let size = u32::try_from(length).unwrap();
            message[..4].copy_from_slice(&size.to_le_bytes());
        }
        _ if length > 0 => message[at % length] = value.to_le_bytes()[0],
        _ => {}
    }
}

#[test]
fn a_hundred_thousand_broken_messages() {
    let mut runner = TestRunner::deterministic();
    let changes = prop::collection::vec(change(), 0..4);
    let (mut accepted, mut too_small, mut invalid) = (0, 0, 0);
    let original = encode(&sample());
    for _ in 0..100_000 {
        let mut message = original.clone();
        for one in changes.new_tree(&mut runner).unwrap().current() {
            apply(&mut message, one);
        }
        match Request::parse(&message) {
            Ok(request) => {
                holds(&message, &request);
                accepted += 1;
            }
            Err(error) if message.len() < FIXED => {
                assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
                too_small += 1;
            }
            Err(error) => {
                assert_eq!(error.status(), STATUS_INVALID_PARAMETER, "{error}");
                assert!(!error.reason.is_empty());
                invalid += 1;
            }
        }
    }
    assert!(accepted > 1000 && too_small > 1000 && invalid > 10_000);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(message in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(request) = Request::parse(&message) {
            holds(&message, &request);
        }
    }

    #[test]
    fn any_good_request_makes_the_round_trip(
        method in "[A-Z]{1,32}",
        url in "[!-~]{1,200}",
        headers in prop::collection::vec(("X-[A-Za-z0-9-]{0,20}", "[ -~]{0,40}"), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..500),
        connect_timeout_ms: u32,
    ) {
        let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        let request = Request {
            method: &method,
            url: &url,
            headers: headers.as_bytes(),
            body: &body,
            connect_timeout_ms,
            ..Request::default()
        };
        let message = encode(&request);
        prop_assert_eq!(Request::parse(&message), Ok(request));
        holds(&message, &request);
    }
}
