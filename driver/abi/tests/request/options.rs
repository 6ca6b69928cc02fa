//! The options of a request.

use wskhttp_abi::{Field, OptionsHeader, Request, RequestHeader, Span};
use zerocopy::{FromBytes, IntoBytes};

use super::{changed, encode, refused, sample};

/// The message of [`sample`] with the fixed part of its options changed.
fn with_options(change: impl FnOnce(&mut OptionsHeader)) -> Vec<u8> {
    let mut message = encode(&sample());
    let span = RequestHeader::read_from_prefix(&message).unwrap().0.options;
    let part = &mut message[usize::try_from(span.offset).unwrap()..];
    let mut header = OptionsHeader::read_from_prefix(part).unwrap().0;
    change(&mut header);
    header.write_to_prefix(part).unwrap();
    message
}

#[test]
fn options_are_checked() {
    let length = u32::try_from(size_of::<OptionsHeader>()).unwrap();
    for size in [0, length, u32::MAX] {
        assert_eq!(refused(&with_options(|o| o.size = size)), Field::Options);
    }
    for bit in 10..32 {
        let message = with_options(|o| o.flags |= 1 << bit);
        assert_eq!(refused(&message), Field::Options);
    }
    // Credentials have exactly one scheme.
    for flags in [1, 4 + 8, 8 + 16, 4 + 8 + 16] {
        let message = with_options(|o| o.flags = flags + 64 + 256);
        assert_eq!(refused(&message), Field::Options);
    }
    // Proxies and none; cookies and a digest without their flags.
    for flags in [4 + 32 + 64 + 256, 4 + 256, 4 + 64] {
        assert_eq!(refused(&with_options(|o| o.flags = flags)), Field::Options);
    }
    assert!(Request::parse(&with_options(|o| o.flags = 4 + 64 + 256)).is_ok());
    let bearer = |o: &mut OptionsHeader| o.flags |= 512;
    assert!(Request::parse(&with_options(bearer)).is_ok());
    let without = with_options(|o| {
        bearer(o);
        o.proxy_credentials = Span::default();
    });
    assert_eq!(refused(&without), Field::Options);
    assert_eq!(
        refused(&with_options(|o| o.credentials = Span::default())),
        Field::Options
    );
    assert_eq!(
        refused(&with_options(|o| o.low_speed_ms = 0)),
        Field::Options
    );
    let picks: [fn(&mut OptionsHeader) -> &mut Span; 5] = [
        |o| &mut o.proxies,
        |o| &mut o.bypass,
        |o| &mut o.proxy_credentials,
        |o| &mut o.credentials,
        |o| &mut o.cookies,
    ];
    for pick in picks {
        for (offset, part) in [
            (0, 1),
            (103, 2),
            (104, 1000),
            (u32::MAX, 1),
            (104, u32::MAX),
            (104, 0),
        ] {
            let message = with_options(|o| {
                *pick(o) = Span {
                    offset,
                    length: part,
                }
            });
            assert_eq!(refused(&message), Field::Options, "{offset} {part}");
        }
    }
    // Two parts over the same bytes.
    let message = with_options(|o| o.bypass = o.proxies);
    assert_eq!(refused(&message), Field::Options);
    // Shorter than the fixed part.
    let message = changed(|h| h.options.length = length - 1);
    assert_eq!(refused(&message), Field::Options);
    let shown = format!("{:?}", sample());
    assert!(
        !shown.contains("117, 58, 112"),
        "credentials are not shown: {shown}"
    );
}

#[test]
fn a_request_needs_no_options() {
    let request = Request {
        options: None,
        ..sample()
    };
    let message = encode(&request);
    assert_eq!(Request::parse(&message), Ok(request));
}
