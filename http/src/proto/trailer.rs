//! The trailer section of a chunked body (RFC 9112 section 7.1.2).

use wskhttp_core::io::{Error, Kind, Phase};

use super::fields::{is_tchar, is_token, is_value_byte};
use crate::Limits;

/// Whether a field may be a trailer of a request: none that changes framing, routing or who the caller is
/// (RFC 9110 section 6.5.1).
pub(crate) fn may_be_trailer(name: &[u8]) -> bool {
    const NOT: [&[u8]; 18] = [
        b"authorization",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"cookie",
        b"expect",
        b"host",
        b"keep-alive",
        b"max-forwards",
        b"proxy-authorization",
        b"range",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ];
    is_token(name) && !NOT.iter().any(|not| name.eq_ignore_ascii_case(not))
}

/// Checks the trailer fields and drops them all, as RFC 9112 section 7.1.2 allows; one that would
/// change the framing is refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trailer {
    state: State,
    received: usize,
    /// The name in lower case, as much as fits.
    name: [u8; 18],
    length: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    LineStart,
    Name,
    Value,
    ValueLf,
    EndLf,
}

impl Trailer {
    /// Takes a byte; true when it was the last one of the section.
    pub(crate) fn push(&mut self, byte: u8, limits: &Limits) -> Result<bool, Error> {
        self.received = self.received.saturating_add(1);
        if self.received > limits.trailer_bytes {
            return Err(Error::new(
                Phase::Body,
                Kind::BodyTooLarge,
                "the trailer section is larger than the limit",
            ));
        }
        self.state = match (self.state, byte) {
            (State::LineStart, b'\r') => State::EndLf,
            (State::LineStart, _) if is_tchar(byte) => {
                self.length = 0;
                self.note(byte);
                State::Name
            }
            (State::Name, _) if is_tchar(byte) => {
                self.note(byte);
                State::Name
            }
            (State::Name, b':') => {
                self.check_name()?;
                State::Value
            }
            (State::Value, b'\r') => State::ValueLf,
            (State::Value, _) if is_value_byte(byte) => State::Value,
            (State::ValueLf, b'\n') => State::LineStart,
            (State::EndLf, b'\n') => return Ok(true),
            _ => return Err(malformed("the trailer section is malformed")),
        };
        Ok(false)
    }

    fn note(&mut self, byte: u8) {
        if let Some(slot) = self.name.get_mut(self.length) {
            *slot = byte.to_ascii_lowercase();
        }
        self.length = self.length.saturating_add(1);
    }

    fn check_name(&self) -> Result<(), Error> {
        match self.name.get(..self.length) {
            Some(b"content-length" | b"transfer-encoding") => Err(Error::new(
                Phase::Body,
                Kind::MalformedFraming,
                "a trailer field would change the framing",
            )),
            _ => Ok(()),
        }
    }
}

const fn malformed(cause: &'static str) -> Error {
    Error::new(Phase::Body, Kind::MalformedChunk, cause)
}
