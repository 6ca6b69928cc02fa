//! What a client does to an IRP that it gives to WSK: rule 18.

use std::mem::offset_of;

use wdk_sys::{IO_STACK_LOCATION, IRP};
use wskhttp_core::nt::irp as path;

use crate::io::{copy_of, forget, new_irp};

/// The bytes of an IRP, without those that the kernel changes while it is under way.
///
/// # Safety
/// A valid IRP, known to the simulator.
pub(crate) unsafe fn fixed(irp: *mut IRP) -> Vec<u8> {
    let mut bytes = copy_of(irp);
    let mut blank = |at: usize, len: usize| {
        if let Some(range) = bytes.get_mut(at..at + len) {
            range.fill(0);
        }
    };
    blank(offset_of!(IRP, IoStatus), 16);
    blank(offset_of!(IRP, PendingReturned), 1);
    blank(offset_of!(IRP, Cancel), 1);
    blank(offset_of!(IRP, CancelIrql), 1);
    blank(offset_of!(IRP, CancelRoutine), 8);
    // SAFETY: by the contract.
    let count = unsafe { (*irp).StackCount } as usize;
    for i in 0..count {
        let stack = size_of::<IRP>() + i * size_of::<IO_STACK_LOCATION>();
        blank(stack + offset_of!(IO_STACK_LOCATION, Control), 1);
    }
    bytes
}

/// Whether the client has set more in its IRP than a completion routine and its context.
///
/// # Safety
/// As [`fixed`], with a free location.
pub(crate) unsafe fn is_filled(irp: *mut IRP) -> bool {
    // SAFETY: by the contract.
    let (count, next) = unsafe { ((*irp).StackCount, path::next_stack(irp)) };
    let fresh = new_irp(count, false, None);
    // SAFETY: a new IRP as large as that.
    let wanted = unsafe {
        path_to(fresh, irp);
        fixed(fresh)
    };
    forget(fresh);
    // SAFETY: by the contract.
    let mut found = unsafe { fixed(irp) };
    let stack = next.addr() - irp.addr();
    let routine = stack + offset_of!(IO_STACK_LOCATION, CompletionRoutine);
    let context = stack + offset_of!(IO_STACK_LOCATION, Context);
    for at in [routine, context] {
        if let Some(range) = found.get_mut(at..at + 8) {
            range.fill(0);
        }
    }
    wanted != found
}

/// Makes `to` say of its locations what `from` says of its own.
///
/// # Safety
/// Two valid IRPs.
unsafe fn path_to(to: *mut IRP, from: *mut IRP) {
    // SAFETY: by the contract.
    unsafe {
        let (to, from) = (&mut (*to).Tail.Overlay, &(*from).Tail.Overlay);
        to.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation =
            from.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation;
    }
}
