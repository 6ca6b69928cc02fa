//! Verifier: pool.

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool};
use wskhttp_ntsim::image_gone;

use crate::client::*;

mutants! {
    allocates_nothing breaks C4_00 {
        ExAllocatePool2(NON_PAGED, 0, TAG);
    }
    allocates_without_tag breaks C4_00 {
        ExAllocatePool2(NON_PAGED, 1, 0);
    }
    frees_twice breaks C4_13 {
        let memory = ExAllocatePool2(NON_PAGED, 10, TAG);
        ExFreePool(memory);
        ExFreePool(memory);
    }
    writes_behind breaks C4_51 {
        let memory = ExAllocatePool2(NON_PAGED, 10, TAG);
        memory.cast::<u8>().add(10).write(0);
        ExFreePool(memory);
    }
    writes_what_is_freed breaks CC {
        let memory = ExAllocatePool2(NON_PAGED, 10, TAG);
        ExFreePool(memory);
        memory.cast::<u8>().write(0);
        image_gone();
    }
    leaks breaks C4_62 {
        ExAllocatePool2(NON_PAGED, 10, TAG);
        image_gone();
    }
}
