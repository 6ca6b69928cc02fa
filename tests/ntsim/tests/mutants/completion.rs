//! What a completion routine does: rules 20, 21 and 27, and Verifier's.

use wdk_sys::{DEVICE_OBJECT, IRP, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::WSK_PROVIDER_NPI;
use wskhttp_ntsim::rule;

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

mutants! {
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
