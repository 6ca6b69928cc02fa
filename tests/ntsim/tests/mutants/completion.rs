//! What a completion routine does: rules 20, 21 and 27, and Verifier's.

use std::time::Duration;

use wdk_sys::ntddk::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
use wdk_sys::{DEVICE_OBJECT, IRP, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::WSK_PROVIDER_NPI;
use wskhttp_ntsim::{image_gone, rule, sleep};

use crate::client::*;

unsafe extern "C" fn creates(_: *mut DEVICE_OBJECT, _: *mut IRP, npi: PVOID) -> NTSTATUS {
    // SAFETY: the context that was set.
    start_create(unsafe { &*npi.cast::<WSK_PROVIDER_NPI>() }, new_irp());
    MORE_PROCESSING_REQUIRED
}

fn create_in_completion() {
    let npi = Box::leak(Box::new(capture()));
    let irp = new_irp();
    // SAFETY: new.
    unsafe { irp::set_completion_routine(irp, Some(creates), (&raw mut *npi).cast()) };
    start_create(npi, irp);
    a_while();
}

/// Takes a while, and says at which point it is.
unsafe extern "C" fn lingers(_: *mut DEVICE_OBJECT, _: *mut IRP, point: PVOID) -> NTSTATUS {
    let point = point.cast::<u32>();
    // SAFETY: the context that was set.
    unsafe {
        point.write_volatile(1);
        let mut lock = 0;
        for _ in 0..100 {
            let level = KeAcquireSpinLockRaiseToDpc(&raw mut lock);
            KeReleaseSpinLock(&raw mut lock, level);
        }
        point.write_volatile(2);
    }
    MORE_PROCESSING_REQUIRED
}

mutants! {
    unloads_while_a_completion_routine_runs breaks WSK_27 {
        let npi = capture();
        // Until another thread is in the routine.
        loop {
            let point = (&raw mut *Box::leak(Box::new(0u32))).cast::<u32>();
            let irp = new_irp();
            irp::set_completion_routine(irp, Some(lingers), point.cast());
            start_create(&npi, irp);
            while point.read_volatile() == 0 {
                sleep(Duration::ZERO);
            }
            if point.read_volatile() == 1 {
                image_gone();
            }
        }
    }
    starts_a_request breaks WSK_20 {
        create_in_completion();
    }
}

proofs! {
    may_start_a_request_if_that_rule_is_off shows WSK_20 {
        rule::WSK_20.switch_off();
        create_in_completion();
    }
}
