//! Buffers: rules 28 to 34.

use std::ptr::null_mut;

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateMdl, IoFreeMdl, MmBuildMdlForNonPagedPool,
};

use crate::client::*;

mutants! {
    an_mdl_that_is_not_built breaks WSK_28 {
        let irp = new_irp();
        let socket = connected(irp);
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        let mdl = IoAllocateMdl(memory.cast(), 16, 0, 0, null_mut());
        receive(socket, mdl, 0, 16, irp);
    }
    no_mdl_but_a_length breaks WSK_29 {
        let irp = new_irp();
        let socket = connected(irp);
        receive(socket, null_mut(), 0, 16, irp);
    }
    an_offset_past_the_mdl breaks WSK_29 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 16, 0, irp);
    }
    a_length_past_the_mdl breaks WSK_29 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 8, 16, irp);
    }
    frees_the_memory_of_a_pending_receive breaks WSK_30 {
        let irp = new_irp();
        let socket = connected(irp);
        let (memory, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        ExFreePool(memory.cast());
    }
    frees_the_mdl_of_a_pending_receive breaks WSK_30 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        IoFreeMdl(mdl);
    }
    memory_that_is_freed breaks WSK_30 {
        let irp = new_irp();
        let socket = connected(irp);
        let (memory, mdl) = buffer(16);
        ExFreePool(memory.cast());
        receive(socket, mdl, 0, 16, irp);
    }
    builds_an_mdl_of_the_stack breaks WSK_33 {
        let on_the_stack = [0u8; 16];
        let mdl = IoAllocateMdl(on_the_stack.as_ptr().cast_mut().cast(), 16, 0, 0, null_mut());
        MmBuildMdlForNonPagedPool(mdl);
    }
}
