//! Keys.

use core::fmt;
use core::ptr::null_mut;

use wdk_sys::_KEY_INFORMATION_CLASS::KeyBasicInformation;
use wdk_sys::ntddk::{ZwClose, ZwCreateKey, ZwEnumerateKey, ZwOpenKey, ZwQueryKey};
use wdk_sys::{HANDLE, NT_SUCCESS, NTSTATUS, OBJECT_ATTRIBUTES};

use super::buffer::{Buffer, number};
use super::{Name, STATUS_KEY_DELETED, STATUS_OBJECT_NAME_NOT_FOUND, failed};
use crate::io::Error;
use crate::nt::irql::Passive;

/// An open key, closed when it is dropped. IRQL: PASSIVE_LEVEL, for dropping too.
pub struct Key {
    pub(super) handle: HANDLE,
    passive: Passive,
}

/// A key below another.
#[derive(Clone, Debug)]
pub struct Subkey {
    /// Its name.
    pub name: Name,
    /// When it was last written, in units of 100 ns since 1601.
    pub written: u64,
}

impl Key {
    /// Opens a key to read it; `None` if it is not there (`wdm/nf-wdm-zwopenkey`).
    ///
    /// # Errors
    /// Phase `Request`, with the status of the system.
    pub fn open(passive: Passive, path: &Name) -> Result<Option<Self>, Error> {
        with_attributes(path, |attributes| {
            let mut handle: HANDLE = null_mut();
            // SAFETY: PASSIVE_LEVEL by the token; the attributes outlive the call.
            let status = unsafe { ZwOpenKey(&raw mut handle, KEY_READ, attributes) };
            opened(status, handle, passive)
        })
    }

    /// Opens a key to write to it, and makes it if only its last part is missing
    /// (`wdm/nf-wdm-zwcreatekey`); `None` if more is.
    ///
    /// # Errors
    /// Phase `Request`, with the status of the system.
    pub fn create(passive: Passive, path: &Name) -> Result<Option<Self>, Error> {
        with_attributes(path, |attributes| {
            let mut handle: HANDLE = null_mut();
            // SAFETY: PASSIVE_LEVEL by the token; the attributes outlive the call.
            let status = unsafe {
                ZwCreateKey(
                    &raw mut handle,
                    KEY_READ | KEY_SET_VALUE,
                    attributes,
                    0,
                    null_mut(),
                    0,
                    null_mut(),
                )
            };
            opened(status, handle, passive)
        })
    }

    /// When it was last written: a value, or a key below it, made or removed
    /// (`wdm/nf-wdm-zwquerykey`). In units of 100 ns since 1601.
    ///
    /// # Errors
    /// Phase `Request`: no memory, or the status of the system.
    pub fn written(&self, buffer: &mut Buffer) -> Result<u64, Error> {
        let bytes = buffer.fill(|room, length, needed| {
            // SAFETY: an open key, writable memory of that length; PASSIVE_LEVEL by the token.
            unsafe { ZwQueryKey(self.handle, KeyBasicInformation, room, length, needed) }
        })?;
        Ok(bytes.and_then(time).unwrap_or(0))
    }

    /// Calls `each` with the keys below it, of which it looks at `most`, until it fails. The buffer is
    /// there for `each`, too.
    ///
    /// # Errors
    /// As [`Key::subkey`], and those of `each`.
    pub fn each_subkey(
        &self,
        most: u32,
        buffer: &mut Buffer,
        mut each: impl FnMut(&Subkey, &mut Buffer) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for index in 0..most {
            let Some(entry) = self.subkey(index, buffer)? else {
                break;
            };
            each(&entry, buffer)?;
        }
        Ok(())
    }

    /// The key below it with this number; `None` after the last (`wdm/nf-wdm-zwenumeratekey`).
    ///
    /// # Errors
    /// Phase `Request`: no memory, or the status of the system.
    pub fn subkey(&self, index: u32, buffer: &mut Buffer) -> Result<Option<Subkey>, Error> {
        let bytes = buffer.fill(|room, length, needed| {
            // SAFETY: an open key, writable memory of that length; PASSIVE_LEVEL by the token.
            unsafe {
                ZwEnumerateKey(
                    self.handle,
                    index,
                    KeyBasicInformation,
                    room,
                    length,
                    needed,
                )
            }
        })?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let mut name = Name::new();
        // A name that is too long is none of those that are looked for.
        let _ = number(bytes, 12)
            .and_then(|length| bytes.get(16..)?.get(..length))
            .and_then(|units| name.push_bytes(units));
        Ok(Some(Subkey {
            name,
            written: time(bytes).unwrap_or(0),
        }))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _here = self.passive;
        // SAFETY: ours, and closed once; PASSIVE_LEVEL by the token.
        let _closed = unsafe { ZwClose(self.handle) };
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

fn with_attributes<T>(path: &Name, call: impl FnOnce(*mut OBJECT_ATTRIBUTES) -> T) -> T {
    let mut path = path.clone();
    let mut name = path.string();
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as _,
        ObjectName: &raw mut name,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        ..OBJECT_ATTRIBUTES::default()
    };
    call(&raw mut attributes)
}

fn opened(status: NTSTATUS, handle: HANDLE, passive: Passive) -> Result<Option<Key>, Error> {
    match status {
        STATUS_OBJECT_NAME_NOT_FOUND | STATUS_OBJECT_PATH_NOT_FOUND | STATUS_KEY_DELETED => {
            Ok(None)
        }
        status if NT_SUCCESS(status) => Ok(Some(Key { handle, passive })),
        status => Err(failed(status)),
    }
}

/// LastWriteTime, with which KEY_BASIC_INFORMATION begins.
fn time(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

const KEY_READ: u32 = 0x2_0019;
const KEY_SET_VALUE: u32 = 2;
const OBJ_CASE_INSENSITIVE: u32 = 0x40;
const OBJ_KERNEL_HANDLE: u32 = 0x200;

const STATUS_OBJECT_PATH_NOT_FOUND: NTSTATUS = 0xC000_003A_u32.cast_signed();
