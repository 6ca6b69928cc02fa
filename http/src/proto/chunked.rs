//! The chunked transfer coding, receiving (RFC 9112 section 7.1).

use wskhttp_core::io::{Error, Kind, Phase};

use super::fields::{is_tchar, is_value_byte};
use super::recv_body::Step;
use super::trailer::Trailer;
use crate::Limits;

/// Decodes in place: says which bytes are framing and which are data.
///
/// ```text
/// Size --;--> ExtName --=--> ExtValue --> ... --CR--> SizeLf --LF--> Data --> DataCr --> DataLf --> Size
///   +-----------------------CR---------------------------^  |
///                                                           +--size 0--> Trailer --> Done
/// ```
///
/// Refused although the grammar or other software lets them pass: whitespace at the end of the line, more
/// than 16 digits, an extension without a name, bare LF anywhere. Extensions are checked and dropped, with
/// the whitespace that may be around `;` and `=` (BWS, which RFC 9110 section 5.6.3 has recipients parse).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chunked {
    state: State,
    size: u64,
    digits: u32,
    line: usize,
    excess: u64,
    trailer: Trailer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    /// After whitespace behind the size or an extension: only another extension may follow.
    Bws,
    /// After `;`, before or inside a name.
    ExtName {
        begun: bool,
    },
    /// After whitespace behind a name.
    ExtNameEnd,
    /// After `=`.
    ExtValue {
        begun: bool,
    },
    ExtQuoted,
    ExtEscaped,
    ExtQuotedEnd,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    Done,
}

impl Chunked {
    /// What the bytes of `input` are. A chunk of more than `allowed` bytes is refused at its size.
    pub(crate) fn step(
        &mut self,
        input: &[u8],
        limits: &Limits,
        allowed: u64,
    ) -> Result<Step, Error> {
        let mut used: usize = 0;
        for byte in input {
            if matches!(self.state, State::Data | State::Done) {
                break;
            }
            self.framing(*byte, limits, allowed)?;
            used = used.saturating_add(1);
        }
        if used > 0 {
            return Ok(Step::Skip(used));
        }
        Ok(match self.state {
            State::Done => Step::End,
            State::Data if !input.is_empty() => Step::Data(
                usize::try_from(self.size).map_or(input.len(), |size| size.min(input.len())),
            ),
            _ => Step::Need,
        })
    }

    /// The caller has taken `n` bytes of data.
    pub(crate) fn consume(&mut self, n: usize) {
        if self.state == State::Data {
            self.size = self.size.saturating_sub(n as u64);
            if self.size == 0 {
                self.state = State::DataCr;
            }
        }
    }

    fn framing(&mut self, byte: u8, limits: &Limits, allowed: u64) -> Result<(), Error> {
        if !matches!(self.state, State::DataCr | State::DataLf | State::Trailer) {
            self.line = self.line.saturating_add(1);
            if self.line > limits.chunk_line {
                return Err(too_large("a chunk-size line is longer than the limit"));
            }
        }
        self.state = match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => {
                self.digit(byte)?;
                State::Size
            }
            (State::Size, b';') if self.digits > 0 => State::ExtName { begun: false },
            (State::Size, b'\r') if self.digits > 0 => State::SizeLf,
            (State::Size, b' ' | b'\t') if self.digits > 0 => State::Bws,
            (State::Size, _) => return Err(malformed("a chunk size is not a hexadecimal number")),

            (State::Bws | State::ExtNameEnd, b' ' | b'\t') => self.state,
            (State::Bws | State::ExtNameEnd, b';') => State::ExtName { begun: false },
            (State::Bws, _) => return Err(malformed("a chunk-size line has stray whitespace")),
            (State::ExtName { begun: false } | State::ExtValue { begun: false }, b' ' | b'\t') => {
                self.state
            }
            (State::ExtName { begun: true }, b' ' | b'\t') => State::ExtNameEnd,
            (State::ExtValue { begun: true } | State::ExtQuotedEnd, b' ' | b'\t') => State::Bws,
            (State::ExtName { .. }, _) if is_tchar(byte) => State::ExtName { begun: true },
            (State::ExtName { begun: true } | State::ExtNameEnd, b'=') => {
                State::ExtValue { begun: false }
            }
            (State::ExtValue { .. }, _) if is_tchar(byte) => State::ExtValue { begun: true },
            (State::ExtValue { begun: false }, b'"') => State::ExtQuoted,
            (State::ExtQuoted, b'"') => State::ExtQuotedEnd,
            (State::ExtQuoted, b'\\') => State::ExtEscaped,
            (State::ExtQuoted | State::ExtEscaped, _) if is_value_byte(byte) => State::ExtQuoted,
            (
                State::ExtName { begun: true }
                | State::ExtValue { begun: true }
                | State::ExtQuotedEnd,
                b';',
            ) => State::ExtName { begun: false },
            (
                State::ExtName { begun: true }
                | State::ExtValue { begun: true }
                | State::ExtQuotedEnd,
                b'\r',
            ) => State::SizeLf,
            (
                State::ExtName { .. }
                | State::ExtNameEnd
                | State::ExtValue { .. }
                | State::ExtQuoted
                | State::ExtEscaped
                | State::ExtQuotedEnd,
                _,
            ) => return Err(malformed("a chunk extension is malformed")),

            (State::SizeLf, b'\n') => self.begin(limits, allowed)?,
            (State::SizeLf, _) => return Err(malformed("a chunk-size line has a bare CR")),

            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => {
                self.size = 0;
                self.digits = 0;
                self.line = 0;
                State::Size
            }
            (State::DataCr | State::DataLf, _) => {
                return Err(malformed("a chunk is longer than its size says"));
            }

            (State::Trailer, _) => match self.trailer.push(byte, limits)? {
                true => State::Done,
                false => State::Trailer,
            },
            (State::Data | State::Done, _) => self.state,
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<(), Error> {
        self.digits = self.digits.saturating_add(1);
        // Also bounds leading zeros. 16 digits always fit 64 bits.
        if self.digits > 16 {
            return Err(malformed("a chunk size has more than 16 digits"));
        }
        let value = char::from(byte).to_digit(16).unwrap_or_default();
        self.size = self.size.wrapping_shl(4) | u64::from(value);
        Ok(())
    }

    /// A chunk-size line is complete.
    fn begin(&mut self, limits: &Limits, more: u64) -> Result<State, Error> {
        if self.size > more {
            return Err(super::recv_body::too_large());
        }
        let allowed = self.size.saturating_mul(2).saturating_add(16);
        self.excess = self
            .excess
            .saturating_add(self.line as u64)
            .saturating_sub(allowed);
        if self.excess > limits.chunk_excess {
            return Err(too_large(
                "the chunk lines are out of proportion to the data",
            ));
        }
        Ok(match self.size {
            0 => State::Trailer,
            _ => State::Data,
        })
    }
}

const fn too_large(cause: &'static str) -> Error {
    Error::new(Phase::Body, Kind::BodyTooLarge, cause)
}

const fn malformed(cause: &'static str) -> Error {
    Error::new(Phase::Body, Kind::MalformedChunk, cause)
}
