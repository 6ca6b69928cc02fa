//! Routines of the kernel that are looked up at run time, because not every kernel exports them.

use core::ffi::c_void;
use core::ptr::NonNull;

use wdk_sys::ntddk::{MmGetSystemRoutineAddress, RtlGetVersion};
use wdk_sys::{RTL_OSVERSIONINFOW, UNICODE_STRING};

use super::irql::Passive;

/// The address of an exported routine of the kernel or HAL (`wdm/nf-wdm-mmgetsystemroutineaddress`).
/// `name` is ASCII, of at most 64 characters.
#[must_use]
pub fn find(_: Passive, name: &str) -> Option<NonNull<c_void>> {
    let mut wide = [0u16; 64];
    let mut bytes = 0u16;
    if name.len() > wide.len() {
        return None;
    }
    for (to, from) in wide.iter_mut().zip(name.bytes()) {
        *to = u16::from(from);
        bytes = bytes.checked_add(2)?;
    }
    let mut string = UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: wide.as_mut_ptr(),
    };
    // SAFETY: a valid string; PASSIVE_LEVEL by the token.
    NonNull::new(unsafe { MmGetSystemRoutineAddress(&raw mut string) })
}

/// The build number of Windows (`wdm/nf-wdm-rtlgetversion`); 0 if it is not known.
#[must_use]
pub fn windows_build(_: Passive) -> u32 {
    let mut version = RTL_OSVERSIONINFOW {
        dwOSVersionInfoSize: size_of::<RTL_OSVERSIONINFOW>() as _,
        ..RTL_OSVERSIONINFOW::default()
    };
    // SAFETY: writable, with its size; PASSIVE_LEVEL by the token.
    match unsafe { RtlGetVersion(&raw mut version) } {
        0.. => version.dwBuildNumber,
        _ => 0,
    }
}

/// Whether this is Wine's kernel, which has quirks that `wsk::quirks` lists.
#[must_use]
pub fn is_wine(passive: Passive) -> bool {
    find(passive, "wine_ntoskrnl_main_loop").is_some()
}
