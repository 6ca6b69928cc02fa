//! A response's head as the caller sees it.

use alloc::vec::Vec;

use super::fields::{split_field, split_line};

/// Status line and header fields of a response.
#[derive(Debug, Default)]
pub struct ResponseHead {
    pub(super) status: u16,
    pub(super) minor_version: u8,
    pub(super) content_length: Option<u64>,
    /// The reason phrase, then the header lines.
    pub(super) bytes: Vec<u8>,
    pub(super) reason: usize,
}

impl ResponseHead {
    /// Gives the memory back, for [`RecvHead::with_memory`](super::RecvHead::with_memory).
    #[must_use]
    pub fn into_memory(self) -> Vec<u8> {
        self.bytes
    }

    /// The status code, 100 to 999. A code above 599 is handed over as it came; RFC 9110 section 15
    /// has it treated like 5xx.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether a final response of this status has content, be it of no bytes, unless it answers HEAD
    /// (RFC 9110 section 6.4.1).
    pub(crate) const fn has_content(&self) -> bool {
        !matches!(self.status, 204 | 304)
    }

    /// 0 or 1: the minor version of HTTP.
    #[must_use]
    pub const fn minor_version(&self) -> u8 {
        self.minor_version
    }

    /// The reason phrase, bytes as received; often empty.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        self.bytes.get(..self.reason).unwrap_or_default()
    }

    /// The header lines, each `Name: value` CRLF, in the order received, whitespace around values
    /// removed.
    #[must_use]
    pub fn header_lines(&self) -> &[u8] {
        self.bytes.get(self.reason..).unwrap_or_default()
    }

    /// Names and values in the order received. Names are tokens; values may have bytes from 0x80.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest = self.header_lines();
        core::iter::from_fn(move || {
            let (line, next) = split_line(rest)?;
            rest = next;
            let (name, value) = split_field(line)?;
            Some((core::str::from_utf8(name).ok()?, value))
        })
    }

    /// The first value of a header, its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// `Content-Length`, if there is one; also of a response to HEAD and of a 304, which have no
    /// body.
    #[must_use]
    pub const fn content_length(&self) -> Option<u64> {
        self.content_length
    }
}
