//! Values of keys.

use core::fmt::{self, Write as _};

use wdk_sys::_KEY_VALUE_INFORMATION_CLASS::{KeyValueFullInformation, KeyValuePartialInformation};
use wdk_sys::NT_SUCCESS;
use wdk_sys::ntddk::{ZwEnumerateValueKey, ZwQueryValueKey, ZwSetValueKey};

use super::buffer::{Buffer, number};
use super::name::chars;
use super::{Key, Name, failed};
use crate::io::Error;
use crate::nt::pool::NO_MEMORY;

/// A value.
#[derive(Clone, Copy, Debug)]
pub struct Value<'b> {
    /// Its name if it was asked for by number, else none.
    pub name: ValueName<'b>,
    /// REG_DWORD and the like.
    pub kind: u32,
    /// What it holds.
    pub data: &'b [u8],
}

/// The name of a value, of any length.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueName<'b>(&'b [u8]);

impl fmt::Display for ValueName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, _) = self.0.as_chunks();
        chars(units.iter().map(|unit| u16::from_le_bytes(*unit)))
            .try_for_each(|unit| f.write_char(unit))
    }
}

/// REG_BINARY.
pub const REG_BINARY: u32 = 3;
/// REG_DWORD.
pub const REG_DWORD: u32 = 4;
/// REG_QWORD.
pub const REG_QWORD: u32 = 11;

impl Key {
    /// A value by its name; `None` if there is none (`wdm/nf-wdm-zwqueryvaluekey`).
    ///
    /// # Errors
    /// Phase `Request`: no memory, longer than 1 MiB, or the status of the system.
    pub fn value<'b>(
        &self,
        name: &str,
        buffer: &'b mut Buffer,
    ) -> Result<Option<Value<'b>>, Error> {
        let mut name = Name::of(name)?;
        let bytes = buffer.fill(|room, length, needed| {
            let mut name = name.string();
            // SAFETY: an open key, writable memory of that length; PASSIVE_LEVEL by the token.
            unsafe {
                ZwQueryValueKey(
                    self.handle,
                    &raw mut name,
                    KeyValuePartialInformation,
                    room,
                    length,
                    needed,
                )
            }
        })?;
        Ok(bytes.and_then(|bytes| {
            let (kind, length) = (number(bytes, 4)?, number(bytes, 8)?);
            Some(Value {
                name: ValueName::default(),
                kind: u32::try_from(kind).ok()?,
                data: bytes.get(12..)?.get(..length)?,
            })
        }))
    }

    /// Calls `each` with its values, of which it looks at `most`, until it fails.
    ///
    /// # Errors
    /// As [`Key::value`], and those of `each`.
    pub fn each_value(
        &self,
        most: u32,
        buffer: &mut Buffer,
        mut each: impl FnMut(Value<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for index in 0..most {
            let Some(value) = self.value_at(index, buffer)? else {
                break;
            };
            each(value)?;
        }
        Ok(())
    }

    /// The value with this number; `None` after the last (`wdm/nf-wdm-zwenumeratevaluekey`).
    fn value_at<'b>(&self, index: u32, buffer: &'b mut Buffer) -> Result<Option<Value<'b>>, Error> {
        let bytes = buffer.fill(|room, length, needed| {
            // SAFETY: an open key, writable memory of that length; PASSIVE_LEVEL by the token.
            unsafe {
                ZwEnumerateValueKey(
                    self.handle,
                    index,
                    KeyValueFullInformation,
                    room,
                    length,
                    needed,
                )
            }
        })?;
        Ok(bytes.and_then(|bytes| {
            let (kind, start, length) = (number(bytes, 4)?, number(bytes, 8)?, number(bytes, 12)?);
            Some(Value {
                name: ValueName(bytes.get(20..)?.get(..number(bytes, 16)?)?),
                kind: u32::try_from(kind).ok()?,
                data: bytes.get(start..)?.get(..length)?,
            })
        }))
    }

    /// Writes a value (`wdm/nf-wdm-zwsetvaluekey`).
    ///
    /// # Errors
    /// Phase `Request`, with the status of the system.
    pub fn set(&self, name: &str, kind: u32, data: &[u8]) -> Result<(), Error> {
        let mut name = Name::of(name)?;
        let mut name = name.string();
        let length = u32::try_from(data.len()).map_err(|_| NO_MEMORY)?;
        // SAFETY: an open key, and readable memory of that length; PASSIVE_LEVEL by the token.
        let status = unsafe {
            ZwSetValueKey(
                self.handle,
                &raw mut name,
                0,
                kind,
                data.as_ptr().cast_mut().cast(),
                length,
            )
        };
        if NT_SUCCESS(status) {
            Ok(())
        } else {
            Err(failed(status))
        }
    }
}
