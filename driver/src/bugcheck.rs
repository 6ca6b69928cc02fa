//! What a Rust panic is in the kernel: a bugcheck that names the place.

use core::panic::PanicInfo;

use wdk_sys::ntddk::KeBugCheckEx;

/// Bugcheck code of a panic in wskhttp.sys. Parameters: address and length of the file name, line,
/// column.
const WSKHTTP_PANIC: u32 = 0x5753_4B48; // "WSKH"

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (file, line, column) = info
        .location()
        .map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
    // SAFETY: callable at any IRQL; it does not return.
    unsafe {
        KeBugCheckEx(
            WSKHTTP_PANIC,
            file.as_ptr() as u64,
            file.len() as u64,
            u64::from(line),
            u64::from(column),
        )
    }
}
