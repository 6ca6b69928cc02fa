//! IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL.

use wdk_sys::ntddk::{IofCallDriver, PoCallDriver, PoStartNextPowerIrp};
use wdk_sys::{
    DEVICE_OBJECT, IRP, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
    IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE,
    IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL, NT_SUCCESS, NTSTATUS,
    PDEVICE_OBJECT, PVOID, STATUS_INVALID_LEVEL, STATUS_MORE_PROCESSING_REQUIRED, STATUS_PENDING,
    STATUS_SUCCESS,
};
use wskhttp_core::nt::event::{Event, EventKind};
use wskhttp_core::nt::irp;
use wskhttp_core::nt::irql::Passive;

use crate::device;
use crate::dispatch::complete;

/// Plug and Play. IRQL: PASSIVE_LEVEL.
pub(crate) unsafe extern "C" fn pnp(object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let Some(passive) = Passive::here() else {
        // SAFETY: the IRP is ours to complete.
        return unsafe { complete(irp, STATUS_INVALID_LEVEL, 0) };
    };
    // SAFETY: called by the I/O manager with both.
    let (device, held) = match unsafe { device::hold(object, irp) } {
        Ok(kept) => kept,
        Err(status) => return status,
    };
    // SAFETY: the IRP's current stack location is ours.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: as above.
    let minor = u32::from(unsafe { irp::minor(stack) });
    match minor {
        IRP_MN_START_DEVICE => {
            // SAFETY: `lower` is attached below us.
            let mut status = unsafe { forward_and_wait(device.lower(), irp, passive) };
            if NT_SUCCESS(status) {
                status = device
                    .set_interface(passive, true)
                    .err()
                    .unwrap_or(STATUS_SUCCESS);
            }
            // SAFETY: forward_and_wait stopped its completion: it is ours again.
            unsafe { complete(irp, status, 0) }
        }
        IRP_MN_SURPRISE_REMOVAL => {
            device.stop(passive);
            // SAFETY: the IRP is ours to pass down.
            unsafe { pass_down(device.lower(), irp, Some(STATUS_SUCCESS)) }
        }
        IRP_MN_REMOVE_DEVICE => {
            device.stop(passive);
            // SAFETY: the IRP is ours to pass down.
            let status = unsafe { pass_down(device.lower(), irp, Some(STATUS_SUCCESS)) };
            // SAFETY: not used afterwards.
            unsafe { device::delete(device, held, passive) };
            status
        }
        IRP_MN_QUERY_REMOVE_DEVICE
        | IRP_MN_CANCEL_REMOVE_DEVICE
        | IRP_MN_QUERY_STOP_DEVICE
        | IRP_MN_CANCEL_STOP_DEVICE
        | IRP_MN_STOP_DEVICE => {
            // SAFETY: the IRP is ours to pass down.
            unsafe { pass_down(device.lower(), irp, Some(STATUS_SUCCESS)) }
        }
        // SAFETY: the IRP is ours to pass down.
        _ => unsafe { pass_down(device.lower(), irp, None) },
    }
}

/// Power: a software device has no state of its own. IRQL <= DISPATCH_LEVEL.
pub(crate) unsafe extern "C" fn power(object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the IRP is ours; the next power IRP may come before this one ends.
    unsafe { PoStartNextPowerIrp(irp) };
    // SAFETY: called by the I/O manager with both.
    let (device, _held) = match unsafe { device::hold(object, irp) } {
        Ok(kept) => kept,
        Err(status) => return status,
    };
    // SAFETY: the IRP is ours, nothing is kept in its stack location.
    unsafe { irp::skip_current_stack(irp) };
    // SAFETY: attached below us while the device is held.
    unsafe { PoCallDriver(device.lower(), irp) }
}

/// WMI: none.
pub(crate) unsafe extern "C" fn system_control(
    object: *mut DEVICE_OBJECT,
    irp: *mut IRP,
) -> NTSTATUS {
    // SAFETY: called by the I/O manager with both.
    let (device, _held) = match unsafe { device::hold(object, irp) } {
        Ok(kept) => kept,
        Err(status) => return status,
    };
    // SAFETY: the IRP is ours to pass down.
    unsafe { pass_down(device.lower(), irp, None) }
}

/// Passes the IRP down without looking at it again; `status` replaces its status first.
///
/// # Safety
/// The IRP is ours, `lower` is attached below us.
unsafe fn pass_down(lower: PDEVICE_OBJECT, irp: *mut IRP, status: Option<NTSTATUS>) -> NTSTATUS {
    if let Some(status) = status {
        // SAFETY: the IRP is ours.
        unsafe { irp::set_status(irp, status, 0) };
    }
    // SAFETY: nothing is kept in our stack location.
    unsafe { irp::skip_current_stack(irp) };
    // SAFETY: the caller's word.
    unsafe { IofCallDriver(lower, irp) }
}

/// Passes the IRP down and waits until it comes back; it is then ours to complete.
///
/// # Safety
/// The IRP is ours, `lower` is attached below us.
unsafe fn forward_and_wait(lower: PDEVICE_OBJECT, irp: *mut IRP, passive: Passive) -> NTSTATUS {
    let event = match Event::try_new(EventKind::Notification) {
        Ok(event) => event,
        Err(error) => return error.status(),
    };
    // SAFETY: the IRP has a next location: the PnP manager made one for each device of the stack.
    unsafe { irp::copy_current_to_next(irp) };
    // SAFETY: `event` outlives the wait below, which ends after the routine has set it.
    unsafe {
        irp::set_completion_routine(
            irp,
            Some(came_back),
            core::ptr::from_ref(&event).cast_mut().cast(),
        );
    }
    // SAFETY: the caller's word.
    let status = unsafe { IofCallDriver(lower, irp) };
    if status != STATUS_PENDING {
        return status;
    }
    // The bus driver answers START_DEVICE; PnP itself waits for us meanwhile.
    event.wait(passive, None);
    // SAFETY: the IRP is ours again.
    unsafe { irp::status(irp) }
}

unsafe extern "C" fn came_back(
    _object: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    context: PVOID,
) -> NTSTATUS {
    // SAFETY: the IRP is in our completion routine.
    if unsafe { irp::pending_returned(irp) } {
        // SAFETY: the event lives in `forward_and_wait`, which waits for this.
        unsafe { &*context.cast::<Event>() }.set();
    }
    STATUS_MORE_PROCESSING_REQUIRED
}
