//! Cancellation.

use std::ptr::null_mut;

use wdk_sys::IRP;
use wskhttp_core::nt::irp as path;

use super::state_of;
use crate::ke;
use crate::rule;
use crate::sched::{DISPATCH, enter, irql};
use crate::state::{driver, with};

#[unsafe(no_mangle)]
unsafe extern "C" fn IoAcquireCancelSpinLock(level: *mut u8) {
    let _entry = enter("IoAcquireCancelSpinLock", DISPATCH);
    if with(|s| s.current.is_some() && s.locks.get(&CANCEL_LOCK).copied() == s.current) {
        rule::CANCEL_SPIN_LOCK.broken("IoAcquireCancelSpinLock by the thread that holds it");
    }
    let old = ke::acquire(CANCEL_LOCK, null_mut());
    // SAFETY: writable by the contract.
    unsafe { level.write(old) };
}

#[unsafe(no_mangle)]
extern "C" fn IoReleaseCancelSpinLock(level: u8) {
    let _entry = enter("IoReleaseCancelSpinLock", DISPATCH);
    if with(|s| s.locks.get(&CANCEL_LOCK).copied() != s.current) {
        rule::CANCEL_SPIN_LOCK.broken("IoReleaseCancelSpinLock by a thread that does not hold it");
    }
    ke::release(CANCEL_LOCK, null_mut(), level);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoCancelIrp(irp: *mut IRP) -> u8 {
    let _entry = enter("IoCancelIrp", DISPATCH);
    if state_of(irp).is_none() {
        rule::WSK_25.broken("an IRP is cancelled that is gone");
    }
    if state_of(irp).is_some_and(|(of_driver, _)| !of_driver) {
        rule::WSK_25.broken("an IRP is cancelled by somebody else than its owner");
    }
    cancel(|| Some(irp)).into()
}

/// Cancels the IRP that `which` finds under the cancel spin lock.
pub(crate) fn cancel(which: impl FnOnce() -> Option<*mut IRP>) -> bool {
    let level = ke::acquire(CANCEL_LOCK, null_mut());
    let Some(irp) = which().filter(|irp| state_of(*irp).is_some()) else {
        ke::release(CANCEL_LOCK, null_mut(), level);
        return false;
    };
    // SAFETY: there, by the look-up.
    let (routine, device) = unsafe {
        (*irp).Cancel = 1;
        let routine = path::set_cancel_routine(irp, None);
        if routine.is_some() {
            (*irp).CancelIrql = level;
        }
        let device = if (*irp).CurrentLocation <= (*irp).StackCount {
            (*path::current_stack(irp)).DeviceObject
        } else {
            null_mut()
        };
        (routine, device)
    };
    let Some(routine) = routine else {
        ke::release(CANCEL_LOCK, null_mut(), level);
        return crate::wsk::cancel(irp);
    };
    // SAFETY: the driver's routine, called once, under the lock.
    driver(|| unsafe { routine(device, irp) });
    let held = with(|s| s.locks.get(&CANCEL_LOCK).copied() == s.current);
    if held || irql() != level {
        rule::CANCEL_SPIN_LOCK_RELEASE
            .broken("a cancel routine returned with the lock, or at another IRQL than CancelIrql");
    }
    true
}

/// The key of the cancel spin lock among the locks.
const CANCEL_LOCK: usize = 1;
