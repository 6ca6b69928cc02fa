//! Verifier: timers and DPCs.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use wdk_sys::ntddk::*;
use wdk_sys::{KDPC, KTIMER, LARGE_INTEGER, PVOID, ULONG_PTR};
use wskhttp_ntsim::{at_irql, image_gone};

use crate::client::*;

const DISPATCH: u8 = 2;
const DEVICE: u8 = 3;
const PAGED: u64 = 0x100;
const MILLISECOND: i64 = 10_000;
const NOTIFICATION: u32 = wdk_sys::_TIMER_TYPE::NotificationTimer;
const SYNCHRONIZATION: u32 = wdk_sys::_TIMER_TYPE::SynchronizationTimer;

unsafe extern "C" {
    fn KeGetCurrentIrql() -> u8;
}

/// A due time from now.
const fn after(milliseconds: i64) -> LARGE_INTEGER {
    LARGE_INTEGER {
        QuadPart: -milliseconds * MILLISECOND,
    }
}

/// Performance counter, in 100 ns.
fn now() -> i64 {
    // SAFETY: a number.
    unsafe { KeQueryPerformanceCounter(null_mut()).QuadPart }
}

fn new<T>() -> *mut T {
    // SAFETY: pool is aligned for that, and zeroed.
    unsafe { ExAllocatePool2(NON_PAGED, size_of::<T>() as u64, TAG) }.cast()
}

/// A timer in pool.
fn timer(kind: u32) -> *mut KTIMER {
    let timer = new();
    // SAFETY: new.
    unsafe { KeInitializeTimerEx(timer, kind) };
    timer
}

type Routine = unsafe extern "C" fn(*mut KDPC, PVOID, PVOID, PVOID);

/// A DPC in pool.
fn dpc(routine: Routine, context: PVOID) -> *mut KDPC {
    let dpc = new();
    // SAFETY: new.
    unsafe { KeInitializeDpc(dpc, Some(routine), context) };
    dpc
}

/// What the routine `notes` has seen: its arguments, and how often it ran.
#[derive(Default)]
struct Seen {
    count: AtomicU32,
    /// The timer to cancel when `count` is 3.
    timer: *mut KTIMER,
    at: i64,
    irql: u8,
    arguments: ULONG_PTR,
}

unsafe extern "C" fn notes(_: *mut KDPC, seen: PVOID, one: PVOID, other: PVOID) {
    // SAFETY: of the test that waits for it.
    unsafe {
        let seen = seen.cast::<Seen>();
        (*seen).at = now();
        (*seen).irql = KeGetCurrentIrql();
        (*seen).arguments = (one.addr() * 16 + other.addr()) as ULONG_PTR;
        let count = (*seen).count.fetch_add(1, SeqCst) + 1;
        if count == 3 && !(*seen).timer.is_null() {
            KeCancelTimer((*seen).timer);
        }
    }
}

unsafe extern "C" fn nothing(_: *mut KDPC, _: PVOID, _: PVOID, _: PVOID) {}

unsafe extern "C" fn lowers(_: *mut KDPC, lock: PVOID, _: PVOID, _: PVOID) {
    // SAFETY: a spin lock.
    unsafe {
        KeAcquireSpinLockRaiseToDpc(lock.cast());
        KeReleaseSpinLock(lock.cast(), 0);
    }
}

mutants! {
    frees_a_set_timer breaks C7 {
        let timer = timer(NOTIFICATION);
        KeSetTimer(timer, after(1000), null_mut());
        ExFreePool(timer.cast());
    }
    initializes_a_set_timer breaks C7 {
        let timer = timer(NOTIFICATION);
        KeSetTimer(timer, after(1000), null_mut());
        KeInitializeTimer(timer);
    }
    frees_a_queued_dpc breaks C7 {
        at_irql(DISPATCH, || {
            let dpc = dpc(nothing, null_mut());
            KeInsertQueueDpc(dpc, null_mut(), null_mut());
            ExFreePool(dpc.cast());
        });
    }
    frees_the_dpc_of_a_set_timer breaks C7 {
        let dpc = dpc(nothing, null_mut());
        KeSetTimer(timer(NOTIFICATION), after(1), dpc);
        ExFreePool(dpc.cast());
        a_while();
    }
    a_dpc_in_pageable_memory breaks C7 {
        let dpc = ExAllocatePool2(PAGED, size_of::<KDPC>() as u64, TAG);
        KeInitializeDpc(dpc.cast(), Some(nothing), null_mut());
    }
    returns_from_a_dpc_at_passive breaks C8 {
        let dpc = dpc(lowers, (&raw mut *Box::leak(Box::new(0u64))).cast());
        KeInsertQueueDpc(dpc, null_mut(), null_mut());
        a_while();
    }
    sets_a_timer_above_dispatch breaks IRQL_KE_DISPATCH_LTE {
        let timer = timer(NOTIFICATION);
        at_irql(DEVICE, || KeSetTimer(timer, after(1), null_mut()));
    }
    flushes_dpcs_at_dispatch breaks C4_E5 {
        at_irql(DISPATCH, || KeFlushQueuedDpcs());
    }
    sets_no_timer breaks C4_E1 {
        KeSetTimer(new(), after(1), null_mut());
    }
    leaves_a_timer_set breaks CE {
        KeSetTimerEx(timer(NOTIFICATION), after(1000), 1000, null_mut());
        image_gone();
    }
    leaves_a_dpc_queued breaks CE {
        at_irql(DISPATCH, || {
            KeInsertQueueDpc(dpc(nothing, null_mut()), null_mut(), null_mut());
            image_gone();
        });
    }
}

proofs! {
    a_timer_queues_its_dpc_when_it_is_due shows C7 {
        let mut seen = Seen::default();
        let (timer, dpc) = (timer(NOTIFICATION), dpc(notes, (&raw mut seen).cast()));
        let begin = now();
        assert_eq!(KeSetTimer(timer, after(500), dpc), 0, "it was not set");
        assert_eq!(KeSetTimer(timer, after(200), dpc), 1, "it was set");
        assert_eq!(KeReadStateTimer(timer), 0);
        assert_eq!(KeWaitForSingleObject(timer.cast(), 0, 0, 0, null_mut()), 0);
        KeFlushQueuedDpcs();
        assert_eq!((seen.count.load(SeqCst), seen.irql), (1, DISPATCH));
        let late = seen.at - begin - 200 * MILLISECOND;
        assert!((0..MILLISECOND).contains(&late), "{late}");
        assert_eq!(KeReadStateTimer(timer), 1, "a notification timer stays signalled");
        assert_eq!(KeCancelTimer(timer), 0, "it has expired");
        ExFreePool(timer.cast());
        ExFreePool(dpc.cast());
        image_gone();
    }
    a_periodic_timer_expires_until_it_is_cancelled shows C7 {
        let timer = timer(SYNCHRONIZATION);
        let mut seen = Seen { timer, ..Seen::default() };
        let dpc = dpc(notes, (&raw mut seen).cast());
        let begin = now();
        KeSetTimerEx(timer, after(10), 20, dpc);
        a_while();
        assert_eq!(seen.count.load(SeqCst), 3);
        let late = seen.at - begin - 50 * MILLISECOND;
        assert!((0..MILLISECOND).contains(&late), "{late}");
        assert_eq!(KeCancelTimer(timer), 0, "its DPC has cancelled it");
        assert_eq!(KeWaitForSingleObject(timer.cast(), 0, 0, 0, null_mut()), 0);
        assert_eq!(KeReadStateTimer(timer), 0, "the wait has reset it");
        ExFreePool(timer.cast());
        ExFreePool(dpc.cast());
        image_gone();
    }
    a_dpc_is_queued_once_and_can_be_removed shows C7 {
        let mut seen = Seen::default();
        let dpc = dpc(notes, (&raw mut seen).cast());
        let (one, other) = (std::ptr::without_provenance_mut(1), std::ptr::without_provenance_mut(2));
        at_irql(DISPATCH, || {
            assert_eq!(KeInsertQueueDpc(dpc, null_mut(), null_mut()), 1);
            assert_eq!(KeInsertQueueDpc(dpc, null_mut(), null_mut()), 0, "it is queued");
            assert_eq!(KeRemoveQueueDpc(dpc), 1);
            assert_eq!(KeRemoveQueueDpc(dpc), 0, "it is not queued");
            assert_eq!(KeInsertQueueDpc(dpc, one, other), 1);
        });
        KeFlushQueuedDpcs();
        assert_eq!((seen.count.load(SeqCst), seen.irql, seen.arguments), (1, DISPATCH, 0x12));
        ExFreePool(dpc.cast());
        image_gone();
    }
}
