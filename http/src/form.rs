//! multipart: forms that are sent (RFC 7578), ranges that are received (RFC 9110 section 14.6).

use alloc::string::String;
use alloc::vec::Vec;

use wskhttp_core::fallible::{room, text_room};
use wskhttp_core::io::{Error, Kind, Phase};

use crate::ResponseHead;
use crate::proto::fields::{is_value, split_field, split_line, trim};
use crate::range::parse_range;

/// A `multipart/form-data` body in the making.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form. `random` makes the boundary, which must not occur in a part.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn new(random: [u8; 16]) -> Result<Self, Error> {
        let mut boundary = text_room(48).map_err(|_| no_memory())?;
        boundary.push_str("wskhttp-");
        for byte in random {
            for nibble in [byte >> 4, byte & 15] {
                boundary.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
        }
        let body = Vec::new();
        Ok(Self { boundary, body })
    }

    /// Adds a field.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidRequest` for a name with a control character, or if the boundary
    /// occurs in `value`; `NoResources`.
    pub fn field(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.part(name, None, value)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// As [`Form::field`], also for the file's name and type.
    pub fn file(
        &mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
        content: &[u8],
    ) -> Result<(), Error> {
        self.part(name, Some((file_name, content_type)), content)
    }

    /// The value of `Content-Type`.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn content_type(&self) -> Result<String, Error> {
        let mut text = text_room(80).map_err(|_| no_memory())?;
        text.push_str("multipart/form-data; boundary=");
        text.push_str(&self.boundary);
        Ok(text)
    }

    /// The body, complete.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn into_body(mut self) -> Result<Vec<u8>, Error> {
        let boundary = core::mem::take(&mut self.boundary);
        self.put(&[b"--", boundary.as_bytes(), b"--\r\n"])?;
        Ok(self.body)
    }

    fn part(
        &mut self,
        name: &str,
        file: Option<(&str, &str)>,
        content: &[u8],
    ) -> Result<(), Error> {
        let (file_name, content_type) = file.unwrap_or_default();
        let texts = [name, file_name, content_type];
        if !texts.iter().all(|text| is_value(text.as_bytes())) {
            return Err(invalid("a name in the form has a control character"));
        }
        let boundary = self.boundary.as_bytes();
        if content.windows(boundary.len()).any(|part| part == boundary) {
            return Err(invalid("the form's boundary occurs in a part"));
        }
        let boundary = core::mem::take(&mut self.boundary);
        let name = escaped(name);
        let done = name.and_then(|name| {
            self.put(&[
                b"--",
                boundary.as_bytes(),
                b"\r\nContent-Disposition: form-data; name=\"",
                &name,
                b"\"",
            ])?;
            if file.is_some() {
                self.put(&[
                    b"; filename=\"",
                    &escaped(file_name)?,
                    b"\"\r\nContent-Type: ",
                    content_type.as_bytes(),
                ])?;
            }
            self.put(&[b"\r\n\r\n", content, b"\r\n"])
        });
        self.boundary = boundary;
        done
    }

    fn put(&mut self, parts: &[&[u8]]) -> Result<(), Error> {
        let length = parts.iter().map(|part| part.len()).sum();
        self.body.try_reserve(length).map_err(|_| no_memory())?;
        for part in parts {
            self.body.extend_from_slice(part);
        }
        Ok(())
    }
}

/// Quotes as browsers send them: RFC 7578 section 4.2 leaves it open, HTML says this.
fn escaped(text: &str) -> Result<Vec<u8>, Error> {
    let mut out = room(text.len().saturating_mul(3)).map_err(|_| no_memory())?;
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"%22"),
            _ => out.push(byte),
        }
    }
    Ok(out)
}

/// The parts of a `multipart/byteranges` body that is at hand.
#[derive(Debug)]
pub struct ByteRanges<'a> {
    rest: &'a [u8],
    boundary: &'a [u8],
    done: bool,
}

/// One part: where it belongs, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytePart<'a> {
    /// Position of its first byte in the whole.
    pub first: u64,
    /// Length of the whole, if the server says it.
    pub length: Option<u64>,
    /// The bytes.
    pub data: &'a [u8],
}

impl<'a> ByteRanges<'a> {
    /// The parts of `body`, of a 206 whose `Content-Type` is `multipart/byteranges`; `None` for any
    /// other response.
    #[must_use]
    pub fn new(head: &'a ResponseHead, body: &'a [u8]) -> Option<Self> {
        let value = head
            .header("content-type")
            .filter(|_| head.status() == 206)?;
        let mut parts = value.split(|byte| *byte == b';').map(trim);
        if !parts.next()?.eq_ignore_ascii_case(b"multipart/byteranges") {
            return None;
        }
        let boundary = parts.find_map(|part| {
            let (name, value) = part.split_at_checked(9)?;
            let value = name.eq_ignore_ascii_case(b"boundary=").then_some(value)?;
            Some(match value {
                [b'"', inner @ .., b'"'] => inner,
                plain => plain,
            })
        })?;
        // RFC 2046 section 5.1.1.
        let valid = (1..=70).contains(&boundary.len()) && is_value(boundary);
        // "Additional CRLFs might precede the first boundary string" (RFC 9110 section 14.6).
        let mut rest = body;
        while let Some(next) = rest.strip_prefix(b"\r\n") {
            rest = next;
        }
        valid.then_some(Self {
            rest,
            boundary,
            done: false,
        })
    }

    /// The next part; `None` behind the last one.
    ///
    /// # Errors
    /// Phase `Body`, kind `RangeMismatch`: a part that is malformed or not as long as it says.
    pub fn next_part(&mut self) -> Result<Option<BytePart<'a>>, Error> {
        if self.done {
            return Ok(None);
        }
        let part = self.read().ok_or(Error::new(
            Phase::Body,
            Kind::RangeMismatch,
            "a part of the ranges is malformed",
        ));
        self.done = !matches!(part, Ok(Some(_)));
        part
    }

    fn read(&mut self) -> Option<Option<BytePart<'a>>> {
        let rest = self.rest.strip_prefix(b"\r\n").unwrap_or(self.rest);
        let rest = rest.strip_prefix(b"--")?.strip_prefix(self.boundary)?;
        if rest.starts_with(b"--") {
            return Some(None);
        }
        let (padding, mut rest) = split_line(rest)?;
        if !trim(padding).is_empty() {
            return None;
        }
        let mut range = None;
        loop {
            let (line, next) = split_line(rest)?;
            rest = next;
            if line.is_empty() {
                break;
            }
            let (name, value) = split_field(line)?;
            if name.eq_ignore_ascii_case(b"content-range") && range.replace(value).is_some() {
                return None;
            }
        }
        let (first, last, length) = parse_range(range?)?;
        let count = last.checked_sub(first)?.checked_add(1)?;
        let (data, rest) = rest.split_at_checked(usize::try_from(count).ok()?)?;
        if !rest.starts_with(b"\r\n") {
            return None;
        }
        self.rest = rest;
        Some(Some(BytePart {
            first,
            length,
            data,
        }))
    }
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(Phase::Request, Kind::NoResources, "no memory for the form")
}
