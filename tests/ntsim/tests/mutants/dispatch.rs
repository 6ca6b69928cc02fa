//! Requests from above: rules 19, 25, 95 and 96, and Verifier's for IRPs and their completion.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use wdk_sys::ntddk::{
    IoAcquireCancelSpinLock, IoCancelIrp, IoFreeIrp, IoReleaseCancelSpinLock, IofCallDriver,
    IofCompleteRequest, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock,
};
use wdk_sys::{DEVICE_OBJECT, IRP, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_ntsim::{Dispatch, Target, at_irql};

use crate::client::*;

const PENDING: NTSTATUS = 0x103;

/// Sends an IOCTL with four bytes to a driver with this dispatch routine.
fn send(dispatch: Dispatch) -> wskhttp_ntsim::Sent {
    Target::new(dispatch).ioctl(b"four")
}

/// A dispatch routine.
macro_rules! dispatch {
    (|$device:pat_param, $irp:ident| $body:block) => {{
        unsafe extern "C" fn routine($device: *mut DEVICE_OBJECT, $irp: *mut IRP) -> NTSTATUS {
            // SAFETY: whatever a mutant does.
            #[allow(unused_unsafe)]
            unsafe {
                $body
            }
        }
        routine
    }};
}

unsafe fn complete(irp: *mut IRP, status: NTSTATUS, information: usize) -> NTSTATUS {
    // SAFETY: the caller's IRP.
    unsafe {
        irp::set_status(irp, status, information);
        IofCompleteRequest(irp, 0);
    }
    status
}

unsafe extern "C" fn cancels(_: *mut DEVICE_OBJECT, _: *mut IRP) {}

/// Takes the IRP, for a completion by nobody.
unsafe fn pend(irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the caller's IRP.
    unsafe { irp::mark_pending(irp) };
    PENDING
}

/// Completes everything.
pub(crate) unsafe extern "C" fn completes(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: from the I/O manager.
    unsafe { complete(irp, 0, 0) }
}

/// A driver below that pends the IRP, and completes it at once.
fn below() -> Target {
    Target::new(dispatch!(|_, irp| {
        irp::mark_pending(irp);
        complete(irp, 0, 0);
        PENDING
    }))
}

unsafe extern "C" fn forgets(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    0
}

unsafe extern "C" fn raises(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    raise();
    MORE_PROCESSING_REQUIRED
}

fn raise() {
    let lock = Box::leak(Box::new(0));
    // SAFETY: a spin lock that stays.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
}

/// An own IRP on its way to a driver that completes it, with this completion routine.
fn forward(routine: wdk_sys::PIO_COMPLETION_ROUTINE) {
    let irp = new_irp();
    // SAFETY: new.
    unsafe {
        irp::set_completion_routine(irp, routine, null_mut());
        let below = Target::new(completes);
        let _ = IofCallDriver(below.device(), irp);
    }
}

mutants! {
    frees_an_irp_from_above breaks WSK_19 {
        send(dispatch!(|_, irp| {
            IoFreeIrp(irp);
            0
        }));
    }
    does_not_propagate_pending breaks WSK_19 {
        send(dispatch!(|_, irp| {
            irp::copy_current_to_next(irp);
            irp::set_completion_routine(irp, Some(forgets), null_mut());
            IofCallDriver(below().device(), irp)
        }));
    }
    cancels_an_irp_from_above breaks WSK_25 {
        send(dispatch!(|_, irp| {
            IoCancelIrp(irp);
            complete(irp, 0, 0)
        }));
    }
    completes_under_a_spin_lock breaks WSK_95 {
        send(dispatch!(|_, irp| {
            let mut lock = 0;
            let level = KeAcquireSpinLockRaiseToDpc(&raw mut lock);
            let status = complete(irp, 0, 0);
            KeReleaseSpinLock(&raw mut lock, level);
            status
        }));
    }
    cannot_be_cancelled breaks WSK_96 {
        let sent = send(dispatch!(|_, irp| { pend(irp) }));
        sent.cancel();
        sent.wait();
    }
    does_not_look_whether_it_is_cancelled breaks WSK_96 {
        let sent = send(dispatch!(|_, irp| { pend(irp) }));
        let irp = sent.irp();
        sent.cancel();
        irp::set_cancel_routine(irp, Some(cancels));
        sent.wait();
    }
    completes_twice breaks DOUBLE_COMPLETION {
        send(dispatch!(|_, irp| {
            complete(irp, 0, 0);
            IofCompleteRequest(irp, 0);
            0
        }));
    }
    completes_what_is_pending_below breaks DOUBLE_COMPLETION {
        static BELOW: AtomicPtr<IRP> = AtomicPtr::new(null_mut());
        send(dispatch!(|_, irp| {
            let below = Target::new(dispatch!(|_, irp| {
                BELOW.store(irp, Relaxed);
                pend(irp)
            }));
            irp::copy_current_to_next(irp);
            let returned = IofCallDriver(below.device(), irp);
            complete(irp, 0, 0);
            returned
        }));
        IofCompleteRequest(BELOW.load(Relaxed), 0);
    }
    completes_as_pending breaks C9_06 {
        send(dispatch!(|_, irp| { complete(irp, PENDING, 0) }));
    }
    completes_with_a_cancel_routine breaks C9_07 {
        send(dispatch!(|_, irp| {
            irp::set_cancel_routine(irp, Some(cancels));
            complete(irp, 0, 0)
        }));
    }
    completes_above_dispatch breaks C9_0E {
        send(dispatch!(|_, irp| { at_irql(3, || complete(irp, 0, 0)) }));
    }
    returns_at_another_irql breaks C9_05 {
        send(dispatch!(|_, irp| {
            raise();
            pend(irp)
        }));
    }
    returns_another_status breaks C9_224 {
        send(dispatch!(|_, irp| {
            complete(irp, -2, 0);
            0
        }));
    }
    forgets_the_irp breaks C9_226 {
        send(dispatch!(|_, _irp| { 0 }));
    }
    marks_and_does_not_return_pending breaks MARK_IRP_PENDING {
        send(dispatch!(|_, irp| {
            irp::mark_pending(irp);
            complete(irp, 0, 0)
        }));
    }
    returns_pending_and_does_not_mark breaks MARK_IRP_PENDING_2 {
        send(dispatch!(|_, _irp| { PENDING }));
    }
    pends_what_it_has_completed breaks PENDED_COMPLETED_REQUEST {
        send(dispatch!(|_, irp| {
            complete(irp, 0, 0);
            PENDING
        }));
    }
    says_more_than_the_buffer_holds breaks INFORMATION {
        send(dispatch!(|_, irp| { complete(irp, 0, 9) }));
    }
    leaves_output_unwritten breaks INFORMATION {
        send(dispatch!(|_, irp| { complete(irp, 0, 8) }));
    }
    passes_on_what_is_freed breaks C9_03 {
        let target = below();
        let irp = new_irp();
        IoFreeIrp(irp);
        let _ = IofCallDriver(target.device(), irp);
    }
    passes_on_to_nobody breaks C9_03 {
        let _ = IofCallDriver(null_mut(), new_irp());
    }
    passes_on_with_a_cancel_routine breaks C9_203 {
        send(dispatch!(|_, irp| {
            irp::copy_current_to_next(irp);
            irp::set_cancel_routine(irp, Some(cancels));
            IofCallDriver(below().device(), irp)
        }));
    }
    acquires_the_cancel_lock_twice breaks CANCEL_SPIN_LOCK {
        let mut level = 0;
        IoAcquireCancelSpinLock(&raw mut level);
        IoAcquireCancelSpinLock(&raw mut level);
    }
    releases_the_cancel_lock_twice breaks CANCEL_SPIN_LOCK {
        let mut level = 0;
        IoAcquireCancelSpinLock(&raw mut level);
        IoReleaseCancelSpinLock(level);
        IoReleaseCancelSpinLock(level);
    }
    keeps_the_cancel_lock breaks CANCEL_SPIN_LOCK_RELEASE {
        let sent = send(dispatch!(|_, irp| {
            irp::set_cancel_routine(irp, Some(cancels));
            pend(irp)
        }));
        sent.cancel();
    }
    passes_its_own_on_without_routine breaks IO_ALLOCATE_FORWARD {
        let irp = wdk_sys::ntddk::IoAllocateIrp(1, 0);
        let _ = IofCallDriver(below().device(), irp);
    }
    completion_returns_at_another_irql breaks C4_FA {
        forward(Some(raises));
    }
    lets_its_own_go_on breaks WSK_16 {
        forward(Some(forgets));
    }
}
