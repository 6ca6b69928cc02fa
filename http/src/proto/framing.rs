//! How long the body is and whether the connection persists (RFC 9112 sections 6 and 9).

use wskhttp_core::io::{Error, Kind, Phase};

use super::CloseReason;
use super::fields::list_has;

/// What the header fields of a response say about its framing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framing {
    content_length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

/// How the end of a response's body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    None,
    /// So many bytes.
    Sized(u64),
    /// Where the chunked coding says so.
    Chunked,
    /// Where the connection ends.
    UntilClose,
}

impl Framing {
    /// Takes note of a header field.
    ///
    /// # Errors
    /// Phase `Head`, kind `MalformedFraming`: a Content-Length that is not digits of a number below
    /// 2^64, a second one even if it is the same (RFC 9110 section 8.6 lets a recipient refuse), a
    /// Transfer-Encoding that is not exactly `chunked`, or a second one.
    pub fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.content_length.is_some() {
                return Err(malformed("the response has more than one Content-Length"));
            }
            self.content_length = Some(
                length(value)
                    .ok_or_else(|| malformed("the response's Content-Length is not a number"))?,
            );
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(malformed(
                    "the response's Transfer-Encoding is not exactly one chunked",
                ));
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"connection") {
            self.close |= list_has(value, b"close");
            self.keep_alive |= list_has(value, b"keep-alive");
        }
        Ok(())
    }

    /// The declared length.
    #[must_use]
    pub const fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// How the body ends and, if the connection cannot be used again, why.
    ///
    /// # Errors
    /// Phase `Head`, kind `MalformedFraming`: both Content-Length and Transfer-Encoding, or the
    /// latter in HTTP/1.0.
    pub fn decide(
        &self,
        status: u16,
        minor_version: u8,
        to_head: bool,
    ) -> Result<(BodyLength, Option<CloseReason>), Error> {
        if self.chunked && self.content_length.is_some() {
            return Err(malformed(
                "the response has both Content-Length and Transfer-Encoding",
            ));
        }
        if self.chunked && minor_version == 0 {
            return Err(malformed("an HTTP/1.0 response has a Transfer-Encoding"));
        }
        // "always terminated by the first empty line" (section 6.3 item 1), but somebody on the way may
        // have gone by what it says.
        let announced = self.chunked || self.content_length.is_some_and(|length| length > 0);
        let forbidden = announced.then_some(CloseReason::ForbiddenBody);
        if status < 200 {
            return Ok((BodyLength::None, forbidden));
        }
        let persists = match minor_version {
            _ if self.close => Some(CloseReason::ResponseClose),
            0 if !self.keep_alive => Some(CloseReason::Http10),
            _ => None,
        };
        if to_head || status == 304 {
            return Ok((BodyLength::None, persists));
        }
        if status == 204 {
            return Ok((BodyLength::None, persists.or(forbidden)));
        }
        Ok(match self.content_length {
            _ if self.chunked => (BodyLength::Chunked, persists),
            Some(0) => (BodyLength::None, persists),
            Some(length) => (BodyLength::Sized(length), persists),
            None => (BodyLength::UntilClose, Some(CloseReason::UntilClose)),
        })
    }
}

/// `1*DIGIT` that fits 64 bits.
fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte & 0x0f)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

const fn malformed(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::MalformedFraming, cause)
}
