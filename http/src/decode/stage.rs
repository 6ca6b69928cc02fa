//! A coding on the way of a body.

use wskhttp_core::io::Error;

use super::Decode;
#[cfg(feature = "br")]
use super::brotli::Brotli;
use super::inflate::Inflate;

/// Takes encoded bytes, holds decoded ones until they are consumed.
#[derive(Debug)]
pub(super) enum Stage {
    Inflate(Inflate),
    #[cfg(feature = "br")]
    Brotli(Brotli),
}

impl Stage {
    /// For the coding with this name (RFC 9110 section 8.4.1), in any case; `None` if it is not known.
    #[cfg_attr(
        not(feature = "br"),
        expect(unused_variables, reason = "only br has a limit")
    )]
    pub(super) fn of(coding: &[u8], limits: &Decode) -> Option<Result<Self, Error>> {
        let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
        Some(match () {
            () if is(b"gzip") || is(b"x-gzip") => Inflate::gzip().map(Self::Inflate),
            () if is(b"deflate") => Inflate::deflate().map(Self::Inflate),
            #[cfg(feature = "br")]
            () if is(b"br") => Brotli::new(limits.window).map(Self::Brotli),
            () => return None,
        })
    }

    /// Decoded data that was not consumed.
    pub(super) fn data(&self) -> &[u8] {
        match self {
            Self::Inflate(inflate) => inflate.data(),
            #[cfg(feature = "br")]
            Self::Brotli(brotli) => brotli.data(),
        }
    }

    pub(super) fn consume(&mut self, n: usize) {
        match self {
            Self::Inflate(inflate) => inflate.consume(n),
            #[cfg(feature = "br")]
            Self::Brotli(brotli) => brotli.consume(n),
        }
    }

    /// All bytes that were decoded.
    pub(super) const fn made(&self) -> u64 {
        match self {
            Self::Inflate(inflate) => inflate.made(),
            #[cfg(feature = "br")]
            Self::Brotli(brotli) => brotli.made(),
        }
    }

    /// Whether its data may end here.
    pub(super) const fn is_complete(&self) -> bool {
        match self {
            Self::Inflate(inflate) => inflate.is_complete(),
            #[cfg(feature = "br")]
            Self::Brotli(brotli) => brotli.is_complete(),
        }
    }

    /// Takes input until there is data or none is left, and gives how much. Without input, data comes
    /// of what was taken before. What is there must have been consumed.
    pub(super) fn push(&mut self, input: &[u8]) -> Result<usize, Error> {
        match self {
            Self::Inflate(inflate) => inflate.push(input),
            #[cfg(feature = "br")]
            Self::Brotli(brotli) => brotli.push(input),
        }
    }
}
