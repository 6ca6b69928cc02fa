//! Verifier: IRPs that the driver allocated.

use wdk_sys::ntddk::{IoFreeIrp, IofCompleteRequest};
use wskhttp_ntsim::image_gone;

use crate::client::*;

mutants! {
    completes_its_own breaks IO_ALLOCATE_COMPLETE {
        IofCompleteRequest(new_irp(), 0);
    }
    completes_what_is_freed breaks DOUBLE_COMPLETION {
        let irp = new_irp();
        IoFreeIrp(irp);
        IofCompleteRequest(irp, 0);
    }
    frees_twice breaks C9_01 {
        let irp = new_irp();
        IoFreeIrp(irp);
        IoFreeIrp(irp);
    }
    leaves_an_irp breaks IO_ALLOCATE_FREE {
        new_irp();
        image_gone();
    }
    writes_a_freed_irp breaks IRP_WRITTEN {
        let irp = new_irp();
        IoFreeIrp(irp);
        (*irp).Flags = 1;
        image_gone();
    }
}
