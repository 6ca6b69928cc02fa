//! What the system writes what is asked for into.

use alloc::vec::Vec;

use wdk_sys::{NT_SUCCESS, NTSTATUS, PVOID};

use super::{STATUS_KEY_DELETED, STATUS_OBJECT_NAME_NOT_FOUND, TOO_LONG, failed};
use crate::io::Error;
use crate::nt::pool::NO_MEMORY;

/// Room for what is read of the registry, reused from one call to the next.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// Overwrites what was read: it was a secret.
    pub fn wipe(&mut self) {
        for byte in &mut self.0 {
            // SAFETY: a byte of ours, by its reference.
            unsafe { core::ptr::write_volatile(byte, 0) };
        }
    }

    /// Calls until the room suffices; `None` if there is nothing to be read.
    pub(super) fn fill(
        &mut self,
        mut call: impl FnMut(PVOID, u32, *mut u32) -> NTSTATUS,
    ) -> Result<Option<&[u8]>, Error> {
        self.grow(FIRST)?;
        loop {
            let room = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
            let mut needed = 0;
            match call(self.0.as_mut_ptr().cast(), room, &raw mut needed) {
                STATUS_BUFFER_OVERFLOW | STATUS_BUFFER_TOO_SMALL if room < needed => {
                    self.grow(usize::try_from(needed).unwrap_or(usize::MAX))?;
                }
                STATUS_NO_MORE_ENTRIES | STATUS_OBJECT_NAME_NOT_FOUND | STATUS_KEY_DELETED => {
                    return Ok(None);
                }
                status if NT_SUCCESS(status) => {
                    let length = usize::try_from(needed.min(room)).unwrap_or(0);
                    return Ok(self.0.get(..length));
                }
                status => return Err(failed(status)),
            }
        }
    }

    fn grow(&mut self, length: usize) -> Result<(), Error> {
        if length > MOST {
            return Err(TOO_LONG);
        }
        let more = length.saturating_sub(self.0.len());
        self.0.try_reserve(more).map_err(|_| NO_MEMORY)?;
        self.0.resize(length.max(self.0.len()), 0);
        Ok(())
    }
}

/// The number of 32 bits at `place`.
pub(super) fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let bytes = bytes.get(place..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// Bytes of a buffer at first, and at most.
const FIRST: usize = 4096;
const MOST: usize = 1 << 20;

const STATUS_BUFFER_OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();
const STATUS_NO_MORE_ENTRIES: NTSTATUS = 0x8000_001A_u32.cast_signed();
const STATUS_BUFFER_TOO_SMALL: NTSTATUS = 0xC000_0023_u32.cast_signed();
