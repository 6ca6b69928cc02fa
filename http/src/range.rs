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

/// What is asked for of a representation, in bytes without any content coding removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte. `None`: all from `first`.
    pub last: Option<u64>,
    /// Length of the whole representation, where an earlier response told it.
    pub length: Option<u64>,
    /// What the request's `If-Range` says: a strong entity tag or a date. `None`: there is none, any
    /// version will do.
    pub validator: Option<&'a [u8]>,
}

/// What the head of a response says of parts and versions; `None` for a field that it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartHead<'a> {
    /// The status code.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<&'a [u8]>,
    /// `Last-Modified`.
    pub last_modified: Option<&'a [u8]>,
    /// `Content-Range`.
    pub content_range: Option<&'a [u8]>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
}

/// What a response to a request for a part means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// The body is what was asked for: append it.
    Rest {
        /// Bytes that the body must have; fewer are a cut one.
        bytes: u64,
    },
    /// The body is the whole of it, of this version or a newer one: begin again.
    Anew,
    /// There is no rest: what is there is the whole.
    Complete,
    /// Another status: nothing of the body belongs to the download.
    Other,
}

impl Wanted<'_> {
    /// What a response to a request for it means. A 206 is taken only if it cannot be a part of another
    /// version (RFC 9110 section 15.3.7.3) or another part, and reaches as far as it can.
    ///
    /// # Errors
    /// Phase `Head`, kind `RangeMismatch`: a 206 that is something else than what was asked for, or a
    /// 416 although there should be more.
    pub fn judge(&self, head: &PartHead<'_>) -> Result<Resumed, Error> {
        match head.status {
            200 => Ok(Resumed::Anew),
            206 => self.part(head).map(|bytes| Resumed::Rest { bytes }),
            416 => self.nothing(head).map(|()| Resumed::Complete),
            _ => Ok(Resumed::Other),
        }
    }

    /// How many bytes a 206 brings.
    fn part(&self, head: &PartHead<'_>) -> Result<u64, Error> {
        let range = head.content_range.and_then(parse_range);
        let Some((first, last, said)) = range else {
            return Err(mismatch("a 206 does not say which part it is"));
        };
        if first != self.first {
            return Err(mismatch("the part begins elsewhere than was asked for"));
        }
        let length = self.length(said)?;
        if length.is_some_and(|length| last >= length) || self.last.is_some_and(|most| last > most)
        {
            return Err(mismatch("the part ends behind what was asked for"));
        }
        if let Some(length) = length
            && last.checked_add(1) != Some(length)
            && self.last != Some(last)
        {
            return Err(mismatch("the part ends before what was asked for"));
        }
        self.check_version(head)?;
        let bytes = last.saturating_sub(first).checked_add(1);
        match bytes {
            Some(bytes) if head.content_length.is_none_or(|length| length == bytes) => Ok(bytes),
            _ => Err(mismatch(
                "the length of the body is another one than that of the part",
            )),
        }
    }

    /// Whether a 416 says that there is no rest (RFC 9110 section 15.5.17).
    fn nothing(&self, head: &PartHead<'_>) -> Result<(), Error> {
        let said = head
            .content_range
            .and_then(|value| number(value.strip_prefix(b"bytes */")?));
        let length = self.length(said)?;
        self.check_version(head)?;
        match self.last.is_none() && length == Some(self.first) {
            true => Ok(()),
            false => Err(mismatch("the server has no rest, but there should be one")),
        }
    }

    /// The whole length, of which the response says `said`.
    fn length(&self, said: Option<u64>) -> Result<Option<u64>, Error> {
        match (self.length, said) {
            (Some(known), Some(said)) if known != said => {
                Err(mismatch("the whole has another length than before"))
            }
            (known, said) => Ok(known.or(said)),
        }
    }

    /// Refuses a response whose validator is another one than was asked for. One without a validator is
    /// taken: the server has seen `If-Range`.
    fn check_version(&self, head: &PartHead<'_>) -> Result<(), Error> {
        let Some(validator) = self.validator else {
            return Ok(());
        };
        let said = match validator.starts_with(b"\"") {
            true => head.etag,
            false => head.last_modified,
        };
        match said.is_none_or(|said| said == validator) && !validator.starts_with(b"W/") {
            true => Ok(()),
            false => Err(mismatch("the part is one of another version")),
        }
    }
}

impl<'a> PartHead<'a> {
    /// What `head` says. A field that is there more than once has no valid value.
    #[must_use]
    pub fn of(head: &'a ResponseHead) -> Self {
        Self {
            status: head.status(),
            etag: only(head, "etag"),
            last_modified: only(head, "last-modified"),
            content_range: only(head, "content-range"),
            content_length: head.content_length(),
        }
    }
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
        // A date only where there is no entity tag at all (RFC 9110 section 13.1.5).
        let found = match only(head, "etag") {
            Some(tag) => Some(tag).filter(|tag| is_strong(tag)),
            None => strong_date(head),
        };
        let Some(found) = found else {
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

    /// What it asks for.
    #[must_use]
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            first: self.have,
            last: None,
            length: self.length,
            validator: Some(&self.validator),
        }
    }

    /// What a response to a request with those fields means.
    ///
    /// # Errors
    /// As [`Wanted::judge`].
    pub fn judge(&self, head: &ResponseHead) -> Result<Resumed, Error> {
        self.wanted().judge(&PartHead::of(head))
    }
}

/// First and last position and the whole length of `Content-Range: bytes 1-2/3` (RFC 9110 section
/// 14.4).
#[must_use]
pub fn content_range(head: &ResponseHead) -> Option<(u64, u64, Option<u64>)> {
    parse_range(only(head, "content-range")?)
}

/// What the value of a Content-Range field says, as [`content_range`].
#[must_use]
pub fn parse_range(value: &[u8]) -> Option<(u64, u64, Option<u64>)> {
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

/// Whether an entity tag is a strong one (RFC 9110 section 8.8.3).
fn is_strong(tag: &[u8]) -> bool {
    tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}

/// The value of a field that is there once; an empty one if it is there more often.
fn only<'h>(head: &'h ResponseHead, name: &str) -> Option<&'h [u8]> {
    let mut found = head
        .headers()
        .filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let (_, value) = found.next()?;
    Some(found.next().map_or(value, |_| b""))
}

/// `Last-Modified` where it is at least a minute older than `Date` (RFC 9110 section 8.8.2.2).
fn strong_date(head: &ResponseHead) -> Option<&[u8]> {
    let modified = only(head, "last-modified")?;
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
