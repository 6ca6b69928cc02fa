//! Header lines that are added to and taken from.

use alloc::vec::Vec;
use core::fmt;

use wskhttp_core::fallible;
use wskhttp_core::io::{Error, Kind, Phase};
use zeroize::Zeroize;

use crate::auth::Secret;
use crate::proto::fields::{is_token, is_value, split_field, split_line};

/// Checked lines `Name: value` CRLF. Their memory is cleared before it is given back.
#[derive(Default)]
pub struct Headers {
    lines: Vec<u8>,
}

impl Headers {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Adds a field. Neither part can break the line.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidRequest` or `NoResources`; nothing is added.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.push_parts(name, &[value])
    }

    /// Adds a field whose value is all of `parts`.
    ///
    /// # Errors
    /// As [`Headers::push`].
    pub fn push_parts(&mut self, name: &str, parts: &[&[u8]]) -> Result<(), Error> {
        if !is_token(name.as_bytes()) {
            return Err(invalid("a header name is not a token"));
        }
        if !parts.iter().all(|part| is_value(part)) {
            return Err(invalid("a header value has a control character"));
        }
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.reserve(name.len().saturating_add(length).saturating_add(4))?;
        self.lines.extend_from_slice(name.as_bytes());
        self.lines.extend_from_slice(b": ");
        for part in parts {
            self.lines.extend_from_slice(part);
        }
        self.lines.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Adds lines that are checked elsewhere.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub(crate) fn extend(&mut self, lines: &[u8]) -> Result<(), Error> {
        self.reserve(lines.len())?;
        self.lines.extend_from_slice(lines);
        Ok(())
    }

    /// Removes the fields whose name `doomed` says.
    pub fn remove(&mut self, doomed: impl Fn(&str) -> bool) {
        let mut at = 0;
        while let Some((line, _)) = self.lines.get(at..).and_then(split_line) {
            let end = at.saturating_add(line.len()).saturating_add(2);
            let name = split_field(line).and_then(|(name, _)| core::str::from_utf8(name).ok());
            if name.is_some_and(&doomed) && end <= self.lines.len() {
                self.lines.drain(at..end);
            } else {
                at = end;
            }
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.lines.as_slice();
        core::iter::from_fn(move || {
            let (line, next) = split_line(rest)?;
            rest = next;
            core::str::from_utf8(split_field(line)?.0).ok()
        })
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        find(&self.lines, name)
    }

    /// All values of a field with `separator` between them; empty if there is none.
    pub(crate) fn joined(&self, name: &str, separator: &[u8]) -> Result<Secret, Error> {
        let mut rest = self.lines.as_slice();
        let joined = fallible::room(rest.len()).map_err(|_| no_memory())?;
        let mut joined = Secret::new(joined);
        while let Some((line, next)) = split_line(rest) {
            rest = next;
            match split_field(line) {
                Some((found, value)) if found.eq_ignore_ascii_case(name.as_bytes()) => {
                    if !joined.is_empty() {
                        joined.extend_from_slice(separator);
                    }
                    joined.extend_from_slice(value);
                }
                _ => {}
            }
        }
        Ok(joined)
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    fn reserve(&mut self, room: usize) -> Result<(), Error> {
        if self.lines.capacity().saturating_sub(self.lines.len()) >= room {
            return Ok(());
        }
        let double = self.lines.capacity().saturating_mul(2);
        let capacity = self.lines.len().saturating_add(room).max(double);
        let mut grown = fallible::room(capacity).map_err(|_| no_memory())?;
        grown.extend_from_slice(&self.lines);
        self.lines.zeroize();
        self.lines = grown;
        Ok(())
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        self.lines.zeroize();
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} bytes)", self.lines.len())
    }
}

/// The first value of a field in header lines.
pub(crate) fn find<'a>(lines: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = lines;
    while let Some((line, next)) = split_line(rest) {
        rest = next;
        match split_field(line) {
            Some((found, value)) if found.eq_ignore_ascii_case(name.as_bytes()) => {
                return Some(value);
            }
            _ => {}
        }
    }
    None
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the header lines",
    )
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}
