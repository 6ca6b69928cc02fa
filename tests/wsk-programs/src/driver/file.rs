//! Text files.

use alloc::string::String;
use alloc::vec::Vec;
use core::ptr::null_mut;

use wdk_sys::ntddk::{ZwClose, ZwCreateFile, ZwReadFile, ZwWriteFile};
use wdk_sys::{
    FILE_ATTRIBUTE_NORMAL, FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_OPEN, FILE_OVERWRITE_IF,
    FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT, HANDLE, IO_STATUS_BLOCK,
    OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, UNICODE_STRING,
};

/// A file, until it is dropped.
pub(super) struct File(HANDLE);

impl File {
    /// One that is there.
    pub(super) fn open(path: &str) -> Option<Self> {
        Self::with(path, FILE_GENERIC_READ, FILE_OPEN)
    }

    /// A new one.
    pub(super) fn create(path: &str) -> Option<Self> {
        Self::with(path, FILE_GENERIC_WRITE, FILE_OVERWRITE_IF)
    }

    fn with(path: &str, access: u32, disposition: u32) -> Option<Self> {
        let mut wide: Vec<u16> = path.encode_utf16().collect();
        let bytes = (wide.len() * 2) as u16;
        let mut name = UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: wide.as_mut_ptr(),
        };
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            ObjectName: &raw mut name,
            Attributes: OBJ_KERNEL_HANDLE,
            ..OBJECT_ATTRIBUTES::default()
        };
        let mut handle: HANDLE = null_mut();
        let mut result = IO_STATUS_BLOCK::default();
        // SAFETY: PASSIVE_LEVEL; everything lives until the call returns.
        let status = unsafe {
            ZwCreateFile(
                &raw mut handle,
                access,
                &raw mut attributes,
                &raw mut result,
                null_mut(),
                FILE_ATTRIBUTE_NORMAL,
                FILE_SHARE_READ | FILE_SHARE_WRITE,
                disposition,
                FILE_SYNCHRONOUS_IO_NONALERT,
                null_mut(),
                0,
            )
        };
        (status >= 0).then_some(Self(handle))
    }

    /// Its beginning.
    pub(super) fn read(&self) -> Option<String> {
        let mut text = [0_u8; 256];
        let mut result = IO_STATUS_BLOCK::default();
        // SAFETY: open for synchronous access; the buffer lives until the call returns.
        let status = unsafe {
            ZwReadFile(
                self.0,
                null_mut(),
                None,
                null_mut(),
                &raw mut result,
                text.as_mut_ptr().cast(),
                text.len() as u32,
                null_mut(),
                null_mut(),
            )
        };
        let read = text.get(..result.Information as usize)?;
        (status >= 0).then(|| String::from_utf8_lossy(read).into_owned())
    }

    /// Adds to it.
    pub(super) fn write(&self, text: &str) -> Option<()> {
        let mut result = IO_STATUS_BLOCK::default();
        // SAFETY: open for synchronous access; the text lives until the call returns.
        let status = unsafe {
            ZwWriteFile(
                self.0,
                null_mut(),
                None,
                null_mut(),
                &raw mut result,
                text.as_ptr().cast_mut().cast(),
                text.len() as u32,
                null_mut(),
                null_mut(),
            )
        };
        (status >= 0).then_some(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: open, and closed once.
        let _closed = unsafe { ZwClose(self.0) };
    }
}
