//! Pageable memory, and the end of the stack: rules 13, 21, 32, 33 and 93, and Verifier's.

use std::hint::black_box;

use wdk_sys::KEVENT;
use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateMdl, KeAcquireSpinLockRaiseToDpc, KeInitializeEvent,
    KeInitializeSemaphore, KeReleaseSpinLock, MmBuildMdlForNonPagedPool, MmProbeAndLockPages,
    PsCreateSystemThread,
};
use wskhttp_core::nt::irp;
use wskhttp_ntsim::{at_irql, image_gone};

use std::ffi::c_void;
use std::ptr::null_mut;

use crate::client::*;

const PAGED: u64 = 0x100;

fn paged(len: u64) -> *mut u8 {
    // SAFETY: a size and a tag.
    unsafe { ExAllocatePool2(PAGED, len, TAG) }.cast()
}

/// Runs `start` on a system thread.
fn on_system_thread(start: unsafe extern "C" fn(*mut c_void)) {
    let mut thread = null_mut();
    let to = &raw mut thread;
    // SAFETY: as PsCreateSystemThread asks for.
    unsafe {
        let (attributes, client) = (null_mut(), null_mut());
        let (process, context) = (null_mut(), null_mut());
        let _ = PsCreateSystemThread(to, 0, attributes, process, client, Some(start), context);
    }
    a_while();
}

/// Uses up the stack, and makes no call of the kernel.
fn dig(depth: u32) -> u32 {
    let frame = black_box([depth; 256]);
    frame[0] + if depth == 0 { 0 } else { dig(depth - 1) }
}

unsafe extern "C" fn digs(_: *mut c_void) {
    black_box(dig(black_box(1_000_000)));
}

/// Makes calls of the kernel from deeper and deeper down.
fn call_from(depth: u32) {
    let frame = black_box([depth; 256]);
    let mut event = KEVENT::default();
    // SAFETY: on the stack.
    unsafe { KeInitializeEvent(&raw mut event, 0, 0) };
    if depth > 0 {
        call_from(depth - 1);
    }
    black_box(frame);
}

unsafe extern "C" fn calls_deep_down(_: *mut c_void) {
    call_from(10_000);
}

mutants! {
    calls_a_function_that_is_not_there breaks WSK_13 {
        let socket = create(&capture(), new_irp());
        let missing = table(socket).WskSendEx;
        std::arch::asm!("call {}", in(reg) missing, clobber_abi("C"));
    }
    a_context_in_pageable_memory breaks WSK_21 {
        let irp = new_irp();
        irp::set_completion_routine(irp, Some(keeps), paged(16).cast());
        start_create(&capture(), irp);
    }
    builds_an_mdl_of_pageable_memory breaks WSK_33 {
        let mdl = IoAllocateMdl(paged(16).cast(), 16, 0, 0, null_mut());
        MmBuildMdlForNonPagedPool(mdl);
    }
    locks_pageable_memory_at_dispatch breaks WSK_32 {
        let mdl = IoAllocateMdl(paged(16).cast(), 16, 0, 0, null_mut());
        at_irql(2, || MmProbeAndLockPages(mdl, 0, 1));
    }
    runs_over_its_stack breaks WSK_93 {
        on_system_thread(digs);
    }
    calls_with_too_little_stack breaks WSK_93 {
        on_system_thread(calls_deep_down);
    }
    reads_pageable_memory_at_dispatch breaks D1 {
        let memory = paged(16);
        at_irql(2, || memory.read_volatile());
    }
    writes_pageable_memory_under_a_lock breaks D1 {
        let memory = paged(16);
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        memory.write_volatile(1);
    }
    allocates_paged_at_dispatch breaks IRQL_EX_ALLOCATE_POOL {
        at_irql(2, || paged(16));
    }
    frees_paged_at_dispatch breaks IRQL_EX_FREE {
        let memory = paged(16);
        at_irql(2, || ExFreePool(memory.cast()));
    }
    an_event_in_pageable_memory breaks C4_E1 {
        KeInitializeEvent(paged(64).cast(), 0, 0);
    }
    a_semaphore_in_pageable_memory breaks C4_E1 {
        KeInitializeSemaphore(paged(64).cast(), 0, 1);
    }
    leaks_paged_pool breaks C4_62 {
        paged(16);
        image_gone();
    }
}

proofs! {
    pageable_memory_comes_back_when_irql_falls shows D1 {
        let memory = paged(16);
        let mut lock = 0;
        for value in 0..10 {
            memory.write_volatile(value);
            let level = KeAcquireSpinLockRaiseToDpc(&raw mut lock);
            KeReleaseSpinLock(&raw mut lock, level);
            assert_eq!(memory.read_volatile(), value);
        }
        ExFreePool(memory.cast());
        image_gone();
    }
}
