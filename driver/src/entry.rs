//! DriverEntry and Unload.

use alloc::boxed::Box;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{AcqRel, Acquire, Release},
};

use wdk_sys::{
    DRIVER_OBJECT, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_PNP,
    IRP_MJ_POWER, IRP_MJ_READ, IRP_MJ_SYSTEM_CONTROL, IRP_MJ_WRITE, NTSTATUS, PCUNICODE_STRING,
    PDRIVER_DISPATCH, STATUS_INVALID_LEVEL, STATUS_SUCCESS,
};
use wskhttp_core::exec::worker_count;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool::try_box;
use wskhttp_core::nt::registry::Name;
use wskhttp_core::nt::shared::Shared;

use crate::runtime::{Runtime, Services};
use crate::{device, dispatch, pnp, reserve};

/// Starts the runtime and fills the dispatch table. IRQL: PASSIVE_LEVEL.
///
/// # Safety
/// Called once by the I/O manager with the driver's own object.
#[unsafe(export_name = "DriverEntry")]
pub(crate) unsafe extern "system" fn driver_entry(
    driver: &mut DRIVER_OBJECT,
    registry_path: PCUNICODE_STRING,
) -> NTSTATUS {
    let Some(passive) = Passive::here() else {
        return STATUS_INVALID_LEVEL;
    };
    if let Err(error) = reserve::fill(passive, worker_count() + 1) {
        wdk::println!("wskhttp: not started: {error}");
        return error.status();
    }
    // The box first: a started runtime must be stopped, so nothing may fail after it.
    let started = try_box(None).and_then(|mut cell| {
        // SAFETY: the I/O manager's string.
        let service = unsafe { Name::copy(registry_path) }?;
        *cell = Some(Runtime::start(passive, service)?);
        Ok(cell)
    });
    match started {
        Ok(runtime) => RUNTIME.store(Box::into_raw(runtime), Release),
        Err(error) => {
            reserve::empty(passive);
            wdk::println!("wskhttp: not started: {error}");
            return error.status();
        }
    }

    let table: [(u32, PDRIVER_DISPATCH); 9] = [
        (IRP_MJ_CREATE, Some(dispatch::create)),
        (IRP_MJ_CLEANUP, Some(dispatch::cleanup)),
        (IRP_MJ_CLOSE, Some(dispatch::close)),
        (IRP_MJ_READ, Some(dispatch::read)),
        (IRP_MJ_WRITE, Some(dispatch::write)),
        (IRP_MJ_DEVICE_CONTROL, Some(dispatch::device_control)),
        (IRP_MJ_PNP, Some(pnp::pnp)),
        (IRP_MJ_POWER, Some(pnp::power)),
        (IRP_MJ_SYSTEM_CONTROL, Some(pnp::system_control)),
    ];
    for (major, routine) in table {
        if let Some(entry) = driver.MajorFunction.get_mut(major as usize) {
            *entry = routine;
        }
    }
    driver.DriverUnload = Some(unload);
    // SAFETY: the I/O manager's extension of our own driver object; only DriverEntry writes to it.
    if let Some(extension) = unsafe { driver.DriverExtension.as_mut() } {
        extension.AddDevice = Some(device::add);
    }
    STATUS_SUCCESS
}

/// What the tasks of handles share; `None` outside DriverEntry..Unload.
pub(crate) fn services() -> Option<Shared<Services>> {
    let runtime = RUNTIME.load(Acquire);
    // SAFETY: set once by DriverEntry to a leaked box, which only Unload takes back, and the I/O
    // manager calls no other routine of ours during or after Unload.
    let runtime = unsafe { runtime.as_ref() }?;
    runtime.as_ref().map(|runtime| runtime.services.clone())
}

unsafe extern "C" fn unload(driver: *mut DRIVER_OBJECT) {
    let Some(passive) = Passive::here() else {
        return;
    };
    // SAFETY: the driver object of the I/O manager, ours while Unload runs.
    unsafe { device::delete_all(driver, passive) };
    let runtime = RUNTIME.swap(core::ptr::null_mut(), AcqRel);
    if runtime.is_null() {
        return;
    }
    // SAFETY: it came from Box::into_raw in DriverEntry, and the swap gave it to us alone.
    let mut runtime = unsafe { Box::from_raw(runtime) };
    if let Some(runtime) = runtime.take() {
        runtime.stop(passive);
    }
    drop(runtime);
    reserve::empty(passive);
}

static RUNTIME: AtomicPtr<Option<Runtime>> = AtomicPtr::new(core::ptr::null_mut());
