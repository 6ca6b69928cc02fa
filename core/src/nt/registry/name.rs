//! Paths and names.

use core::fmt::{self, Write as _};

use wdk_sys::UNICODE_STRING;

use super::TOO_LONG;
use crate::io::Error;

/// A path or a name, of at most [`Name::MOST`] UTF-16 units.
#[derive(Clone)]
pub struct Name {
    units: [u16; Self::MOST],
    length: usize,
}

impl Name {
    /// Most UTF-16 units.
    pub const MOST: usize = 192;

    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            units: [0; Self::MOST],
            length: 0,
        }
    }

    /// # Errors
    /// It is too long.
    pub fn of(text: &str) -> Result<Self, Error> {
        let mut name = Self::new();
        name.push(text)?;
        Ok(name)
    }

    /// A copy of a string of the kernel's; empty for null.
    ///
    /// # Errors
    /// It is too long.
    ///
    /// # Safety
    /// `string` is null, or a valid string.
    pub unsafe fn copy(string: *const UNICODE_STRING) -> Result<Self, Error> {
        let mut name = Self::new();
        // SAFETY: by the contract.
        if let Some(string) = unsafe { string.as_ref() }
            && !string.Buffer.is_null()
        {
            let length = usize::from(string.Length) / 2;
            // SAFETY: a valid string has so many units.
            name.push_units(unsafe { core::slice::from_raw_parts(string.Buffer, length) })?;
        }
        Ok(name)
    }

    /// What it holds, UTF-16.
    #[must_use]
    pub fn units(&self) -> &[u16] {
        self.units.get(..self.length).unwrap_or_default()
    }

    /// What it says; U+FFFD for what is not well-formed.
    pub fn chars(&self) -> impl Iterator<Item = char> {
        chars(self.units().iter().copied())
    }

    /// # Errors
    /// It becomes too long.
    pub fn push(&mut self, text: &str) -> Result<(), Error> {
        for unit in text.encode_utf16() {
            self.push_unit(unit).ok_or(TOO_LONG)?;
        }
        Ok(())
    }

    /// # Errors
    /// It becomes too long.
    pub fn push_units(&mut self, units: &[u16]) -> Result<(), Error> {
        for unit in units {
            self.push_unit(*unit).ok_or(TOO_LONG)?;
        }
        Ok(())
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let (units, _) = bytes.as_chunks();
        for unit in units {
            self.push_unit(u16::from_le_bytes(*unit))?;
        }
        Some(())
    }

    fn push_unit(&mut self, unit: u16) -> Option<()> {
        *self.units.get_mut(self.length)? = unit;
        self.length += 1;
        Some(())
    }

    /// A string of the kernel's that points here.
    pub(super) fn string(&mut self) -> UNICODE_STRING {
        let bytes = u16::try_from(self.length * 2).unwrap_or(0);
        UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: self.units.as_mut_ptr(),
        }
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|unit| f.write_char(unit))
    }
}

/// What UTF-16 units say, as far as they are well-formed.
pub(super) fn chars(units: impl Iterator<Item = u16>) -> impl Iterator<Item = char> {
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
}
