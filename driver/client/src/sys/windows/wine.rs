//! What Wine 10 does otherwise than Windows: it cannot disable a device (DIF_PROPERTYCHANGE), does not
//! unload a driver when its last device is gone, and knows no driver packages. All of it can go when
//! Wine can.

use std::path::Path;

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::core::s;

use super::{setup_error, wide};
use crate::Error;

/// Whether this is Wine: its ntdll exports `wine_get_version`.
pub(super) fn is_wine() -> bool {
    let ntdll = wide("ntdll.dll");
    // SAFETY: `ntdll` ends in NUL.
    let module = unsafe { GetModuleHandleW(ntdll.as_ptr()) };
    // SAFETY: the name ends in NUL; ntdll is never unloaded.
    !module.is_null() && unsafe { GetProcAddress(module, s!("wine_get_version")) }.is_some()
}

/// Removes the copy of the driver that the INF made.
pub(super) fn remove_file(service: &str) -> Result<(), Error> {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\windows".into());
    let file = Path::new(&root)
        .join("system32\\drivers")
        .join(format!("{service}.sys"));
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let error = error.raw_os_error().unwrap_or_default();
            Err(setup_error(
                "removing the driver's file",
                error.cast_unsigned(),
            ))
        }
        _ => Ok(()),
    }
}
