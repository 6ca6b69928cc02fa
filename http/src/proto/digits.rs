//! Numbers as ASCII digits, without allocation.

use core::fmt::{self, Write};

/// A `u64` in decimal or hexadecimal digits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Digits {
    bytes: [u8; 20],
    used: usize,
}

impl Digits {
    pub(crate) fn decimal(number: u64) -> Self {
        let mut digits = Self::default();
        // 20 digits are enough for u64::MAX.
        let _ = write!(digits, "{number}");
        digits
    }

    pub(crate) fn hexadecimal(number: usize) -> Self {
        let mut digits = Self::default();
        let _ = write!(digits, "{number:X}");
        digits
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used.checked_add(text.len()).ok_or(fmt::Error)?;
        let room = self.bytes.get_mut(self.used..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}
