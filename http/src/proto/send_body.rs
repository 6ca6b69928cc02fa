//! Sending a streamed body (RFC 9112 sections 6 and 7.1).

use wskhttp_core::io::{Error, Kind, Phase};

use super::digits::Digits;
use crate::Body;

/// The state in which a streamed body goes out. Every chunk is written whole, so output can end
/// between any two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendBody {
    /// So many bytes are still to come.
    Sized(u64),
    /// Chunks until `finish`.
    Chunked,
    /// Nothing more to send.
    Done,
    /// The response came first: nothing more will be sent.
    Stopped,
}

impl SendBody {
    /// Output below which a chunk may not fit: one byte of data and its framing.
    pub const ROOM: usize = 6;

    /// What is to be streamed after the head of a request with `body`.
    #[must_use]
    pub const fn new(body: Body<'_>) -> Self {
        match body {
            Body::Sized(length) => Self::Sized(length),
            Body::Chunked => Self::Chunked,
            Body::Empty | Body::Full(_) => Self::Done,
        }
    }

    /// Refuses data beyond the declared length, before any of it is sent.
    ///
    /// # Errors
    /// Phase `Send`, kind `BodyLengthMismatch`.
    pub const fn check(&self, length: usize) -> Result<(), Error> {
        let allowed = match self {
            Self::Sized(left) => *left,
            Self::Chunked | Self::Stopped => u64::MAX,
            Self::Done => 0,
        };
        match length as u64 > allowed {
            true => Err(mismatch("the body is longer than declared")),
            false => Ok(()),
        }
    }

    /// Writes as much of `data` as fits, framed; gives how many bytes of `data` and of `output`.
    pub fn write(&mut self, data: &[u8], output: &mut [u8]) -> (usize, usize) {
        match self {
            Self::Sized(left) => {
                let count = data
                    .len()
                    .min(output.len())
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                if copy(data, output, count).is_none() {
                    return (0, 0);
                }
                *left = left.saturating_sub(count as u64);
                (count, count)
            }
            Self::Chunked => chunk(data, output).unwrap_or((0, 0)),
            Self::Done | Self::Stopped => (0, 0),
        }
    }

    /// Writes the end of the body, `trailers` in it if it is chunked; gives how many bytes of
    /// `output`, or `None` if it does not fit.
    ///
    /// # Errors
    /// Phase `Send`, kind `BodyLengthMismatch` when bytes are missing.
    pub fn finish(&mut self, trailers: &[u8], output: &mut [u8]) -> Result<Option<usize>, Error> {
        let end: [&[u8]; 3] = match self {
            Self::Sized(0) | Self::Done | Self::Stopped => [b"", b"", b""],
            Self::Sized(_) => return Err(mismatch("the body is shorter than declared")),
            Self::Chunked => [b"0\r\n", trailers, b"\r\n"],
        };
        let length = end.iter().map(|part| part.len()).sum();
        let Some(mut room) = output.get_mut(..length) else {
            return Ok(None);
        };
        for part in end {
            let (here, next) = room.split_at_mut_checked(part.len()).unwrap_or_default();
            for (to, from) in here.iter_mut().zip(part) {
                *to = *from;
            }
            room = next;
        }
        if *self != Self::Stopped {
            *self = Self::Done;
        }
        Ok(Some(length))
    }
}

/// One chunk of the largest part of `data` that fits.
fn chunk(data: &[u8], output: &mut [u8]) -> Option<(usize, usize)> {
    let most = data.len().min(output.len());
    let digits = Digits::hexadecimal(most).as_bytes().len();
    let framing = digits.checked_add(4)?;
    let count = data.len().min(output.len().checked_sub(framing)?);
    if count == 0 {
        return None;
    }
    let size = Digits::hexadecimal(count);
    let total = size.as_bytes().len().checked_add(4)?.checked_add(count)?;
    let mut rest = output.get_mut(..total)?;
    for part in [size.as_bytes(), b"\r\n", data.get(..count)?, b"\r\n"] {
        let (here, next) = rest.split_at_mut_checked(part.len())?;
        here.copy_from_slice(part);
        rest = next;
    }
    Some((count, total))
}

fn copy(from: &[u8], to: &mut [u8], count: usize) -> Option<()> {
    to.get_mut(..count)?.copy_from_slice(from.get(..count)?);
    Some(())
}

const fn mismatch(cause: &'static str) -> Error {
    Error::new(Phase::Send, Kind::BodyLengthMismatch, cause)
}
