//! A stretch of bytes inside a message.

use crate::{Field, ParseError};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Where a variable part of a message lies. An empty part has both fields zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Span {
    /// Bytes from the start of the message.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}

impl Span {
    /// One past the last byte; `None` beyond 4 GiB.
    #[must_use]
    pub const fn end(self) -> Option<u32> {
        self.offset.checked_add(self.length)
    }

    /// The bytes it covers; `None` if it reaches outside `message`.
    #[must_use]
    pub fn of(self, message: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = usize::try_from(self.end()?).ok()?;
        message.get(start..end)
    }

    /// The bytes it covers, to be written.
    pub(crate) fn of_mut(self, message: &mut [u8]) -> Option<&mut [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = usize::try_from(self.end()?).ok()?;
        message.get_mut(start..end)
    }

    /// A span for `part` at `at`, which is moved behind it.
    pub(crate) fn place(part: &[u8], at: &mut u32) -> Option<Self> {
        if part.is_empty() {
            return Some(Self::default());
        }
        let span = Self {
            offset: *at,
            length: u32::try_from(part.len()).ok()?,
        };
        *at = span.end()?;
        Some(span)
    }

    /// Copies `part`, for which this span was placed, into `message`.
    pub(crate) fn put(self, part: &[u8], message: &mut [u8]) -> Option<()> {
        let start = usize::try_from(self.offset).ok()?;
        let end = usize::try_from(self.end()?).ok()?;
        let room = message.get_mut(start..end)?;
        (room.len() == part.len()).then(|| room.copy_from_slice(part))
    }
}

/// Checks the variable parts of a message against its fixed part's length and each other.
pub(crate) struct Spans<'a> {
    message: &'a [u8],
    fixed: usize,
}

impl<'a> Spans<'a> {
    pub(crate) const fn new(message: &'a [u8], fixed: usize) -> Self {
        Self { message, fixed }
    }

    /// The bytes of `span`, at most `limit` of them.
    pub(crate) fn get(
        &self,
        field: Field,
        span: Span,
        limit: usize,
    ) -> Result<&'a [u8], ParseError> {
        if span.length == 0 {
            return if span.offset == 0 {
                Ok(&[])
            } else {
                Err(ParseError::new(field, "empty, but its offset is not zero"))
            };
        }
        if usize::try_from(span.offset).is_ok_and(|offset| offset < self.fixed) {
            return Err(ParseError::new(field, "begins inside the fixed part"));
        }
        let bytes = span
            .of(self.message)
            .ok_or(ParseError::new(field, "reaches beyond the message"))?;
        if bytes.len() > limit {
            return Err(ParseError::new(field, "longer than its limit"));
        }
        Ok(bytes)
    }

    /// Refuses spans that share a byte. All must have passed [`Spans::get`].
    pub(crate) fn disjoint(spans: &[(Field, Span)]) -> Result<(), ParseError> {
        let mut rest = spans;
        while let Some(((field, a), others)) = rest.split_first() {
            if others.iter().any(|(_, b)| a.overlaps(*b)) {
                return Err(ParseError::new(*field, "overlaps another part"));
            }
            rest = others;
        }
        Ok(())
    }
}

impl Span {
    fn overlaps(self, other: Self) -> bool {
        self.length != 0
            && other.length != 0
            && other.end().is_none_or(|end| self.offset < end)
            && self.end().is_none_or(|end| other.offset < end)
    }
}
