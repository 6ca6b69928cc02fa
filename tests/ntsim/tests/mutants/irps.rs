//! IRPs given to WSK: rules 14 to 27, and 92.

use std::ptr::{null, null_mut};

use wdk_sys::ntddk::{
    IoAllocateIrp, IoCancelIrp, IoFreeIrp, IoReuseIrp, KeDelayExecutionThread, KeInitializeEvent,
    KeWaitForSingleObject,
};
use wdk_sys::{DEVICE_OBJECT, IRP, KEVENT, LARGE_INTEGER, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::{
    AF_INET, IPPROTO_TCP, SOCK_STREAM, WSK_FLAG_CONNECTION_SOCKET, WSK_PROVIDER_NPI,
};

use wskhttp_ntsim::{lose_provider, rule};

use crate::client::*;

unsafe extern "C" fn lets_go(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    0
}

unsafe extern "C" {
    fn KeGetCurrentIrql() -> u8;
}

/// Waits where IRQL allows it: for an event, or without one if there is a context.
unsafe extern "C" fn waits(_: *mut DEVICE_OBJECT, _: *mut IRP, delays: PVOID) -> NTSTATUS {
    let mut event = KEVENT::default();
    let mut time = LARGE_INTEGER { QuadPart: -1 };
    // SAFETY: an event and a time on the stack.
    unsafe {
        if KeGetCurrentIrql() > 0 {
            return MORE_PROCESSING_REQUIRED;
        }
        KeInitializeEvent(&raw mut event, 0, 0);
        let _ = match delays.is_null() {
            true => KeWaitForSingleObject((&raw mut event).cast(), 0, 0, 0, &raw mut time),
            false => KeDelayExecutionThread(0, 0, &raw mut time),
        };
    }
    MORE_PROCESSING_REQUIRED
}

/// Makes sockets until one is completed at PASSIVE_LEVEL, by a routine that waits.
fn waits_when_completed(delays: PVOID) {
    let npi = capture();
    loop {
        let irp = new_irp();
        // SAFETY: new.
        unsafe { irp::set_completion_routine(irp, Some(waits), delays) };
        start_create(&npi, irp);
        a_while();
    }
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
    frees_the_irp_of_a_call_that_has_failed breaks WSK_23 on Hostile {
        fail(|irp| unsafe { IoFreeIrp(irp) });
    }
    reuses_the_irp_of_a_call_that_has_failed breaks WSK_23 on Hostile {
        fail(|irp| unsafe { IoReuseIrp(irp, 0) });
    }
    fills_the_next_location breaks WSK_18 {
        let irp = new_irp();
        (*irp::next_stack(irp)).MajorFunction = 3;
        start_create(&capture(), irp);
    }
    waits_in_a_completion_routine breaks WSK_92 {
        waits_when_completed(null_mut());
    }
    delays_a_completion_routine breaks WSK_92 {
        waits_when_completed(Box::leak(Box::new(0u64)) as *mut u64 as PVOID);
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

/// Makes sockets until a call returns an error, and ends with that one's IRP, as if it were over.
fn fail(end: impl Fn(*mut IRP)) {
    let npi = capture();
    loop {
        let irp = new_irp();
        if start(&npi, irp) < 0 {
            end(irp);
        }
    }
}

/// Notes that it has run, and PendingReturned.
unsafe extern "C" fn notes(_: *mut DEVICE_OBJECT, irp: *mut IRP, to: PVOID) -> NTSTATUS {
    // SAFETY: in the routine the IRP is ours; the context that was set.
    unsafe {
        let pending = (*irp).PendingReturned != 0;
        to.cast::<Option<bool>>().write_volatile(Some(pending));
    }
    MORE_PROCESSING_REQUIRED
}

/// WskSocket.
fn start(npi: &WSK_PROVIDER_NPI, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: as WskSocket asks for.
    unsafe {
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let none: PVOID = null_mut();
        let (table, process, thread) = (null(), none.cast(), none.cast());
        create(
            npi.Client,
            AF_INET,
            SOCK_STREAM,
            IPPROTO_TCP,
            WSK_FLAG_CONNECTION_SOCKET,
            none,
            table,
            process,
            thread,
            none,
            irp,
        )
    }
}

/// What a call to make a socket returned, whether its IRP was completed before it did, the IRP's status,
/// and its PendingReturned.
fn make(npi: &WSK_PROVIDER_NPI) -> (NTSTATUS, bool, NTSTATUS, bool) {
    let noted = &raw mut *Box::leak(Box::new(None::<bool>));
    let irp = new_irp();
    // SAFETY: as WskSocket asks for.
    unsafe {
        irp::set_completion_routine(irp, Some(notes), noted.cast());
        let returned = start(npi, irp);
        let inside = noted.read_volatile().is_some();
        a_while();
        let pending = noted.read_volatile().expect("it is completed");
        (returned, inside, irp::status(irp), pending)
    }
}

proofs! {
    a_request_that_fails_is_completed_too shows WSK_22 {
        let npi = capture();
        lose_provider();
        for _ in 0..20 {
            assert!(make(&npi).2 < 0);
        }
    }
    some_are_completed_before_the_call_returns shows WSK_23 {
        let npi = capture();
        let made = [(); 40].map(|()| make(&npi));
        let inside = made.iter().filter(|(_, inside, ..)| *inside);
        assert!((1..40).contains(&inside.count()));
        let lies = |(returned, inside, ..): &&(i32, bool, i32, bool)| *returned == 0x103 && *inside;
        assert!(made.iter().any(|one| lies(&one)), "pending, though it is over");
    }
    none_is_completed_before_the_call_returns_if_that_rule_is_off shows WSK_23 {
        rule::WSK_23.switch_off();
        let npi = capture();
        for _ in 0..40 {
            let (returned, inside, ..) = make(&npi);
            assert!(returned == 0x103 && !inside);
        }
    }
    the_mark_says_nothing_if_that_rule_is_off shows WSK_24 {
        rule::WSK_24.switch_off();
        let npi = capture();
        let made = [(); 40].map(|()| make(&npi));
        let right = |(returned, .., pending): &&(i32, bool, i32, bool)| (*returned == 0x103) == *pending;
        assert!((1..40).contains(&made.iter().filter(right).count()));
    }
    what_is_pending_is_completed_as_pending shows WSK_24 {
        let npi = capture();
        for _ in 0..40 {
            let (returned, _, _, pending) = make(&npi);
            assert_eq!(returned == 0x103, pending);
        }
    }
}
