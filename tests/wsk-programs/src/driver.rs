//! The driver that Wine loads: runs every program in DriverEntry.

mod file;

use alloc::format;
use alloc::string::String;
use core::panic::PanicInfo;

use wdk_sys::ntddk::KeBugCheckEx;
use wdk_sys::{DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING, STATUS_SUCCESS, STATUS_UNSUCCESSFUL};

use crate::{Bench, PROGRAMS, Ports};
use file::File;

#[global_allocator]
static GLOBAL: wdk_alloc::WdkAllocator = wdk_alloc::WdkAllocator;

/// Reads the ports, and writes after each program what it has said.
///
/// # Safety
/// Called once by the I/O manager with the driver's own object.
#[unsafe(export_name = "DriverEntry")]
unsafe extern "system" fn driver_entry(
    driver: &mut DRIVER_OBJECT,
    _registry_path: PCUNICODE_STRING,
) -> NTSTATUS {
    driver.DriverUnload = Some(unload);
    match run() {
        Some(()) => STATUS_SUCCESS,
        None => STATUS_UNSUCCESSFUL,
    }
}

fn run() -> Option<()> {
    let text = File::open(INPUT)?.read()?;
    let mut numbers = text.split_whitespace().map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    let ports = Ports {
        data: next()?,
        control: next()?,
        full: next()?,
        free: [next()?, next()?, next()?],
    };
    let output = File::create(OUTPUT)?;
    for program in PROGRAMS {
        output.write(&format!("[{}]\n", program.name))?;
        let said: String = Bench::run(program, ports);
        output.write(&said)?;
    }
    output.write("[end]\n")
}

unsafe extern "C" fn unload(_: *mut DRIVER_OBJECT) {}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    wdk::println!("wsk-programs: {info}");
    // SAFETY: callable at any IRQL; it does not return.
    unsafe { KeBugCheckEx(0x5753_4B50, 0, 0, 0, 0) }
}

const INPUT: &str = "\\??\\C:\\wsk-programs.in";
const OUTPUT: &str = "\\??\\C:\\wsk-programs.out";
