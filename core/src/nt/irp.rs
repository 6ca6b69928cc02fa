//! The one place that knows where things are in an IRP and its stack locations.
//!
//! `wdm.h` has most of this as inline functions and macros, which are not bound, and bindgen numbers
//! the anonymous members of the structures. Every function takes raw pointers, because an IRP is
//! shared with the I/O manager and with the driver below.
//!
//! # Safety
//! For every function here: the IRP (or stack location) is valid, and the caller owns it at this
//! moment, as the rules for IRPs have it. IRQL <= DISPATCH_LEVEL.
#![allow(
    clippy::missing_safety_doc,
    clippy::multiple_unsafe_ops_per_block,
    reason = "one contract for all, in the module's documentation; a path through pointers and unions is one access"
)]

use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use wdk_sys::ntddk::{IoReleaseCancelSpinLock, IofCompleteRequest};
use wdk_sys::{
    DRIVER_CANCEL, IO_COMPLETION_ROUTINE, IO_STACK_LOCATION, LIST_ENTRY, NTSTATUS, PETHREAD,
    PFILE_OBJECT, PIO_STACK_LOCATION, PIRP, PMDL, PVOID,
};

/// `IoGetCurrentIrpStackLocation`.
#[must_use]
pub unsafe fn current_stack(irp: PIRP) -> PIO_STACK_LOCATION {
    // SAFETY: see the module.
    unsafe {
        (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation
    }
}

/// `IoGetNextIrpStackLocation`.
#[must_use]
pub unsafe fn next_stack(irp: PIRP) -> PIO_STACK_LOCATION {
    // SAFETY: see the module.
    unsafe { current_stack(irp) }.wrapping_sub(1)
}

/// `IoSkipCurrentIrpStackLocation`.
pub unsafe fn skip_current_stack(irp: PIRP) {
    // SAFETY: see the module.
    unsafe { move_stack(irp, 1) };
}

unsafe fn move_stack(irp: PIRP, by: i8) {
    // SAFETY: see the module.
    let location = unsafe { &raw mut (*irp).CurrentLocation };
    // SAFETY: a field of the IRP.
    let old = unsafe { *location };
    // SAFETY: a field of the IRP.
    unsafe { *location = old.wrapping_add(by) };
    // SAFETY: see the module.
    let stack = unsafe { current_stack(irp) }.wrapping_offset(isize::from(by));
    // SAFETY: see the module.
    unsafe {
        (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation = stack;
    }
}

/// `IoCopyCurrentIrpStackLocationToNext`: everything but the completion routine.
pub unsafe fn copy_current_to_next(irp: PIRP) {
    // SAFETY: see the module.
    let from = unsafe { current_stack(irp) };
    // SAFETY: see the module.
    let to = unsafe { next_stack(irp) };
    let len = core::mem::offset_of!(IO_STACK_LOCATION, CompletionRoutine);
    // SAFETY: two neighbouring stack locations.
    unsafe { core::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), len) };
    // SAFETY: a stack location of the IRP.
    unsafe { (*to).Control = 0 };
}

/// `IoSetCompletionRoutine`, called for success, error and cancel (`wdm/nf-wdm-iosetcompletionroutine`).
pub unsafe fn set_completion_routine(irp: PIRP, routine: IO_COMPLETION_ROUTINE, context: PVOID) {
    // SAFETY: see the module.
    let stack = unsafe { next_stack(irp) };
    // SAFETY: a stack location of the IRP.
    unsafe { (*stack).CompletionRoutine = routine };
    // SAFETY: a stack location of the IRP.
    unsafe { (*stack).Context = context };
    // SAFETY: a stack location of the IRP.
    unsafe { (*stack).Control = SL_INVOKE_ON_CANCEL | SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR };
}

/// `IoMarkIrpPending`.
pub unsafe fn mark_pending(irp: PIRP) {
    // SAFETY: see the module.
    let stack = unsafe { current_stack(irp) };
    // SAFETY: a stack location of the IRP.
    unsafe { (*stack).Control |= SL_PENDING_RETURNED };
}

/// `PendingReturned`: whether the driver below returned STATUS_PENDING.
#[must_use]
pub unsafe fn pending_returned(irp: PIRP) -> bool {
    // SAFETY: see the module.
    unsafe { (*irp).PendingReturned != 0 }
}

/// `IoSetCancelRoutine`: exchanges the cancel routine atomically. Safe against a cancel at the
/// same time: whoever gets the old routine owns the cancellation.
pub unsafe fn set_cancel_routine(irp: PIRP, routine: DRIVER_CANCEL) -> DRIVER_CANCEL {
    // SAFETY: see the module.
    let field = unsafe { &raw mut (*irp).CancelRoutine };
    // SAFETY: the I/O manager also accesses the field by atomic exchange.
    let field = unsafe { AtomicPtr::<core::ffi::c_void>::from_ptr(field.cast()) };
    let new = routine.map_or(core::ptr::null_mut(), |f| f as *mut core::ffi::c_void);
    let old = field.swap(new, Ordering::SeqCst);
    // SAFETY: the field holds null or such a routine, and null is None.
    unsafe { core::mem::transmute::<*mut core::ffi::c_void, DRIVER_CANCEL>(old) }
}

/// Whether a cancel was asked for.
#[must_use]
pub unsafe fn is_canceled(irp: PIRP) -> bool {
    // SAFETY: see the module.
    let field = unsafe { &raw mut (*irp).Cancel };
    // SAFETY: one byte, written by IoCancelIrp meanwhile.
    unsafe { AtomicU8::from_ptr(field) }.load(Ordering::SeqCst) != 0
}

/// Releases the cancel spin lock with which a cancel routine is called: the first thing to do there.
pub unsafe fn release_cancel_lock(irp: PIRP) {
    // SAFETY: see the module.
    let level = unsafe { (*irp).CancelIrql };
    // SAFETY: held by the caller, a cancel routine.
    unsafe { IoReleaseCancelSpinLock(level) };
}

/// Sets `IoStatus`.
pub unsafe fn set_status(irp: PIRP, status: NTSTATUS, information: usize) {
    // SAFETY: see the module.
    unsafe { (*irp).IoStatus.__bindgen_anon_1.Status = status };
    // SAFETY: see the module.
    unsafe { (*irp).IoStatus.Information = information as _ };
}

/// `IoStatus.Status`.
#[must_use]
pub unsafe fn status(irp: PIRP) -> NTSTATUS {
    // SAFETY: see the module.
    unsafe { (*irp).IoStatus.__bindgen_anon_1.Status }
}

/// `IoStatus.Information`.
#[must_use]
pub unsafe fn information(irp: PIRP) -> usize {
    // SAFETY: see the module.
    let information = unsafe { (*irp).IoStatus.Information };
    information as usize
}

/// `IoCompleteRequest`. No spin lock may be held. The IRP is gone afterwards.
pub unsafe fn complete(irp: PIRP, boost: i8) {
    // SAFETY: see the module.
    unsafe { IofCompleteRequest(irp, boost) };
}

/// Sets `IoStatus` and completes, without a priority boost.
pub unsafe fn complete_with(irp: PIRP, status: NTSTATUS, information: usize) {
    // SAFETY: see the module.
    unsafe { set_status(irp, status, information) };
    // SAFETY: see the module.
    unsafe { complete(irp, 0) };
}

/// `AssociatedIrp.SystemBuffer`: the copy of a buffered request.
#[must_use]
pub unsafe fn system_buffer(irp: PIRP) -> PVOID {
    // SAFETY: see the module.
    unsafe { (*irp).AssociatedIrp.SystemBuffer }
}

/// `MdlAddress`: the locked pages of a direct request, or null.
#[must_use]
pub unsafe fn mdl_address(irp: PIRP) -> PMDL {
    // SAFETY: see the module.
    unsafe { (*irp).MdlAddress }
}

/// `UserBuffer`.
#[must_use]
pub unsafe fn user_buffer(irp: PIRP) -> PVOID {
    // SAFETY: see the module.
    unsafe { (*irp).UserBuffer }
}

/// Whether the request came from user mode.
#[must_use]
pub unsafe fn from_user_mode(irp: PIRP) -> bool {
    // SAFETY: see the module.
    unsafe { (*irp).RequestorMode != wdk_sys::_MODE::KernelMode as i8 }
}

/// `Tail.Overlay.Thread`: who asked.
#[must_use]
pub unsafe fn thread(irp: PIRP) -> PETHREAD {
    // SAFETY: see the module.
    unsafe { (*irp).Tail.Overlay.Thread }
}

/// `Tail.Overlay.DriverContext`: four pointers for the driver that holds the IRP.
#[must_use]
pub unsafe fn driver_context(irp: PIRP) -> *mut [PVOID; 4] {
    // SAFETY: see the module.
    unsafe {
        &raw mut (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_1
            .__bindgen_anon_1
            .DriverContext
    }
}

/// `Tail.Overlay.ListEntry`: a link for the driver that holds the IRP.
#[must_use]
pub unsafe fn list_entry(irp: PIRP) -> *mut LIST_ENTRY {
    // SAFETY: see the module.
    unsafe { &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.ListEntry }
}

/// The IRP whose [`list_entry`] this is.
#[must_use]
pub unsafe fn from_list_entry(entry: *mut LIST_ENTRY) -> PIRP {
    let offset = core::mem::offset_of!(wdk_sys::IRP, Tail.Overlay.__bindgen_anon_2.ListEntry);
    entry.wrapping_byte_sub(offset).cast()
}

/// `MajorFunction` of a stack location.
#[must_use]
pub unsafe fn major(stack: PIO_STACK_LOCATION) -> u8 {
    // SAFETY: see the module.
    unsafe { (*stack).MajorFunction }
}

/// `MinorFunction` of a stack location.
#[must_use]
pub unsafe fn minor(stack: PIO_STACK_LOCATION) -> u8 {
    // SAFETY: see the module.
    unsafe { (*stack).MinorFunction }
}

/// `FileObject` of a stack location.
#[must_use]
pub unsafe fn file_object(stack: PIO_STACK_LOCATION) -> PFILE_OBJECT {
    // SAFETY: see the module.
    unsafe { (*stack).FileObject }
}

/// `Parameters.DeviceIoControl.IoControlCode`.
#[must_use]
pub unsafe fn ioctl_code(stack: PIO_STACK_LOCATION) -> u32 {
    // SAFETY: see the module.
    unsafe { (*stack).Parameters.DeviceIoControl.IoControlCode }
}

/// `Parameters.DeviceIoControl.InputBufferLength`.
#[must_use]
pub unsafe fn input_length(stack: PIO_STACK_LOCATION) -> usize {
    // SAFETY: see the module.
    let len = unsafe { (*stack).Parameters.DeviceIoControl.InputBufferLength };
    len as usize
}

/// `Parameters.DeviceIoControl.OutputBufferLength`.
#[must_use]
pub unsafe fn output_length(stack: PIO_STACK_LOCATION) -> usize {
    // SAFETY: see the module.
    let len = unsafe { (*stack).Parameters.DeviceIoControl.OutputBufferLength };
    len as usize
}

/// `Parameters.Read.Length`.
#[must_use]
pub unsafe fn read_length(stack: PIO_STACK_LOCATION) -> usize {
    // SAFETY: see the module.
    let len = unsafe { (*stack).Parameters.Read.Length };
    len as usize
}

/// `Parameters.Write.Length`.
#[must_use]
pub unsafe fn write_length(stack: PIO_STACK_LOCATION) -> usize {
    // SAFETY: see the module.
    let len = unsafe { (*stack).Parameters.Write.Length };
    len as usize
}

const SL_PENDING_RETURNED: u8 = 0x01;
const SL_INVOKE_ON_CANCEL: u8 = 0x20;
const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
const SL_INVOKE_ON_ERROR: u8 = 0x80;
