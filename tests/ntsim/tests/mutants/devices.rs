//! Devices and drivers: rules 7, 98 and 99, and Verifier's.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::time::Duration;

use wdk_sys::ntddk::{
    IoAttachDeviceToDeviceStack, IoCreateDevice, IoDeleteDevice, IoDetachDevice,
    IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IofCallDriver, RtlFreeUnicodeString,
};
use wdk_sys::{
    DEVICE_OBJECT, DO_BUFFERED_IO, DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DRIVER_OBJECT, GUID, IRP,
    IRP_MJ_PNP, IRP_MJ_WRITE, IRP_MN_REMOVE_DEVICE, IRP_MN_SURPRISE_REMOVAL, NTSTATUS,
    UNICODE_STRING,
};
use wskhttp_client::Operation;
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Driver, Entry, Target, as_user, sleep};

use crate::client::*;
use crate::dispatch::completes;

fn create(driver: *mut DRIVER_OBJECT, name: *mut UNICODE_STRING) -> *mut DEVICE_OBJECT {
    let mut device = null_mut();
    // SAFETY: as IoCreateDevice asks for.
    let status = unsafe { IoCreateDevice(driver, 8, name, 0x12, 0x100, 0, &raw mut device) };
    assert_eq!(status, 0);
    device
}

/// A device on `pdo`, ready but for `flags`.
unsafe fn add(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT, flags: u32) -> NTSTATUS {
    let device = create(driver, null_mut());
    // SAFETY: both are there.
    unsafe {
        IoAttachDeviceToDeviceStack(device, pdo);
        (*device).Flags = ((*device).Flags & !DO_DEVICE_INITIALIZING) | flags;
    }
    0
}

unsafe extern "C" fn adds(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { add(driver, pdo, 0) }
}

unsafe extern "C" fn adds_both(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { add(driver, pdo, DO_BUFFERED_IO | DO_DIRECT_IO) }
}

unsafe extern "C" fn adds_half(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { add(driver, pdo, DO_DEVICE_INITIALIZING) }
}

/// Adds a device, and enables an interface that nobody disables.
unsafe extern "C" fn adds_interface(
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    let class = GUID::default();
    let mut name = UNICODE_STRING::default();
    // SAFETY: of the I/O manager.
    unsafe {
        assert_eq!(
            IoRegisterDeviceInterface(pdo, &raw const class, null_mut(), &raw mut name),
            0
        );
        assert_eq!(IoSetDeviceInterfaceState(&raw mut name, 1), 0);
        RtlFreeUnicodeString(&raw mut name);
        add(driver, pdo, 0)
    }
}

unsafe extern "C" fn unload(_: *mut DRIVER_OBJECT) {}

/// What the devices of a driver do at a request of Plug and Play, before it goes on.
type Pnp = unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS;

/// The device below ours.
unsafe fn below(device: *mut DEVICE_OBJECT) -> *mut DEVICE_OBJECT {
    // SAFETY: the device below is the first that was made, at the end of no list: its own driver's.
    unsafe { (*device).Reserved.cast() }
}

/// Passes the request down, and is rid of the device as the minor functions say.
unsafe fn pnp(device: *mut DEVICE_OBJECT, irp: *mut IRP, detach: u8, delete: u8) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe {
        let below = below(device);
        let minor = irp::minor(irp::current_stack(irp));
        irp::set_status(irp, 0, 0);
        irp::skip_current_stack(irp);
        let status = IofCallDriver(below, irp);
        if minor == detach {
            IoDetachDevice(below);
        }
        if minor == delete {
            IoDeleteDevice(device);
        }
        status
    }
}

const REMOVE: u8 = IRP_MN_REMOVE_DEVICE as u8;
const SURPRISE: u8 = IRP_MN_SURPRISE_REMOVAL as u8;

unsafe extern "C" fn well(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pnp(device, irp, REMOVE, REMOVE) }
}

unsafe extern "C" fn stays_attached(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pnp(device, irp, 0xFF, 0xFF) }
}

unsafe extern "C" fn stays_there(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pnp(device, irp, REMOVE, 0xFF) }
}

unsafe extern "C" fn leaves_early(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe { pnp(device, irp, SURPRISE, SURPRISE) }
}

/// Keeps a surprise removal to itself.
unsafe extern "C" fn passes_nothing_down(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe {
        match irp::minor(irp::current_stack(irp)) {
            SURPRISE => completes(device, irp),
            _ => pnp(device, irp, REMOVE, REMOVE),
        }
    }
}

/// A DriverEntry with these routines.
macro_rules! entry {
    ($add:ident, $pnp:ident) => {{
        unsafe extern "C" fn entry(driver: *mut DRIVER_OBJECT, _: *const c_void) -> NTSTATUS {
            // SAFETY: of the I/O manager.
            unsafe {
                let pnp: Pnp = $pnp;
                (*driver).MajorFunction = [Some(pnp); 28];
                (*(*driver).DriverExtension).AddDevice = Some($add);
                (*driver).DriverUnload = Some(unload);
            }
            0
        }
        entry
    }};
}

fn load(entry: Entry) -> Driver {
    Driver::load_as(entry).expect("loaded")
}

/// Opens, pends what is written for ever, and passes on Plug and Play.
unsafe extern "C" fn pends(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: of the I/O manager.
    unsafe {
        match u32::from((*irp::current_stack(irp)).MajorFunction) {
            IRP_MJ_PNP => pnp(device, irp, SURPRISE, SURPRISE),
            IRP_MJ_WRITE => {
                irp::mark_pending(irp);
                0x103
            }
            _ => completes(device, irp),
        }
    }
}

unsafe extern "C" fn waits(_: *mut DRIVER_OBJECT, _: *const c_void) -> NTSTATUS {
    let mut npi = WSK_PROVIDER_NPI::ZEROED;
    let registration = register(&raw const DISPATCH);
    // SAFETY: registered.
    unsafe { WskCaptureProviderNPI(registration, WSK_INFINITE_WAIT, &raw mut npi) }
}

unsafe extern "C" fn has_no_unload(_: *mut DRIVER_OBJECT, _: *const c_void) -> NTSTATUS {
    0
}

unsafe extern "C" fn leaves_a_device(driver: *mut DRIVER_OBJECT, _: *const c_void) -> NTSTATUS {
    create(driver, null_mut());
    -1
}

/// Two devices, the second on the first.
fn stack() -> (*mut DEVICE_OBJECT, *mut DEVICE_OBJECT) {
    let (lower, upper) = (
        Target::new(completes).device(),
        Target::new(completes).device(),
    );
    // SAFETY: both are there.
    unsafe { IoAttachDeviceToDeviceStack(upper, lower) };
    (lower, upper)
}

mutants! {
    waits_for_the_provider_in_its_entry breaks WSK_7 {
        let _ = Driver::load_as(waits);
    }
    names_a_device_that_anyone_may_open breaks WSK_98 {
        // SAFETY: a device object's driver.
        let driver = unsafe { (*Target::new(completes).device()).DriverObject };
        create(driver, &mut UNICODE_STRING::default());
    }
    opens_names_behind_its_device_unchecked breaks WSK_98 {
        let driver = (*Target::new(completes).device()).DriverObject;
        let mut device = null_mut();
        let _ = IoCreateDevice(driver, 8, null_mut(), 0x12, 0, 0, &raw mut device);
    }
    cannot_be_unloaded breaks WSK_99 {
        let _ = Driver::load_as(has_no_unload);
    }
    leaves_its_device_initializing breaks C9_243 {
        load(entry!(adds_half, well));
    }
    is_buffered_and_direct breaks C9_245 {
        load(entry!(adds_both, well));
    }
    stays_attached_when_removed breaks C9_21D {
        load(entry!(adds, stays_attached)).remove();
    }
    keeps_its_device_when_removed breaks C9_21E {
        load(entry!(adds, stays_there)).remove();
    }
    deletes_its_device_when_surprised breaks C9_241 {
        load(entry!(adds, leaves_early)).surprise();
    }
    completes_a_removal_itself breaks PNP_IRP_COMPLETION {
        load(entry!(adds, passes_nothing_down)).surprise();
    }
    does_not_cancel_what_a_closed_handle_waits_for breaks WSK_97 {
        as_user(|| {
            let driver = load(entry!(adds_interface, pends));
            let handle = (driver.opener())().expect("open");
            let _write = handle.start(Operation::Write(vec![1]));
            handle.close();
            sleep(Duration::from_secs(3600));
        });
    }
    deletes_a_device_with_open_files breaks DEVICE_WITH_FILES {
        as_user(|| {
            let driver = load(entry!(adds_interface, pends));
            let _handle = (driver.opener())().expect("open");
            driver.surprise();
        });
    }
    deletes_a_device_with_a_request breaks DEVICE_WITH_REQUESTS {
        as_user(|| {
            let driver = load(entry!(adds_interface, pends));
            let handle = (driver.opener())().expect("open");
            let _write = handle.start(Operation::Write(vec![1]));
            driver.surprise();
        });
    }
    leaves_a_device_when_it_fails breaks DEVICE_LEFT {
        let _ = Driver::load_as(leaves_a_device);
    }
    leaves_an_interface_enabled breaks INTERFACE_LEFT {
        load(entry!(adds_interface, well)).remove();
    }
    deletes_twice breaks C9_240 {
        let device = Target::new(completes).device();
        IoDeleteDevice(device);
        IoDeleteDevice(device);
    }
    deletes_an_attached_device breaks C9_201 {
        let (_, upper) = stack();
        IoDeleteDevice(upper);
    }
    deletes_under_another_device breaks C9_201 {
        let (lower, _) = stack();
        IoDeleteDevice(lower);
    }
    detaches_twice breaks C9_202 {
        let (lower, _) = stack();
        IoDetachDevice(lower);
        IoDetachDevice(lower);
    }
}

proofs! {
    a_driver_that_does_it_well shows WSK_99 {
        let driver = load(entry!(adds, well));
        driver.surprise();
        driver.remove();
    }
}
