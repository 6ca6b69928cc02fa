//! Receiving the body of a response (RFC 9112 sections 6 to 8).

use wskhttp_core::io::{Error, Kind, Phase};

use super::BodyLength;
use super::chunked::Chunked;
use crate::Limits;

/// The state in which the body of a response arrives. Data is not copied: each step says what the
/// bytes at hand are.
#[derive(Clone, Copy, Debug)]
pub struct RecvBody {
    state: State,
    /// Decoded bytes that the limit still allows.
    allowed: u64,
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More bytes are needed.
    Need,
    /// So many bytes are framing: remove them.
    Skip(usize),
    /// So many bytes are data of the body.
    Data(usize),
    /// The body is complete.
    End,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Sized(u64),
    Chunked(Chunked),
    UntilClose,
    Done,
}

impl RecvBody {
    /// The beginning of a body.
    ///
    /// # Errors
    /// Phase `Body`, kind `BodyTooLarge` when the declared length is above the limit.
    pub(crate) fn new(length: BodyLength, limits: &Limits) -> Result<Self, Error> {
        let state = match length {
            BodyLength::None | BodyLength::Sized(0) => State::Done,
            BodyLength::Sized(length) if length > limits.body => return Err(too_large()),
            BodyLength::Sized(length) => State::Sized(length),
            BodyLength::Chunked => State::Chunked(Chunked::default()),
            BodyLength::UntilClose => State::UntilClose,
        };
        Ok(Self {
            state,
            allowed: limits.body,
        })
    }

    /// What the bytes of `input` are.
    ///
    /// # Errors
    /// Phase `Body`; kind `MalformedChunk`, `MalformedFraming` or `BodyTooLarge`.
    pub fn step(&mut self, input: &[u8], limits: &Limits) -> Result<Step, Error> {
        let step = match &mut self.state {
            State::Done => Step::End,
            State::Chunked(chunked) => chunked.step(input, limits, self.allowed)?,
            _ if input.is_empty() => Step::Need,
            State::Sized(left) => {
                Step::Data(usize::try_from(*left).map_or(input.len(), |left| left.min(input.len())))
            }
            State::UntilClose => Step::Data(input.len()),
        };
        match step {
            Step::Data(length) if length as u64 > self.allowed => {
                match usize::try_from(self.allowed) {
                    Ok(0) | Err(_) => Err(too_large()),
                    Ok(allowed) => Ok(Step::Data(allowed)),
                }
            }
            Step::End => {
                self.state = State::Done;
                Ok(step)
            }
            _ => Ok(step),
        }
    }

    /// Notes that `n` bytes of what `step` called data were removed.
    pub fn consume(&mut self, n: usize) {
        self.allowed = self.allowed.saturating_sub(n as u64);
        match &mut self.state {
            State::Sized(left) => {
                *left = left.saturating_sub(n as u64);
                if *left == 0 {
                    self.state = State::Done;
                }
            }
            State::Chunked(chunked) => chunked.consume(n),
            State::UntilClose | State::Done => {}
        }
    }

    /// Notes the clean end of the stream, after all its bytes were consumed.
    ///
    /// # Errors
    /// Phase `Body`, kind `BodyTruncated` unless that is the end of the body.
    pub fn end_of_stream(&mut self) -> Result<(), Error> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            State::Sized(_) | State::Chunked(_) => Err(Error::new(
                Phase::Body,
                Kind::BodyTruncated,
                "the connection ended before the body was complete",
            )),
        }
    }

    /// Whether more than `bytes` are known to follow.
    #[must_use]
    pub const fn exceeds(&self, bytes: u64) -> bool {
        matches!(self.state, State::Sized(left) if left > bytes)
    }

    /// Whether the body is complete and its framing consumed.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

pub(super) const fn too_large() -> Error {
    Error::new(
        Phase::Body,
        Kind::BodyTooLarge,
        "the body is larger than the limit",
    )
}
