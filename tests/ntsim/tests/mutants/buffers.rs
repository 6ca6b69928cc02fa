//! Buffers: rules 28 to 34.

use std::ptr::null_mut;

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateMdl, IoBuildPartialMdl, IoCancelIrp, IoFreeMdl,
    MmBuildMdlForNonPagedPool, MmMapLockedPagesSpecifyCache, MmProbeAndLockPages, MmUnlockPages,
    MmUnmapLockedPages,
};

use wdk_sys::MDL;
use wskhttp_core::wsk::sys::WSK_BUF;
use wskhttp_ntsim::rule;

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
    writes_to_what_is_being_sent breaks C4_1010 {
        let irp = new_irp();
        let socket = connected(irp);
        let (memory, mdl) = buffer(1 << 20);
        send(socket, mdl, 1 << 20, irp);
        let last = memory.add((1 << 20) - 1);
        last.write_volatile(last.read_volatile() ^ 1);
        IoCancelIrp(irp);
        a_while();
    }
    lets_the_description_go_if_rule_31_is_off breaks WSK_30 {
        rule::WSK_31.switch_off();
        lets_the_description_go();
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
    locks_twice breaks WSK_32 {
        let mdl = locked(1);
        MmProbeAndLockPages(mdl, 0, 1);
    }
    locks_nonpaged_pool breaks WSK_32 {
        let (_, mdl) = buffer(16);
        MmProbeAndLockPages(mdl, 0, 1);
    }
    receives_into_pages_locked_for_reading breaks WSK_32 {
        let irp = new_irp();
        receive(connected(irp), locked(0), 0, 16, irp);
    }
    unlocks_nonpaged_pool breaks WSK_33 {
        let (_, mdl) = buffer(16);
        MmUnlockPages(mdl);
    }
    unmaps_nonpaged_pool breaks WSK_33 {
        let (memory, mdl) = buffer(16);
        MmUnmapLockedPages(memory.cast(), mdl);
    }
    frees_an_mdl_that_is_locked breaks WSK_34 {
        IoFreeMdl(locked(1));
    }
    unlocks_a_part breaks WSK_34 {
        MmUnlockPages(part_of_another());
    }
    builds_a_mapped_part_anew breaks WSK_34 {
        let (memory, source) = buffer(16);
        let part = IoAllocateMdl(memory.cast(), 8, 0, 0, null_mut());
        IoBuildPartialMdl(source, part, memory.cast(), 8);
        MmMapLockedPagesSpecifyCache(part, 0, 1, null_mut(), 0, 16);
        IoBuildPartialMdl(source, part, memory.add(8).cast(), 8);
    }
    a_part_of_more_than_there_is breaks WSK_34 {
        let (memory, source) = buffer(16);
        let part = IoAllocateMdl(memory.cast(), 16, 0, 0, null_mut());
        IoBuildPartialMdl(source, part, memory.add(8).cast(), 16);
    }
    unlocks_under_a_pending_receive breaks WSK_30 {
        let irp = new_irp();
        let socket = connected(irp);
        let mdl = locked(1);
        receive(socket, mdl, 0, 16, irp);
        MmUnlockPages(mdl);
    }
    a_chain_that_is_too_short breaks WSK_29 {
        let irp = new_irp();
        let socket = connected(irp);
        let ((_, first), (_, second)) = (buffer(16), buffer(16));
        (*first).Next = second;
        receive(socket, first, 8, 25, irp);
    }
}

proofs! {
    a_chain_may_be_too_short_if_that_rule_is_off shows WSK_29 {
        rule::WSK_29.switch_off();
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 8, 16, irp);
    }
    the_description_may_go shows WSK_31 {
        lets_the_description_go();
    }
}

/// Receives, and writes to the WSK_BUF before that is over.
fn lets_the_description_go() {
    let irp = new_irp();
    let socket = connected(irp);
    let (_, mdl) = buffer(16);
    let mut part = WSK_BUF {
        Mdl: mdl,
        Offset: 0,
        Length: 16,
    };
    receive_with(socket, &mut part, 0, irp);
    // SAFETY: the provider has read it; the IRP is there.
    unsafe {
        (&raw mut part).write_bytes(0xDD, 1);
        IoCancelIrp(irp);
    }
    a_while();
}

/// An MDL whose pages are locked, to be read (0) or written (1).
fn locked(operation: u32) -> *mut MDL {
    // SAFETY: pool of that size.
    unsafe {
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        let mdl = IoAllocateMdl(memory, 16, 0, 0, null_mut());
        MmProbeAndLockPages(mdl, 0, operation.cast_signed() as _);
        mdl
    }
}

/// An MDL of the first half of another's memory.
fn part_of_another() -> *mut MDL {
    let (memory, source) = buffer(16);
    // SAFETY: a part of the source.
    unsafe {
        let part = IoAllocateMdl(memory.cast(), 8, 0, 0, null_mut());
        IoBuildPartialMdl(source, part, memory.cast(), 8);
        part
    }
}
