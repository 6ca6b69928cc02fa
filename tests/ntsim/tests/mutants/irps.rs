//! IRPs given to WSK: rules 14 to 27.

use std::ptr::null_mut;

use wdk_sys::ntddk::{IoAllocateIrp, IoCancelIrp, IoFreeIrp, IoReuseIrp};
use wdk_sys::{DEVICE_OBJECT, IRP, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;

use crate::client::*;

unsafe extern "C" fn lets_go(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    0
}

mutants! {
    no_stack_location breaks WSK_14 {
        start_create(&capture(), IoAllocateIrp(0, 0));
    }
    no_completion_routine breaks WSK_15 {
        start_create(&capture(), IoAllocateIrp(1, 0));
    }
    not_for_cancel breaks WSK_15 {
        let irp = new_irp();
        (*irp::next_stack(irp)).Control = 0xC0;
        start_create(&capture(), irp);
    }
    lets_completion_go_on breaks WSK_16 {
        let irp = new_irp();
        irp::set_completion_routine(irp, Some(lets_go), null_mut());
        start_create(&capture(), irp);
        a_while();
    }
    uses_a_completed_irp_again breaks WSK_17 {
        let npi = capture();
        let irp = new_irp();
        create(&npi, irp);
        create(&npi, irp);
    }
    reuses_an_irp_in_flight breaks WSK_17 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        IoReuseIrp(irp, 0);
    }
    cancels_what_is_freed breaks WSK_25 {
        let irp = new_irp();
        IoFreeIrp(irp);
        IoCancelIrp(irp);
    }
    frees_an_irp_in_flight breaks WSK_26 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        IoFreeIrp(irp);
    }
    fills_the_next_location breaks WSK_18 {
        let irp = new_irp();
        (*irp::next_stack(irp)).MajorFunction = 3;
        start_create(&capture(), irp);
    }
    writes_to_an_irp_in_flight breaks WSK_18 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        (*irp).Flags = 1;
        IoCancelIrp(irp);
        a_while();
    }
}
