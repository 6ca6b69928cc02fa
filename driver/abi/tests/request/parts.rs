//! Where the parts of a message lie, and how long they may be.

use wskhttp_abi::{Field, Request, RequestHeader, Span};
use zerocopy::{FromBytes, IntoBytes};

use super::{changed, encode, refused, sample};

type Pick = fn(&mut RequestHeader) -> &mut Span;
const PARTS: [(Field, Pick); 7] = [
    (Field::Method, |h| &mut h.method),
    (Field::Url, |h| &mut h.url),
    (Field::Headers, |h| &mut h.headers),
    (Field::Body, |h| &mut h.body),
    (Field::Roots, |h| &mut h.roots),
    (Field::Options, |h| &mut h.options),
    (Field::Tls, |h| &mut h.tls),
];

#[test]
fn parts_lie_between_the_fixed_part_and_the_end() {
    let size = u32::try_from(encode(&sample()).len()).unwrap();
    for (field, pick) in PARTS {
        for (offset, length) in [
            (0, 1),
            (71, 1),
            (71, 2),
            (size, 1),
            (size - 1, 2),
            (u32::MAX, 1),
            (u32::MAX, u32::MAX),
            (1, u32::MAX),
            (72, u32::MAX),
            (72, u32::MAX - 72),
            (1, 0),
            (72, 0),
            (u32::MAX, 0),
        ] {
            let message = changed(|h| *pick(h) = Span { offset, length });
            assert_eq!(refused(&message), field, "{offset} {length}");
        }
    }
}

#[test]
fn parts_do_not_overlap() {
    for (field, pick) in PARTS {
        for (other, from) in PARTS {
            // These are longer than any method.
            let long = matches!(other, Field::Options | Field::Tls);
            if field == other || (field == Field::Method && long) {
                continue;
            }
            let message = changed(|h| *pick(h) = *from(h));
            let error = Request::parse(&message).unwrap_err();
            assert_eq!(error.reason, "overlaps another part");
            assert!(error.field == field || error.field == other);
        }
    }
    let one_byte = changed(|h| h.url.length += 1);
    assert_eq!(refused(&one_byte), Field::Url);
}

#[test]
fn each_part_has_its_limit() {
    let at = |length| "a".repeat(length);
    for (field, limit) in [
        (Field::Method, RequestHeader::MAX_METHOD),
        (Field::Url, RequestHeader::MAX_URL),
    ] {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            let text = at(length);
            let mut request = sample();
            if field == Field::Method {
                request.method = &text;
            } else {
                request.url = &text;
            }
            let mut out = vec![0; request.encoded_length().unwrap()];
            let written = request.write_to(&mut out);
            assert_eq!(written.map_err(|e| e.field).err(), (!fits).then_some(field));
        }
    }
    for (field, limit) in [
        (Field::Headers, RequestHeader::MAX_HEADERS),
        (Field::Body, RequestHeader::MAX_BODY),
        (Field::Roots, RequestHeader::MAX_ROOTS),
    ] {
        let length = limit + 1;
        let mut message = encode(&sample());
        let mut header = RequestHeader::read_from_prefix(&message).unwrap().0;
        let span = Span {
            offset: u32::try_from(message.len()).unwrap(),
            length: u32::try_from(length).unwrap(),
        };
        match field {
            Field::Headers => header.headers = span,
            Field::Body => header.body = span,
            _ => header.roots = span,
        }
        message.resize(message.len() + length, 0);
        header.size = u32::try_from(message.len()).unwrap();
        header.write_to_prefix(&mut message).unwrap();
        let error = Request::parse(&message).unwrap_err();
        assert_eq!(
            (error.field, error.reason),
            (field, "longer than its limit")
        );
    }
}
