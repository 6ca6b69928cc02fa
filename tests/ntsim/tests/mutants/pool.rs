//! Verifier: pool.

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool, ExFreePoolWithTag};
use wskhttp_ntsim::image_gone;

use crate::client::*;

const EXECUTABLE: u64 = 0x80;

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
    frees_what_was_not_allocated breaks C4_10 {
        let memory = ExAllocatePool2(NON_PAGED, 64, TAG);
        memory.cast::<u64>().write_bytes(0, 4);
        ExFreePool(memory.cast::<u8>().add(32).cast());
    }
    writes_before breaks C4_13A {
        let memory = ExAllocatePool2(NON_PAGED, 10, TAG);
        memory.cast::<u8>().sub(1).write(7);
        ExFreePool(memory);
    }
    allocates_executable_pool breaks C4_2000 {
        ExAllocatePool2(EXECUTABLE, 10, TAG);
    }
    frees_an_irp_as_pool breaks C4_105 {
        ExFreePool(new_irp().cast());
    }
    frees_with_another_tag breaks C2_0A {
        ExFreePoolWithTag(ExAllocatePool2(NON_PAGED, 10, TAG), TAG + 1);
    }
    leaks breaks C4_62 {
        ExAllocatePool2(NON_PAGED, 10, TAG);
        image_gone();
    }
}

proofs! {
    frees_with_its_tag_or_none shows C2_0A {
        ExFreePoolWithTag(ExAllocatePool2(NON_PAGED, 10, TAG), TAG);
        ExFreePoolWithTag(ExAllocatePool2(NON_PAGED, 10, TAG), 0);
        image_gone();
    }
}
