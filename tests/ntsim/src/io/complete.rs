//! Completion.

use std::ptr::null_mut;

use wdk_sys::{IRP, NTSTATUS};
use wskhttp_core::nt::irp as path;

use super::irp::{kill, set_stack};
use super::{IrpState, SL_PENDING_RETURNED, STATUS_PENDING, set_state, state_of, unwritten};
use crate::rule;
use crate::sched::{DISPATCH, call_at, enter, irql};
use crate::state::with;

#[unsafe(no_mangle)]
unsafe extern "C" fn IofCompleteRequest(irp: *mut IRP, _boost: i8) {
    let _entry = enter("IofCompleteRequest", DISPATCH);
    match state_of(irp) {
        None => rule::DOUBLE_COMPLETION.broken("an IRP is completed that is completed, or freed"),
        // SAFETY: it is there.
        Some((true, _)) if unsafe { (*irp).CurrentLocation > (*irp).StackCount } => {
            rule::IO_ALLOCATE_COMPLETE.broken("a driver completes an IRP that it has allocated")
        }
        Some(_) => {}
    }
    if with(|s| s.current.is_some_and(|id| !s.threads[id].held.is_empty())) {
        rule::WSK_95.broken("an IRP is completed under a spin lock");
    }
    // SAFETY: looked up above.
    unsafe {
        if (*irp).CancelRoutine.is_some() {
            rule::C9_07.broken("an IRP is completed with its cancel routine set");
        }
        if matches!(path::status(irp), STATUS_PENDING | -1) {
            rule::C9_06.broken("an IRP is completed with STATUS_PENDING or -1");
        }
        unwind(irp);
    }
}

/// Calls the completion routines from the current location upwards.
///
/// # Safety
/// A valid IRP, the caller's.
pub(crate) unsafe fn unwind(irp: *mut IRP) {
    loop {
        // SAFETY: by the contract.
        let (stack, above) = unsafe {
            if (*irp).CurrentLocation > (*irp).StackCount {
                break;
            }
            let stack = path::current_stack(irp);
            let location = (*irp).CurrentLocation;
            let marked = (*stack).Control & SL_PENDING_RETURNED != 0;
            (*irp).PendingReturned = marked.into();
            let status = path::status(irp);
            with(|s| {
                for call in &mut s.dispatches {
                    if call.irp == irp.addr() && call.location == location {
                        call.completed = Some((status, marked));
                    }
                }
            });
            (*irp).CurrentLocation += 1;
            set_stack(irp, stack.add(1));
            (stack, (*irp).CurrentLocation <= (*irp).StackCount)
        };
        // SAFETY: as above.
        let (routine, wanted, context, device) = unsafe {
            let control = (*stack).Control;
            let wanted = if (*irp).Cancel != 0 && control & 0x20 != 0 {
                true
            } else if path::status(irp) >= 0 {
                control & 0x40 != 0
            } else {
                control & 0x80 != 0
            };
            let device = if above {
                (*stack.add(1)).DeviceObject
            } else {
                null_mut()
            };
            ((*stack).CompletionRoutine, wanted, (*stack).Context, device)
        };
        // SAFETY: as above.
        unsafe {
            (*stack).Control = 0;
            (*stack).CompletionRoutine = None;
        }
        let (Some(routine), true) = (routine, wanted) else {
            // SAFETY: as above.
            unsafe {
                if (*irp).PendingReturned != 0 && above {
                    path::mark_pending(irp);
                }
            }
            continue;
        };
        let of_driver = with(|s| s.irps[&irp.addr()].of_driver);
        if of_driver {
            set_state(irp, IrpState::Completed);
        }
        // SAFETY: the driver's routine, called once for this location.
        let me = with(|s| s.current).expect("a simulated thread");
        with(|s| s.threads[me].completing += 1);
        let status = call_at(irql(), rule::C4_FA, "a completion routine", || unsafe {
            routine(device, irp, context)
        });
        with(|s| s.threads[me].completing -= 1);
        if status == MORE_PROCESSING_REQUIRED {
            return;
        }
        // SAFETY: it goes on, so that the IRP is there.
        let lost = unsafe {
            let marked = above && (*path::current_stack(irp)).Control & SL_PENDING_RETURNED != 0;
            !of_driver && above && (*irp).PendingReturned != 0 && !marked
        };
        if lost {
            rule::WSK_19.broken("a completion routine does not propagate PendingReturned");
        }
        if of_driver {
            rule::WSK_16.broken(format!(
                "the completion routine of the driver's own IRP returned {status:#x}"
            ));
        }
    }
    finish(irp);
}

/// The I/O manager's end of a request.
fn finish(irp: *mut IRP) {
    // SAFETY: the IRP is the I/O manager's again.
    let (status, information) = unsafe { (path::status(irp), path::information(irp)) };
    let number = with(|s| s.irps.get(&irp.addr()).and_then(|info| info.request));
    kill(irp);
    let mdl = with(|s| {
        let request = s.requests.get_mut(&number?)?;
        let most = request.output.len().max(request.input.len());
        if information > most && request.mdl != 0 {
            rule::INFORMATION.fail(s, format!("{information} is more than the buffer holds"));
            return None;
        }
        if information > request.output.len() && request.buffered {
            rule::INFORMATION.fail(
                s,
                format!("{information} is more than the output buffer holds"),
            );
            return None;
        }
        if request.buffered && status >= 0 {
            let valid = ..information;
            let input = request.input.len();
            let later = request.system[valid].get(input..).unwrap_or_default();
            let is_old = |i: usize| (i..i + 4).all(|i| later[i] == unwritten(input + i));
            let old = (0..later.len().saturating_sub(3)).find(|i| is_old(*i));
            if let Some(i) = old {
                let text = format!("byte {} of the output was not written", input + i);
                rule::INFORMATION.fail(s, text);
                return None;
            }
            request.output[valid].copy_from_slice(&request.system[valid]);
        }
        s.secret.look_in(&request.system);
        request.irp = 0;
        request.done = Some((status, information));
        Some(request.mdl)
    });
    if let Some(mdl @ 1..) = mdl {
        crate::mm::free(std::ptr::without_provenance_mut(mdl));
    }
}

const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
