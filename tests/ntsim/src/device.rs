//! Io: device objects and interfaces, and the bus driver below.

use std::ptr::null_mut;

use wdk_sys::{DEVICE_OBJECT, DRIVER_OBJECT, GUID, IRP, NTSTATUS, UNICODE_STRING};
use wskhttp_core::nt::irp as path;

use crate::fault;
use crate::io;
use crate::mm::text;
use crate::remove_lock;
use crate::rule;
use crate::sched::{DISPATCH, PASSIVE, block, enter, enter_quietly};
use crate::state::{State, lot, with};
use crate::work_item;

/// A device object of `driver`, with `extension` zero bytes.
///
/// # Safety
/// `driver` is valid.
pub(crate) unsafe fn new(driver: *mut DRIVER_OBJECT, extension: usize) -> *mut DEVICE_OBJECT {
    let mut memory = vec![0u128; (OBJECT + extension).div_ceil(16)].into_boxed_slice();
    let device = memory.as_mut_ptr().cast::<DEVICE_OBJECT>();
    // SAFETY: fresh memory that is large enough; the driver by the contract.
    unsafe {
        (*device).DriverObject = driver;
        (*device).NextDevice = (*driver).DeviceObject;
        (*device).StackSize = 1;
        (*device).Flags = INITIALIZING;
        (*device).DeviceExtension = device.byte_add(OBJECT).cast();
        (*driver).DeviceObject = device;
    }
    with(|s| s.devices.insert(device.addr(), memory));
    device
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoCreateDevice(
    driver: *mut DRIVER_OBJECT,
    extension: u32,
    name: *mut UNICODE_STRING,
    _kind: u32,
    characteristics: u32,
    _exclusive: u8,
    device: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    let _entry = enter("IoCreateDevice", PASSIVE);
    if !name.is_null() {
        rule::WSK_98.broken("a named device is made without security descriptor");
    }
    if characteristics & wdk_sys::FILE_DEVICE_SECURE_OPEN == 0 {
        rule::WSK_98.broken("a device is made without FILE_DEVICE_SECURE_OPEN");
    }
    if let Some(status) = fault::status("IoCreateDevice") {
        return status;
    }
    // SAFETY: a driver object and writable memory by the contract.
    unsafe { device.write(new(driver, extension as usize)) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoDeleteDevice(device: *mut DEVICE_OBJECT) {
    let _entry = enter("IoDeleteDevice", PASSIVE);
    let address = device.addr();
    if !with(|s| s.devices.contains_key(&address) && !s.deleted_devices.contains(&address)) {
        rule::C9_240.broken("a device is deleted twice")
    }
    let is_open = with(|s| s.files.values().any(|file| file.device == address));
    if is_open && with(|s| has_requests(s, address)) {
        rule::DEVICE_WITH_REQUESTS.broken("a device is deleted while a request is pending");
    }
    if is_open && !with(|s| s.torn_out) {
        rule::DEVICE_WITH_FILES.broken("a device is deleted that has open files");
    }
    // SAFETY: the device is still there.
    unsafe {
        if !(*device).AttachedDevice.is_null() || !(*device).Reserved.is_null() {
            rule::C9_201.broken("a device is deleted that is attached, or has one attached");
        }
        let mut link = &raw mut (*(*device).DriverObject).DeviceObject;
        while *link != device {
            link = &raw mut (**link).NextDevice;
        }
        *link = (*device).NextDevice;
    }
    with(|s| {
        if is_open {
            // The object stays until the last file is closed.
            if let Some(memory) = s.devices.get_mut(&address) {
                memory[OBJECT / 16..].fill(POISON);
            }
        } else {
            s.deleted_devices.insert(address);
            release(s, address);
        }
    });
}

/// Nobody may refer to the device any more: if it is deleted, it goes.
pub(crate) fn release(s: &mut State, device: usize) {
    let referenced = work_item::refers_to(s, device) || io::is_called(s, device);
    if !referenced && s.deleted_devices.remove(&device) {
        bury(s, device);
    }
}

/// Waits for deleted devices that somebody refers to: until then their driver is not unloaded.
pub(crate) fn wait() {
    if !with(|s| s.deleted_devices.is_empty()) {
        block("deleted devices", None, |s| s.deleted_devices.is_empty());
    }
}

/// A deleted device that nobody refers to any more.
pub(crate) fn bury(s: &mut State, device: usize) {
    if let Some(mut memory) = s.devices.remove(&device) {
        memory.fill(POISON);
        s.dead_devices.push(memory);
    }
}

/// Whether the driver has pended a request for the device.
fn has_requests(s: &State, device: usize) -> bool {
    let is_of_device = |file| s.files.get(file).is_some_and(|file| file.device == device);
    let mut requests = s.requests.values();
    requests.any(|request| {
        let pends = request.done.is_none() && !io::is_dispatched(s, request.irp);
        pends && is_of_device(&request.file)
    })
}

/// `Reserved` of an attached device says what it is attached to.
#[unsafe(no_mangle)]
unsafe extern "C" fn IoAttachDeviceToDeviceStack(
    source: *mut DEVICE_OBJECT,
    target: *mut DEVICE_OBJECT,
) -> *mut DEVICE_OBJECT {
    let _entry = enter("IoAttachDeviceToDeviceStack", DISPATCH);
    if fault::fails("IoAttachDeviceToDeviceStack") {
        return null_mut();
    }
    // SAFETY: devices by the contract.
    unsafe {
        let top = top(target);
        (*top).AttachedDevice = source;
        (*source).StackSize = (*top).StackSize + 1;
        (*source).Reserved = top.cast();
        top
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoDetachDevice(target: *mut DEVICE_OBJECT) {
    let _entry = enter("IoDetachDevice", PASSIVE);
    // SAFETY: a device by the contract.
    unsafe {
        let above = (*target).AttachedDevice;
        if above.is_null() {
            rule::C9_202.broken("nothing is attached");
        }
        remove_lock::check_removed(above.addr());
        (*above).Reserved = null_mut();
        (*target).AttachedDevice = null_mut();
    }
}

/// The highest device of a stack.
///
/// # Safety
/// A valid device.
pub(crate) unsafe fn top(mut device: *mut DEVICE_OBJECT) -> *mut DEVICE_OBJECT {
    // SAFETY: by the contract; attached devices are there.
    unsafe {
        while !(*device).AttachedDevice.is_null() {
            device = (*device).AttachedDevice;
        }
    }
    device
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoRegisterDeviceInterface(
    pdo: *mut DEVICE_OBJECT,
    class: *const GUID,
    _reference: *mut UNICODE_STRING,
    name: *mut UNICODE_STRING,
) -> NTSTATUS {
    fault::call("IoRegisterDeviceInterface", PASSIVE, || {
        // SAFETY: readable by the contract.
        let path = format!(r"\??\ROOT#NET#{:08x}", unsafe { (*class).Data1 });
        let wide: Vec<u16> = path.encode_utf16().collect();
        // Pool, as the driver frees it.
        let buffer = crate::ex::give(0, wide.len() * 2, TAG).cast::<u16>();
        // SAFETY: fresh memory of that size; a writable string by the contract.
        unsafe {
            buffer.copy_from_nonoverlapping(wide.as_ptr(), wide.len());
            *name = UNICODE_STRING {
                Length: wide.len() as u16 * 2,
                MaximumLength: wide.len() as u16 * 2,
                Buffer: buffer,
            };
        }
        with(|s| s.interfaces.insert(path, (pdo.expose_provenance(), false)));
        0
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoSetDeviceInterfaceState(name: *mut UNICODE_STRING, on: u8) -> NTSTATUS {
    let _entry = enter("IoSetDeviceInterfaceState", PASSIVE);
    // A driver that cannot turn it off can do no more.
    if on != 0
        && let Some(status) = fault::status("IoSetDeviceInterfaceState")
    {
        return status;
    }
    // SAFETY: a valid string by the contract.
    let name = unsafe { text(name) };
    with(|s| match s.interfaces.get_mut(&name) {
        None => OBJECT_NAME_NOT_FOUND,
        Some((_, state)) if *state == (on != 0) => OBJECT_NAME_EXISTS,
        Some((_, state)) => {
            *state = on != 0;
            0
        }
    })
}

/// Plug and Play at the bottom of the stack: everything succeeds, now or later.
pub(crate) unsafe extern "C" fn bus(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let _entry = enter_quietly();
    with(|s| s.at_bus = true);
    let complete = move || {
        // SAFETY: the IRP is the bus driver's.
        unsafe { path::complete_with(irp, 0, 0) };
    };
    // SAFETY: the current location is the bus driver's.
    let minor = unsafe { path::minor(path::current_stack(irp)) };
    if u32::from(minor) == wdk_sys::IRP_MN_START_DEVICE && lot(2) == 0 {
        // SAFETY: as above.
        unsafe { path::mark_pending(irp) };
        crate::sched::spawn(
            "the bus driver".into(),
            crate::sched::KERNEL_STACK,
            false,
            complete,
        );
        return 0x103;
    }
    complete();
    0
}

/// Checks what AddDevice has made.
///
/// # Safety
/// `driver` is valid.
pub(crate) unsafe fn check_after_add(driver: *const DRIVER_OBJECT) {
    // SAFETY: by the contract; devices on the list are there.
    unsafe {
        let mut device = (*driver).DeviceObject;
        while !device.is_null() {
            let flags = (*device).Flags;
            if flags & INITIALIZING != 0 {
                rule::C9_243.broken("DO_DEVICE_INITIALIZING is set after AddDevice");
            }
            if flags & BOTH_WAYS == BOTH_WAYS {
                rule::C9_245.broken("a device is both DO_BUFFERED_IO and DO_DIRECT_IO");
            }
            device = (*device).NextDevice;
        }
    }
}

/// Checks what a request of Plug and Play has left of the stack on `pdo`.
///
/// # Safety
/// Both are valid.
pub(crate) unsafe fn check_after_pnp(
    driver: *const DRIVER_OBJECT,
    pdo: *const DEVICE_OBJECT,
    minor: u32,
) {
    // SAFETY: by the contract.
    let (attached, left) = unsafe {
        (
            !(*pdo).AttachedDevice.is_null(),
            !(*driver).DeviceObject.is_null(),
        )
    };
    match minor {
        wdk_sys::IRP_MN_REMOVE_DEVICE if attached => {
            rule::C9_21D.broken("a device is attached after IRP_MN_REMOVE_DEVICE")
        }
        wdk_sys::IRP_MN_REMOVE_DEVICE if left => {
            rule::C9_21E.broken("a device is there after IRP_MN_REMOVE_DEVICE")
        }
        wdk_sys::IRP_MN_SURPRISE_REMOVAL if !attached || !left => {
            rule::C9_241.broken("a device is detached or deleted by IRP_MN_SURPRISE_REMOVAL")
        }
        _ => {}
    }
}

/// Checks what is left of a driver's devices.
pub(crate) fn check_at_unload(driver: *const DRIVER_OBJECT) {
    // SAFETY: the driver object outlives the driver.
    if !unsafe { (*driver).DeviceObject }.is_null() {
        rule::DEVICE_LEFT.broken("a device is left at unload");
    }
    if with(|s| s.interfaces.values().any(|(_, on)| *on)) {
        rule::INTERFACE_LEFT.broken("a device interface is left enabled at unload");
    }
}

/// Bytes of a device object before its extension.
const OBJECT: usize = size_of::<DEVICE_OBJECT>().next_multiple_of(16);
const POISON: u128 = u128::from_ne_bytes([0xDD; 16]);
const INITIALIZING: u32 = 0x80;
const BOTH_WAYS: u32 = wdk_sys::DO_BUFFERED_IO | wdk_sys::DO_DIRECT_IO;
const TAG: u32 = u32::from_le_bytes(*b"SymL");
const OBJECT_NAME_NOT_FOUND: NTSTATUS = 0xC000_0034_u32.cast_signed();
const OBJECT_NAME_EXISTS: NTSTATUS = 0x4000_0000;
