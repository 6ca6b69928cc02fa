//! The head of a response.

use wskhttp_core::io::Error;
use wskhttp_http::Limits;
use wskhttp_http::proto::RecvHead;

use crate::{first, small_limits};

/// Any cut gives the same; what is accepted is in normal form, and httparse, which is laxer, accepts
/// it with the same meaning.
pub fn head(data: &[u8]) {
    let (flags, bytes) = first(data);
    let limits = match flags & 1 {
        0 => Limits::default(),
        _ => small_limits(),
    };
    let whole = parse(bytes, usize::MAX, &limits);
    for piece in [1, 2 + usize::from(flags >> 1)] {
        let cut = parse(bytes, piece, &limits);
        assert_eq!(cut, whole, "in pieces of {piece}");
    }
    if let Ok(Some(seen)) = &whole {
        check(bytes, seen, &limits);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    used: usize,
    status: u16,
    minor_version: u8,
    reason: Vec<u8>,
    lines: Vec<u8>,
    fields: Vec<(String, Vec<u8>)>,
}

/// `None`: there is more to come.
fn parse(bytes: &[u8], piece: usize, limits: &Limits) -> Result<Option<Seen>, Error> {
    let mut head = RecvHead::default();
    let mut total = 0;
    for part in bytes.chunks(piece.min(bytes.len().max(1))) {
        let (used, complete) = head.push(part, limits)?;
        total += used;
        if complete {
            let head = head.head();
            return Ok(Some(Seen {
                used: total,
                status: head.status(),
                minor_version: head.minor_version(),
                reason: head.reason().to_vec(),
                lines: head.header_lines().to_vec(),
                fields: head
                    .headers()
                    .map(|(name, value)| (name.to_owned(), value.to_vec()))
                    .collect(),
            }));
        }
        assert_eq!(
            used,
            part.len(),
            "bytes of a head that is not complete are left"
        );
    }
    Ok(None)
}

fn check(bytes: &[u8], seen: &Seen, limits: &Limits) {
    assert!((100..=999).contains(&seen.status) && seen.minor_version <= 1);
    assert!(seen.used <= limits.head_bytes && seen.fields.len() <= limits.headers);
    let rebuilt: Vec<u8> = seen
        .fields
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat())
        .collect();
    assert_eq!(rebuilt, seen.lines, "the lines are not in normal form");
    for (name, value) in &seen.fields {
        assert!(
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b':')
        );
        assert!(
            value
                .iter()
                .all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f))
        );
        assert_eq!(value.trim_ascii(), value);
    }
    let used = &bytes[..seen.used];
    assert!(used.ends_with(b"\r\n\r\n") || used == b"\r\n");
    let mut slots = [httparse::EMPTY_HEADER; 300];
    let mut other = httparse::Response::new(&mut slots);
    let length = other.parse(used).expect("httparse refuses what we accept");
    assert_eq!(length, httparse::Status::Complete(seen.used));
    assert_eq!(other.code, Some(seen.status));
    assert_eq!(other.version, Some(seen.minor_version));
    let fields: Vec<_> = other
        .headers
        .iter()
        .map(|field| (field.name.to_owned(), field.value.trim_ascii().to_vec()))
        .collect();
    assert_eq!(fields, seen.fields);
}
