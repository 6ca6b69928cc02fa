//! Parts of a resource (RFC 9110 section 14) and validators (sections 8.8 and 13).

use alloc::vec::Vec;

use wskhttp_core::fallible::copied;
use wskhttp_core::io::{Error, Kind, Phase};

use crate::proto::digits::Digits;
use crate::{Headers, ResponseHead};

/// What is known of a download that was cut, so that its rest can be asked for.
#[derive(Debug)]
pub struct Resume {
    have: u64,
    /// Of the whole representation.
    length: Option<u64>,
    validator: Vec<u8>,
}

/// What a response to a request for the rest means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// The body is the rest: append it.
    Rest,
    /// The body is the whole of it, of this version or a newer one: begin again.
    Anew,
    /// There is no rest: what is there is the whole.
    Complete,
    /// Another status: nothing of the body belongs to the download.
    Other,
}

impl Resume {
    /// What the response says for later, of whose body `have` bytes were kept, without any content
    /// coding removed. `None` if its rest could be that of another version: it has no strong entity tag
    /// and no date that can stand for one, or it is neither 200 nor 206.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn of(head: &ResponseHead, have: u64) -> Result<Option<Self>, Error> {
        let (begin, length) = match head.status() {
            200 => (0, head.content_length()),
            206 => match content_range(head) {
                Some((first, _, length)) => (first, length),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let tag = head
            .header("etag")
            .filter(|tag| tag.starts_with(b"\"") && tag.ends_with(b"\"") && tag.len() >= 2);
        let Some(found) = tag.or_else(|| strong_date(head)) else {
            return Ok(None);
        };
        let validator = copied(found)
            .map_err(|_| Error::new(Phase::Head, Kind::NoResources, "no memory for a validator"))?;
        Ok(Some(Self {
            have: begin.saturating_add(have),
            length,
            validator,
        }))
    }

    /// Bytes that are there.
    #[must_use]
    pub const fn have(&self) -> u64 {
        self.have
    }

    /// Notes that more bytes of the rest were kept.
    pub const fn add(&mut self, bytes: u64) {
        self.have = self.have.saturating_add(bytes);
    }

    /// Adds the fields that ask for the rest, if it is still of the same version: `Range` and
    /// `If-Range`.
    ///
    /// # Errors
    /// As [`Headers::push`].
    pub fn ask(&self, lines: &mut Headers) -> Result<(), Error> {
        let from = Digits::decimal(self.have);
        lines.push_parts("Range", &[b"bytes=", from.as_bytes(), b"-"])?;
        lines.push("If-Range", &self.validator)
    }

    /// What a response to a request with those fields means.
    ///
    /// # Errors
    /// Phase `Head`, kind `RangeMismatch`: a 206 that is not the rest of what is there, or a 416
    /// although there should be more.
    pub fn judge(&self, head: &ResponseHead) -> Result<Resumed, Error> {
        match head.status() {
            200 => Ok(Resumed::Anew),
            206 => {
                let range = content_range(head);
                let is_rest = range.is_some_and(|(first, last, length)| {
                    let ends = length.is_none_or(|length| last.checked_add(1) == Some(length));
                    let agrees = length.is_none() || self.length.is_none() || length == self.length;
                    first == self.have && ends && agrees
                });
                let tag = head.header("etag");
                let same = tag
                    .is_none_or(|tag| !self.validator.starts_with(b"\"") || tag == self.validator);
                match is_rest && same {
                    true => Ok(Resumed::Rest),
                    false => Err(mismatch("the server sent another part than the rest")),
                }
            }
            416 => {
                let said = head
                    .header("content-range")
                    .and_then(|value| number(value.strip_prefix(b"bytes */")?));
                match said.or(self.length) == Some(self.have) {
                    true => Ok(Resumed::Complete),
                    false => Err(mismatch("the server has no rest, but there should be one")),
                }
            }
            _ => Ok(Resumed::Other),
        }
    }
}

/// First and last position and the whole length of `Content-Range: bytes 1-2/3` (RFC 9110 section
/// 14.4).
#[must_use]
pub fn content_range(head: &ResponseHead) -> Option<(u64, u64, Option<u64>)> {
    parse_range(head.header("content-range")?)
}

pub(crate) fn parse_range(value: &[u8]) -> Option<(u64, u64, Option<u64>)> {
    let value = value.strip_prefix(b"bytes ")?;
    let mut halves = value.splitn(2, |byte| *byte == b'/');
    let (range, length) = (halves.next()?, halves.next()?);
    let mut ends = range.splitn(2, |byte| *byte == b'-');
    let (first, last) = (number(ends.next()?)?, number(ends.next()?)?);
    let length = match length {
        b"*" => None,
        digits => Some(number(digits)?),
    };
    let valid = first <= last && length.is_none_or(|length| last < length);
    valid.then_some((first, last, length))
}

/// `Last-Modified` where it is at least a minute older than `Date` (RFC 9110 section 8.8.2.2).
fn strong_date(head: &ResponseHead) -> Option<&[u8]> {
    let modified = head.header("last-modified")?;
    let zero = core::time::Duration::ZERO;
    let at = crate::date::parse(modified, zero)?;
    let now = crate::date::parse(head.header("date")?, zero)?;
    (now.saturating_sub(at).as_secs() >= 60).then_some(modified)
}

fn number(digits: &[u8]) -> Option<u64> {
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    valid
        .then(|| core::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

const fn mismatch(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::RangeMismatch, cause)
}
