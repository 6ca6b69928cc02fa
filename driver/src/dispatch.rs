//! IRP_MJ_CREATE, CLEANUP, CLOSE, READ, WRITE, DEVICE_CONTROL.

use wdk_sys::{
    DEVICE_OBJECT, FILE_OBJECT, IO_NO_INCREMENT, IRP, NTSTATUS, STATUS_INVALID_DEVICE_STATE,
    STATUS_OBJECT_NAME_NOT_FOUND, STATUS_PENDING, STATUS_SUCCESS,
};
use wskhttp_core::nt::irp;
use wskhttp_core::nt::process::Process;
use wskhttp_core::nt::shared::Shared;

use crate::control;
use crate::device;
use crate::handle::Handle;
use crate::queue::{Entry, Operation};

/// IRP_MJ_CREATE: a handle with its task. IRQL: PASSIVE_LEVEL.
pub(crate) unsafe extern "C" fn create(object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: called by the I/O manager with both.
    let (device, _held) = match unsafe { device::hold(object, irp) } {
        Ok(kept) => kept,
        Err(status) => return status,
    };
    // SAFETY: the IRP is ours.
    let file = unsafe { file_object(irp) };
    // SAFETY: the file object of a create is the caller's alone.
    let name_length = unsafe { (*file).FileName.Length };
    if name_length != 0 {
        // Nothing lies below the device.
        // SAFETY: the IRP is ours to complete.
        return unsafe { complete(irp, STATUS_OBJECT_NAME_NOT_FOUND, 0) };
    }
    // SAFETY: the IRP is ours.
    let process = if unsafe { irp::from_user_mode(irp) } {
        // SAFETY: the IRP is ours.
        unsafe { Process::of_requestor(irp) }
    } else {
        None
    };
    let status = match Handle::open(&device.services, &device.handles, process) {
        Ok(handle) => {
            // SAFETY: as above; `close` takes the reference back.
            unsafe { (*file).FsContext = Shared::into_raw(handle).cast_mut().cast() };
            STATUS_SUCCESS
        }
        Err(error) => error.status(),
    };
    // SAFETY: the IRP is ours to complete.
    unsafe { complete(irp, status, 0) }
}

/// IRP_MJ_CLEANUP: the last handle to the file object is closed. Its request ends, nothing waits.
pub(crate) unsafe extern "C" fn cleanup(_object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the IRP is ours, its file object went through `create`.
    if let Some(handle) = unsafe { handle(irp) } {
        handle.end();
    }
    // SAFETY: the IRP is ours to complete.
    unsafe { complete(irp, STATUS_SUCCESS, 0) }
}

/// IRP_MJ_CLOSE: no IRP of the file object is left. Does what cleanup did not (Wine sends none).
pub(crate) unsafe extern "C" fn close(_object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the IRP is ours.
    let file = unsafe { file_object(irp) };
    // SAFETY: the file object is alive while its close is handled.
    let context = unsafe { core::mem::replace(&mut (*file).FsContext, core::ptr::null_mut()) };
    if !context.is_null() {
        // SAFETY: `create` put the reference there, and it was taken out above.
        let handle: Shared<Handle> = unsafe { Shared::from_raw(context.cast()) };
        handle.end();
    }
    // SAFETY: the IRP is ours to complete.
    unsafe { complete(irp, STATUS_SUCCESS, 0) }
}

/// IRP_MJ_READ: the next bytes of the response's body; the offset is ignored.
pub(crate) unsafe extern "C" fn read(_object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the IRP is ours.
    unsafe { submit(irp, Operation::Read) }
}

/// IRP_MJ_WRITE: the next bytes of the request's body; the offset is ignored.
pub(crate) unsafe extern "C" fn write(_object: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the IRP is ours.
    unsafe { submit(irp, Operation::Write) }
}

/// IRP_MJ_DEVICE_CONTROL: the codes of `wskhttp_abi`.
pub(crate) unsafe extern "C" fn device_control(
    _object: *mut DEVICE_OBJECT,
    irp: *mut IRP,
) -> NTSTATUS {
    // SAFETY: the IRP is ours.
    let begun = match unsafe { handle(irp) } {
        // SAFETY: the IRP is ours and carries a device control.
        Some(handle) => unsafe { control::begin(irp, &handle) },
        None => control::Begin::Done(STATUS_INVALID_DEVICE_STATE, 0),
    };
    match begun {
        // SAFETY: the IRP is ours; the operation is one that its code asks for.
        control::Begin::Queue(operation) => unsafe { submit(irp, operation) },
        control::Begin::Done(status, information) => {
            // SAFETY: the IRP is ours and carries a device control, that nothing looks at any more.
            unsafe { control::wipe_refused(irp) };
            // SAFETY: the IRP is ours to complete.
            unsafe { complete(irp, status, information) }
        }
    }
}

/// Completes an IRP and gives its status back.
///
/// # Safety
/// The IRP is ours; no cancel routine of ours is set in it.
pub(crate) unsafe fn complete(irp: *mut IRP, status: NTSTATUS, information: usize) -> NTSTATUS {
    // SAFETY: the caller's word.
    unsafe { irp::set_status(irp, status, information) };
    // SAFETY: the caller's word; not touched afterwards.
    unsafe { irp::complete(irp, IO_NO_INCREMENT as i8) };
    status
}

/// Completes an IRP, and leaves no key in it.
///
/// # Safety
/// The IRP is popped and disarmed.
pub(crate) unsafe fn finish(entry: Entry, status: NTSTATUS, information: usize) {
    if entry.operation == Operation::Send {
        // SAFETY: a SEND_REQUEST, ours alone.
        unsafe { control::wipe_key(entry.irp.0) };
    }
    // SAFETY: the caller's word.
    unsafe { complete(entry.irp.0, status, information) };
}

/// # Safety
/// The IRP is ours to queue or to complete.
unsafe fn submit(irp: *mut IRP, operation: Operation) -> NTSTATUS {
    // SAFETY: the IRP is ours, its file object went through `create`.
    let refused = match unsafe { handle(irp) } {
        // SAFETY: the IRP is ours; if it is queued, the handle's task completes it.
        Some(handle) => unsafe { handle.submit(irp, operation) },
        None => Err(STATUS_INVALID_DEVICE_STATE),
    };
    match refused {
        Ok(()) => STATUS_PENDING,
        Err(status) => {
            if operation == Operation::Send {
                // SAFETY: it was not queued, so it is still ours.
                unsafe { control::wipe_key(irp) };
            }
            // SAFETY: as above.
            unsafe { complete(irp, status, 0) }
        }
    }
}

/// # Safety
/// The IRP's current stack location is ours.
unsafe fn file_object(irp: *mut IRP) -> *mut FILE_OBJECT {
    // SAFETY: the caller's word.
    let stack = unsafe { irp::current_stack(irp) };
    // SAFETY: the caller's word.
    unsafe { irp::file_object(stack) }
}

/// The handle that `create` stored, with a reference of its own: as soon as the IRP is queued, it may
/// be completed and its file object closed. `None` for an IRP without file object, as kernel components
/// may send.
///
/// # Safety
/// The IRP is ours; its file object, if it has one, went through `create`.
unsafe fn handle(irp: *mut IRP) -> Option<Shared<Handle>> {
    // SAFETY: the caller's word.
    let file = unsafe { file_object(irp) };
    // SAFETY: null, or a file object of ours, alive while it has an IRP.
    let file = unsafe { file.as_ref() }?;
    // SAFETY: FsContext is null or the reference that `create` stored, which `close` takes.
    unsafe { Handle::from_context(file.FsContext) }
}
