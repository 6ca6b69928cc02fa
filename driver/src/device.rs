//! The device object: made by AddDevice, found by its interface, gone with REMOVE_DEVICE.

use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};

use wdk_sys::ntddk::{
    IoAttachDeviceToDeviceStack, IoCreateDevice, IoDeleteDevice, IoDetachDevice,
    IoRegisterDeviceInterface, IoSetDeviceInterfaceState, RtlFreeUnicodeString,
};
use wdk_sys::{
    DEVICE_OBJECT, DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DO_POWER_PAGABLE, DRIVER_OBJECT,
    FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, GUID, IRP, NTSTATUS, PDEVICE_OBJECT,
    STATUS_DEVICE_NOT_READY, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS, UNICODE_STRING,
};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::remove_lock::{Held, RemoveLock};
use wskhttp_core::nt::shared::Shared;

use crate::dispatch::complete;
use crate::entry;
use crate::handles::Handles;
use crate::runtime::{Services, check};

/// What the device extension holds, from AddDevice until the device object is deleted.
pub(crate) struct Device {
    object: PDEVICE_OBJECT,
    /// Held by dispatch routines that use the extension, or pass an IRP down.
    lock: RemoveLock,
    /// Next lower device of the stack; null until `add` has attached.
    lower: AtomicPtr<DEVICE_OBJECT>,
    interface: UNICODE_STRING,
    /// What its handles share with the rest of the driver.
    pub(crate) services: Shared<Services>,
    /// The handles that are open.
    pub(crate) handles: Shared<Handles>,
}

impl Device {
    /// The device behind an object of ours.
    ///
    /// # Safety
    /// `object` was made by [`add`], and is not deleted while the reference is used.
    unsafe fn of<'a>(object: *mut DEVICE_OBJECT) -> &'a Self {
        // SAFETY: a device object of ours, alive by the caller's word.
        let extension = unsafe { (*object).DeviceExtension };
        // SAFETY: `add` wrote a Device there before the I/O manager could send anything.
        unsafe { &*extension.cast::<Self>() }
    }

    /// Next lower device of the stack.
    pub(crate) fn lower(&self) -> PDEVICE_OBJECT {
        self.lower.load(Acquire)
    }

    /// Lets user mode find the device, or hides it. IRQL: PASSIVE_LEVEL.
    pub(crate) fn set_interface(&self, _passive: Passive, enabled: bool) -> Result<(), NTSTATUS> {
        let mut name = self.interface;
        // SAFETY: the name is the one that IoRegisterDeviceInterface gave; it is only read.
        check(unsafe { IoSetDeviceInterfaceState(&raw mut name, enabled.into()) })
    }

    /// Refuses new handles and ends the requests of the open ones. IRQL: PASSIVE_LEVEL.
    pub(crate) fn stop(&self, passive: Passive) {
        // Fails if the interface is off already, which is what is wanted.
        let _ = self.set_interface(passive, false);
        self.handles.stop();
    }
}

/// The device behind `object`, kept for the dispatch routine that was called with `irp`. If it is being
/// removed, the IRP is completed, with the status that this gives. IRQL <= DISPATCH_LEVEL.
///
/// # Safety
/// The I/O manager has called a dispatch routine of ours with both.
pub(crate) unsafe fn hold<'a>(
    object: *mut DEVICE_OBJECT,
    irp: *mut IRP,
) -> Result<(&'a Device, Held<'a>), NTSTATUS> {
    // SAFETY: the caller's word; the lock keeps it from here on.
    let device = unsafe { Device::of(object) };
    match device.lock.acquire(irp) {
        Ok(held) => Ok((device, held)),
        // SAFETY: the IRP is ours to complete.
        Err(status) => Err(unsafe { complete(irp, status, 0) }),
    }
}

/// AddDevice: attaches to `pdo` and registers the interface.
pub(crate) unsafe extern "C" fn add(
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    let Some(services) = entry::services() else {
        return STATUS_DEVICE_NOT_READY;
    };
    let handles = match Handles::new() {
        Ok(handles) => handles,
        Err(error) => return error.status(),
    };
    let mut object = core::ptr::null_mut();
    // SAFETY: our own driver object; an unnamed device with room for a Device in its extension.
    let created = unsafe {
        IoCreateDevice(
            driver,
            EXTENSION_SIZE,
            core::ptr::null_mut(),
            FILE_DEVICE_NETWORK,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut object,
        )
    };
    if let Err(status) = check(created) {
        return status;
    }
    // SAFETY: `pdo` is the PnP manager's.
    let interface = match unsafe { register(pdo) } {
        Ok(interface) => interface,
        Err(status) => {
            // SAFETY: made above, attached nowhere.
            unsafe { IoDeleteDevice(object) };
            return status;
        }
    };
    let device = Device {
        object,
        lock: RemoveLock::new(),
        lower: AtomicPtr::new(core::ptr::null_mut()),
        interface,
        services,
        handles,
    };
    // SAFETY: the extension has EXTENSION_SIZE bytes and pool alignment; nobody reads it yet.
    unsafe { write_extension(object, device) };
    // SAFETY: written above.
    let device = unsafe { Device::of(object) };
    // SAFETY: in the extension, where it stays; nobody uses it yet.
    unsafe { device.lock.initialize() };
    // SAFETY: both device objects are valid.
    let lower = unsafe { IoAttachDeviceToDeviceStack(object, pdo) };
    if lower.is_null() {
        // SAFETY: attached nowhere, so nobody else uses it.
        unsafe { take_apart(object) };
        return STATUS_NO_SUCH_DEVICE;
    }
    device.lower.store(lower, Release);
    // SAFETY: ours alone: the PnP manager sends nothing before AddDevice returns.
    unsafe { (*object).Flags &= !DO_DEVICE_INITIALIZING };
    STATUS_SUCCESS
}

/// REMOVE_DEVICE, after the lower driver has seen it: detaches and deletes. Waits until the handles'
/// tasks have ended, and no other dispatch routine holds the device.
///
/// # Safety
/// `device` is not used afterwards.
pub(crate) unsafe fn delete(device: &Device, held: Held<'_>, passive: Passive) {
    device.stop(passive);
    device.handles.wait(passive);
    held.remove(passive);
    // SAFETY: attached in `add`.
    unsafe { IoDetachDevice(device.lower()) };
    // SAFETY: nothing uses it any more, by the caller's word and the waits above.
    unsafe { take_apart(device.object) };
}

/// Deletes the devices that PnP has left behind when the driver unloads. Windows leaves none.
///
/// # Safety
/// `driver` is our driver object, and Unload is running.
pub(crate) unsafe fn delete_all(driver: *mut DRIVER_OBJECT, passive: Passive) {
    loop {
        // SAFETY: the driver object outlives Unload.
        let object = unsafe { (*driver).DeviceObject };
        if object.is_null() {
            return;
        }
        // SAFETY: every device object of the driver was made by `add`.
        let device = unsafe { Device::of(object) };
        // It is held by nobody: what removes a device deletes it.
        let Ok(held) = device.lock.acquire(core::ptr::null_mut()) else {
            return;
        };
        // SAFETY: not used afterwards.
        unsafe { delete(device, held, passive) };
    }
}

/// The name of a new device interface of `pdo`, in a buffer of the system's.
///
/// # Safety
/// `pdo` is the device object that AddDevice was given.
unsafe fn register(pdo: PDEVICE_OBJECT) -> Result<UNICODE_STRING, NTSTATUS> {
    let mut interface = UNICODE_STRING::default();
    // SAFETY: `pdo` by the caller's word; the system allocates the name's buffer.
    check(unsafe {
        IoRegisterDeviceInterface(
            pdo,
            &raw const INTERFACE_CLASS,
            core::ptr::null_mut(),
            &raw mut interface,
        )
    })?;
    Ok(interface)
}

/// Deletes the device object and what its extension holds.
///
/// # Safety
/// `object` is a device of ours, attached nowhere, and nothing uses it any more.
unsafe fn take_apart(object: PDEVICE_OBJECT) {
    // SAFETY: alive until IoDeleteDevice below.
    let device = core::ptr::from_ref(unsafe { Device::of(object) });
    // SAFETY: moved out once: the object is deleted below.
    let mut device = unsafe { device.read() };
    // SAFETY: the buffer is the one that IoRegisterDeviceInterface allocated.
    unsafe { RtlFreeUnicodeString(&raw mut device.interface) };
    // SAFETY: made by IoCreateDevice; nothing of ours refers to it after this.
    unsafe { IoDeleteDevice(device.object) };
}

/// # Safety
/// `object` is new, its extension has room for a Device.
unsafe fn write_extension(object: PDEVICE_OBJECT, device: Device) {
    // SAFETY: the object is ours alone until DO_DEVICE_INITIALIZING is cleared.
    let Some(object) = NonNull::new(object).map(|mut object| unsafe { object.as_mut() }) else {
        return;
    };
    // SAFETY: the caller's word; the old content is the I/O manager's zeroes, which need no drop.
    unsafe { object.DeviceExtension.cast::<Device>().write(device) };
    object.Flags |= DO_DIRECT_IO | DO_POWER_PAGABLE;
}

const EXTENSION_SIZE: u32 = size_of::<Device>() as u32;

static INTERFACE_CLASS: GUID = {
    let (data1, data2, data3, data4) = wskhttp_abi::INTERFACE_CLASS;
    GUID {
        Data1: data1,
        Data2: data2,
        Data3: data3,
        Data4: data4,
    }
};
