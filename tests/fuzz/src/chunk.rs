//! The chunked coding.

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::Limits;
use wskhttp_http::proto::{Next, RecvBody, RecvHead, Step};

use crate::{first, small_limits};

/// Any cut gives the same; what is accepted, a decoder of another kind decodes to the same data.
pub fn chunk(data: &[u8]) {
    let (flags, bytes) = first(data);
    let limits = match flags & 1 {
        0 => Limits::default(),
        _ => small_limits(),
    };
    let whole = decode(bytes, usize::MAX, &limits);
    for piece in [1, 2 + usize::from(flags >> 1)] {
        assert_eq!(decode(bytes, piece, &limits), whole, "in pieces of {piece}");
    }
    if let Ok((data, used)) = whole {
        let (text, rest) = bytes.split_at(used);
        assert_eq!(
            plain(text).as_ref(),
            Some(&data),
            "another decoder sees other data"
        );
        assert!(data.len() as u64 <= limits.body);
        // What follows plays no part.
        let alone = decode(text, usize::MAX, &limits);
        assert_eq!(alone.ok(), Some((data, used)), "{} bytes more", rest.len());
    }
}

/// The data and how many bytes it took, or the error; `BodyTruncated` if there is more to come.
fn decode(bytes: &[u8], piece: usize, limits: &Limits) -> Result<(Vec<u8>, usize), Kind> {
    let mut body = body(limits).map_err(|error| error.kind)?;
    let mut data = Vec::new();
    let (mut at, mut end) = (0, 0);
    loop {
        match body
            .step(&bytes[at..end], limits)
            .map_err(|error| error.kind)?
        {
            Step::Skip(count) => {
                assert!(count > 0 && count <= end - at);
                at += count;
            }
            Step::Data(count) => {
                assert!(count > 0 && count <= end - at);
                data.extend_from_slice(&bytes[at..at + count]);
                at += count;
                body.consume(count);
            }
            Step::End => return Ok((data, at)),
            Step::Need if end < bytes.len() => end = end.saturating_add(piece).min(bytes.len()),
            Step::Need => {
                let ended = body.end_of_stream().map_err(|error| error.kind);
                assert_eq!(ended, Err(Kind::BodyTruncated));
                return Err(Kind::BodyTruncated);
            }
        }
    }
}

fn body(limits: &Limits) -> Result<RecvBody, Error> {
    let mut head = RecvHead::default();
    head.push(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        &Limits::default(),
    )?;
    match head.finish(false, limits)? {
        Next::Body(_, body, None) => Ok(body),
        next => panic!("{next:?}"),
    }
}

/// Takes a whole coded body apart by its lines.
fn plain(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).map_or_else(
            |_| rest[..end].iter().map(|byte| char::from(*byte)).collect(),
            str::to_owned,
        );
        // Whitespace may stand before an extension, and only there.
        let digits = match line.split_once(';') {
            Some((digits, _)) => digits.trim_end_matches([' ', '\t']),
            None => &line,
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let size = usize::from_str_radix(digits, 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            break;
        }
        data.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    while rest != b"\r\n" {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        rest[..end].contains(&b':').then_some(())?;
        rest = rest.get(end + 2..)?;
    }
    Some(data)
}
