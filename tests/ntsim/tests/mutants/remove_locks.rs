//! Verifier: remove locks.

use std::ffi::c_void;
use std::ptr::null_mut;

use wdk_sys::ntddk::{
    IoAcquireRemoveLockEx, IoAttachDeviceToDeviceStack, IoCreateDevice, IoDeleteDevice,
    IoDetachDevice, IoInitializeRemoveLockEx, IoReleaseRemoveLockAndWaitEx, IoReleaseRemoveLockEx,
    IofCallDriver,
};
use wdk_sys::{
    DEVICE_OBJECT, DO_DEVICE_INITIALIZING, DRIVER_OBJECT, IO_REMOVE_LOCK, IRP, IRP_MJ_POWER,
    IRP_MN_REMOVE_DEVICE, IRP_MN_SET_POWER, NTSTATUS, PVOID,
};
use wskhttp_core::nt::irp;
use wskhttp_ntsim::{Driver, Target, spawn};

use crate::dispatch::completes;

/// What the devices of these drivers have in their extensions.
struct Extension {
    lock: IO_REMOVE_LOCK,
    lower: *mut DEVICE_OBJECT,
}

const SIZE: u32 = size_of::<IO_REMOVE_LOCK>() as u32;
const DELETE_PENDING: NTSTATUS = 0xC000_0056_u32.cast_signed();

unsafe fn extension(device: *mut DEVICE_OBJECT) -> *mut Extension {
    // SAFETY: a device that `adds` has made.
    unsafe { (*device).DeviceExtension.cast() }
}

unsafe fn lock(device: *mut DEVICE_OBJECT) -> *mut IO_REMOVE_LOCK {
    // SAFETY: as above.
    unsafe { &raw mut (*extension(device)).lock }
}

unsafe fn acquire(device: *mut DEVICE_OBJECT, tag: PVOID) -> NTSTATUS {
    // SAFETY: an initialised lock.
    unsafe { IoAcquireRemoveLockEx(lock(device), tag, c"".as_ptr(), 0, SIZE) }
}

unsafe fn release(device: *mut DEVICE_OBJECT, tag: PVOID) {
    // SAFETY: an initialised lock.
    unsafe { IoReleaseRemoveLockEx(lock(device), tag, SIZE) }
}

unsafe fn remove(device: *mut DEVICE_OBJECT, tag: PVOID) {
    // SAFETY: an initialised lock.
    unsafe { IoReleaseRemoveLockAndWaitEx(lock(device), tag, SIZE) }
}

fn create(driver: *mut DRIVER_OBJECT) -> *mut DEVICE_OBJECT {
    let (mut device, size) = (null_mut(), size_of::<Extension>() as u32);
    // SAFETY: as IoCreateDevice asks for.
    let status =
        unsafe { IoCreateDevice(driver, size, null_mut(), 0x12, 0x100, 0, &raw mut device) };
    assert_eq!(status, 0);
    device
}

unsafe extern "C" fn adds(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    let device = create(driver);
    // SAFETY: both are there.
    unsafe {
        IoInitializeRemoveLockEx(lock(device), 0x6B63_6F6C, 0, 0, SIZE);
        (*extension(device)).lower = IoAttachDeviceToDeviceStack(device, pdo);
        (*device).Flags &= !DO_DEVICE_INITIALIZING;
    }
    0
}

unsafe extern "C" fn unload(_: *mut DRIVER_OBJECT) {}

/// What a driver does with its remove lock for a request.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Well,
    WithoutLock,
    WithoutWait,
    OtherTag,
}

/// Passes the IRP down; after a removal the device goes.
unsafe fn pass(device: *mut DEVICE_OBJECT, irp: *mut IRP, way: Way) -> NTSTATUS {
    let holds = way != Way::WithoutLock;
    // SAFETY: of the I/O manager.
    unsafe {
        if holds && acquire(device, irp.cast()) != 0 {
            irp::complete_with(irp, DELETE_PENDING, 0);
            return DELETE_PENDING;
        }
        let removal = is_removal(irp);
        if removal {
            irp::set_status(irp, 0, 0);
        }
        let lower = (*extension(device)).lower;
        irp::skip_current_stack(irp);
        let status = IofCallDriver(lower, irp);
        let tag: PVOID = match way {
            Way::OtherTag => null_mut(),
            _ => irp.cast(),
        };
        match removal {
            true if way != Way::WithoutWait => remove(device, tag),
            _ if holds => release(device, tag),
            _ => {}
        }
        if removal {
            IoDetachDevice(lower);
            IoDeleteDevice(device);
        }
        status
    }
}

unsafe fn is_removal(irp: *mut IRP) -> bool {
    // SAFETY: of the I/O manager.
    unsafe {
        let stack = irp::current_stack(irp);
        u32::from((*stack).MajorFunction) == wdk_sys::IRP_MJ_PNP
            && u32::from(irp::minor(stack)) == IRP_MN_REMOVE_DEVICE
    }
}

unsafe extern "C" fn well(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pass(device, irp, Way::Well) }
}

unsafe extern "C" fn holds_nothing(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe {
        match is_removal(irp) {
            true => pass(device, irp, Way::Well),
            false => pass(device, irp, Way::WithoutLock),
        }
    }
}

unsafe extern "C" fn does_not_wait(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pass(device, irp, Way::WithoutWait) }
}

unsafe extern "C" fn has_another_tag(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pass(device, irp, Way::OtherTag) }
}

unsafe extern "C" fn removes_with_another_tag(
    device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe {
        match is_removal(irp) {
            true => pass(device, irp, Way::OtherTag),
            false => pass(device, irp, Way::Well),
        }
    }
}

/// Loads a driver with that dispatch routine.
macro_rules! load {
    ($dispatch:ident) => {{
        unsafe extern "C" fn entry(driver: *mut DRIVER_OBJECT, _: *const c_void) -> NTSTATUS {
            // SAFETY: of the I/O manager.
            unsafe {
                (*driver).MajorFunction = [Some($dispatch); 28];
                (*(*driver).DriverExtension).AddDevice = Some(adds);
                (*driver).DriverUnload = Some(unload);
            }
            0
        }
        Driver::load_as(entry).expect("loaded")
    }};
}

mutants! {
    passes_down_without_the_lock breaks REMOVE_LOCK_FORWARD {
        load!(holds_nothing);
    }
    detaches_while_the_lock_may_be_acquired breaks REMOVE_LOCK_MN_REMOVE {
        load!(does_not_wait).remove();
    }
    releases_with_another_tag breaks C4_D5 {
        load!(has_another_tag);
    }
    removes_with_the_tag_of_another breaks C4_D6 {
        load!(removes_with_another_tag).remove();
    }
    uses_a_lock_that_is_not_initialized breaks C4_E1 {
        let driver = Target::new(completes).device();
        let device = create((*driver).DriverObject);
        let _ = acquire(device, null_mut());
    }
}

proofs! {
    a_removal_waits_for_who_holds_the_lock shows REMOVE_LOCK_MN_REMOVE {
        let driver = load!(well);
        let stack = driver.stack();
        let sender = spawn("the power manager", move || {
            for _ in 0..20 {
                let status = stack.send(IRP_MJ_POWER, IRP_MN_SET_POWER);
                assert!(status == 0 || status == DELETE_PENDING, "{status:#x}");
            }
        });
        driver.remove();
        sender.join();
    }
}
