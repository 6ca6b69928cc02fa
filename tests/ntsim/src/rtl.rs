//! Rtl and the debug output.

use std::ffi::{CStr, c_char};

use wdk_sys::{NTSTATUS, RTL_OSVERSIONINFOW, UNICODE_STRING};

use crate::sched::{PASSIVE, enter, enter_quietly};

unsafe extern "C" {
    fn ExFreePool(data: *mut u8);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn RtlFreeUnicodeString(string: *mut UNICODE_STRING) {
    let _entry = enter("RtlFreeUnicodeString", PASSIVE);
    // SAFETY: a valid string by the contract.
    let string = unsafe { &mut *string };
    if !string.Buffer.is_null() {
        // SAFETY: the buffer is pool by the contract.
        unsafe { ExFreePool(string.Buffer.cast()) };
        *string = UNICODE_STRING::default();
    }
}

/// Windows 10, version 2004.
#[unsafe(no_mangle)]
unsafe extern "C" fn RtlGetVersion(version: *mut RTL_OSVERSIONINFOW) -> NTSTATUS {
    let _entry = enter("RtlGetVersion", PASSIVE);
    // SAFETY: writable by the contract.
    let version = unsafe { &mut *version };
    version.dwMajorVersion = 10;
    version.dwBuildNumber = 19041;
    0
}

/// The one way in which Rust drivers call it: a format of `%s` and a string. A variadic function's
/// first arguments are passed as those of any other.
#[unsafe(no_mangle)]
unsafe extern "C" fn DbgPrint(format: *const c_char, text: *const c_char) -> u32 {
    let _entry = enter_quietly();
    // SAFETY: a C string by the contract.
    if unsafe { CStr::from_ptr(format) } == c"%s" {
        // SAFETY: as above.
        eprint!("{}", unsafe { CStr::from_ptr(text) }.to_string_lossy());
    }
    0
}
