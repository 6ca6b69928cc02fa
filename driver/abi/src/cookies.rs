//! The cookies of a handle.

use crate::{Field, ParseError};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What precedes the cookies of a handle.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CookiesHeader {
    /// Bytes of the message, this part included.
    pub size: u32,
    /// Bytes that all of it needs.
    pub needed: u32,
}

impl CookiesHeader {
    /// Writes a message with `cookies`, or only the fixed part if they do not fit, and gives the bytes
    /// written; `None` if not even that fits. `out` is only written, never read.
    #[must_use]
    pub fn write(cookies: &[u8], out: &mut [u8]) -> Option<usize> {
        let fixed = size_of::<Self>();
        let needed = fixed.checked_add(cookies.len())?;
        let size = match needed <= out.len() {
            true => needed,
            false => fixed,
        };
        let header = Self {
            size: u32::try_from(size).ok()?,
            needed: u32::try_from(needed).ok()?,
        };
        header.write_to_prefix(out).ok()?;
        if size == needed {
            out.get_mut(fixed..needed)?.copy_from_slice(cookies);
        }
        Some(size)
    }

    /// Reads a message: how many bytes are needed for all of it, and the cookies that are there.
    ///
    /// # Errors
    /// It is too short, or not as long as it says.
    pub fn parse(message: &[u8]) -> Result<(u32, &[u8]), ParseError> {
        let (header, rest) = Self::read_from_prefix(message)
            .map_err(|_| ParseError::too_small("shorter than the fixed part"))?;
        match usize::try_from(header.size) == Ok(message.len()) {
            true => Ok((header.needed, rest)),
            false => Err(ParseError::new(Field::Size, "not the output's length")),
        }
    }
}

const _: () = assert!(size_of::<CookiesHeader>() == 8);
