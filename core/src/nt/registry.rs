//! The registry. A key or a value that is not there is no error: at boot whole hives are missing.

use alloc::vec::Vec;
use core::fmt;
use core::ptr::null_mut;

use wdk_sys::_KEY_INFORMATION_CLASS::KeyBasicInformation;
use wdk_sys::_KEY_VALUE_INFORMATION_CLASS::{KeyValueFullInformation, KeyValuePartialInformation};
use wdk_sys::ntddk::{
    ZwClose, ZwCreateKey, ZwEnumerateKey, ZwEnumerateValueKey, ZwOpenKey, ZwQueryKey,
    ZwQueryValueKey, ZwSetValueKey,
};
use wdk_sys::{HANDLE, NT_SUCCESS, NTSTATUS, OBJECT_ATTRIBUTES, PVOID, UNICODE_STRING};

use super::irql::Passive;
use super::pool::NO_MEMORY;
use crate::io::{Error, Kind, Phase};

/// An open key, closed when it is dropped. IRQL: PASSIVE_LEVEL, for dropping too.
pub struct Key {
    handle: HANDLE,
    passive: Passive,
}

/// A path or a name, of at most [`Name::MOST`] UTF-16 units.
#[derive(Clone)]
pub struct Name {
    units: [u16; Self::MOST],
    length: usize,
}

/// Room for what is read of the registry, reused from one call to the next.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

/// A key below another.
#[derive(Clone, Debug)]
pub struct Subkey {
    /// Its name.
    pub name: Name,
    /// When it was last written, in units of 100 ns since 1601.
    pub written: u64,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub struct Value<'b> {
    /// REG_DWORD and the like.
    pub kind: u32,
    /// What it holds.
    pub data: &'b [u8],
}

/// REG_BINARY.
pub const REG_BINARY: u32 = 3;
/// REG_DWORD.
pub const REG_DWORD: u32 = 4;
/// REG_QWORD.
pub const REG_QWORD: u32 = 11;

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
            // SAFETY: as above.
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
                kind: u32::try_from(kind).ok()?,
                data: bytes.get(12..)?.get(..length)?,
            })
        }))
    }

    /// The value with this number; `None` after the last (`wdm/nf-wdm-zwenumeratevaluekey`).
    ///
    /// # Errors
    /// As [`Key::value`].
    pub fn value_at<'b>(
        &self,
        index: u32,
        buffer: &'b mut Buffer,
    ) -> Result<Option<Value<'b>>, Error> {
        let bytes = buffer.fill(|room, length, needed| {
            // SAFETY: as above.
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

    fn push_bytes(&mut self, bytes: &[u8]) -> Option<()> {
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
    fn string(&mut self) -> UNICODE_STRING {
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
        for unit in char::decode_utf16(self.units().iter().copied()) {
            write!(f, "{}", unit.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

impl Buffer {
    /// Calls until the room suffices; `None` if there is nothing to be read.
    fn fill(
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

/// The number of 32 bits at `place`.
fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let bytes = bytes.get(place..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// LastWriteTime, with which KEY_BASIC_INFORMATION begins.
fn time(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.first_chunk()?))
}

const fn failed(status: NTSTATUS) -> Error {
    let kind = match status {
        STATUS_INSUFFICIENT_RESOURCES | STATUS_NO_MEMORY => Kind::NoResources,
        _ => Kind::NotReady,
    };
    Error::with_status(
        Phase::Request,
        kind,
        status,
        "the registry cannot be read or written",
    )
}

const TOO_LONG: Error = Error::new(
    Phase::Request,
    Kind::NotReady,
    "a name or a value in the registry is too long",
);

/// Bytes of a buffer at first, and at most.
const FIRST: usize = 4096;
const MOST: usize = 1 << 20;

const KEY_READ: u32 = 0x2_0019;
const KEY_SET_VALUE: u32 = 2;
const OBJ_CASE_INSENSITIVE: u32 = 0x40;
const OBJ_KERNEL_HANDLE: u32 = 0x200;

const STATUS_BUFFER_OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();
const STATUS_NO_MORE_ENTRIES: NTSTATUS = 0x8000_001A_u32.cast_signed();
const STATUS_NO_MEMORY: NTSTATUS = 0xC000_0017_u32.cast_signed();
const STATUS_BUFFER_TOO_SMALL: NTSTATUS = 0xC000_0023_u32.cast_signed();
const STATUS_OBJECT_NAME_NOT_FOUND: NTSTATUS = 0xC000_0034_u32.cast_signed();
const STATUS_OBJECT_PATH_NOT_FOUND: NTSTATUS = 0xC000_003A_u32.cast_signed();
const STATUS_INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32.cast_signed();
const STATUS_KEY_DELETED: NTSTATUS = 0xC000_017C_u32.cast_signed();
