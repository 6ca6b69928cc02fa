//! Windows: the device interface through SetupAPI, I/O through the Nt calls, which give the NTSTATUS.

mod device_list;
mod file;
mod service;
mod setup;
mod wine;

use std::ptr::{null, null_mut};
use std::sync::Arc;

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    DIGCF_DEVICEINTERFACE, DIGCF_PRESENT,
};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_NOT_ENOUGH_QUOTA, GENERIC_READ, GENERIC_WRITE, GetLastError,
    INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows_sys::core::GUID;

pub(crate) use setup::{install, start, stop, uninstall};

use self::device_list::DeviceList;
use self::file::File;
use super::Handle;
use crate::{Error, Kind, Phase};

pub(crate) fn open() -> Result<Arc<dyn Handle>, Error> {
    let path = interface_path().ok_or_else(|| {
        Error::new(
            Phase::Open,
            Kind::NotInstalled,
            0,
            "the driver is not installed or not running; `wskhttp install` installs it",
        )
    })?;
    // SAFETY: `path` ends in NUL; the other pointers may be null.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED,
            null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(match last_error() {
            ERROR_ACCESS_DENIED => Error::new(
                Phase::Open,
                Kind::AccessDenied,
                from_win32(ERROR_ACCESS_DENIED),
                "access to the driver's device is denied",
            ),
            ERROR_NOT_ENOUGH_QUOTA => Error::new(
                Phase::Open,
                Kind::TooManyRequests,
                from_win32(ERROR_NOT_ENOUGH_QUOTA),
                "too many handles of the driver's device are open",
            ),
            error => Error::new(
                Phase::Open,
                Kind::NotReady,
                from_win32(error),
                "the driver's device cannot be opened",
            ),
        });
    }
    // SAFETY: CreateFileW succeeded, and nobody else has the handle.
    Ok(Arc::new(unsafe { File::new(handle) }))
}

/// The path of the first device interface, with its NUL.
fn interface_path() -> Option<Vec<u16>> {
    let class = interface_class();
    let list = DeviceList::of_class(&class, DIGCF_PRESENT | DIGCF_DEVICEINTERFACE).ok()?;
    list.interface_path(&class)
}

fn interface_class() -> GUID {
    let (data1, data2, data3, data4) = wskhttp_abi::INTERFACE_CLASS;
    GUID {
        data1,
        data2,
        data3,
        data4,
    }
}

fn last_error() -> u32 {
    // SAFETY: no condition.
    unsafe { GetLastError() }
}

/// NTSTATUS of a Win32 error: severity error, FACILITY_NTWIN32 (ntstatus.h, NTSTATUS_FROM_WIN32).
const fn from_win32(error: u32) -> i32 {
    (0xC007_0000 | error & 0xFFFF).cast_signed()
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn setup_error(step: &str, error: u32) -> Error {
    let why = std::io::Error::from_raw_os_error(error.cast_signed());
    let kind = if error == ERROR_ACCESS_DENIED {
        Kind::AccessDenied
    } else {
        Kind::Setup
    };
    Error::new(
        Phase::Setup,
        kind,
        from_win32(error),
        format!("{step}: {why}"),
    )
}
