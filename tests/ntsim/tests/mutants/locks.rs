//! Verifier: spin locks and synchronization objects.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, KeAcquireSpinLockRaiseToDpc, KeInitializeEvent,
    KeInitializeSemaphore, KeReleaseSemaphore, KeReleaseSpinLock, KeSetEvent,
    KeWaitForSingleObject, PsCreateSystemThread,
};
use wdk_sys::{KEVENT, KSEMAPHORE, PVOID};
use wskhttp_ntsim::{as_driver, at_irql, spawn};

use crate::client::*;

unsafe extern "C" fn acquires(lock: PVOID) {
    // SAFETY: a spin lock.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock.cast()) };
}

mutants! {
    acquires_twice breaks C4_1000 {
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
    }
    acquires_in_another_order breaks C4_1001 {
        let (mut one, mut other) = (0, 0);
        let level = KeAcquireSpinLockRaiseToDpc(&raw mut one);
        let higher = KeAcquireSpinLockRaiseToDpc(&raw mut other);
        KeReleaseSpinLock(&raw mut other, higher);
        KeReleaseSpinLock(&raw mut one, level);
        KeAcquireSpinLockRaiseToDpc(&raw mut other);
        KeAcquireSpinLockRaiseToDpc(&raw mut one);
    }
    lowers_with_a_lock_held breaks C4_1003 {
        let (mut one, mut other) = (0, 0);
        KeAcquireSpinLockRaiseToDpc(&raw mut one);
        KeAcquireSpinLockRaiseToDpc(&raw mut other);
        KeReleaseSpinLock(&raw mut one, 0);
    }
    releases_what_it_has_not breaks C4_1007 {
        let (mut one, mut other) = (0, 0);
        KeAcquireSpinLockRaiseToDpc(&raw mut one);
        KeReleaseSpinLock(&raw mut other, 0);
    }
    releases_for_another_thread breaks C4_1004 {
        let lock = Box::leak(Box::new(0u64));
        KeAcquireSpinLockRaiseToDpc(&raw mut *lock);
        let lock = (&raw mut *lock).expose_provenance();
        let other = spawn("releases", move || as_driver(|| at_irql(2, || {
            KeReleaseSpinLock(std::ptr::with_exposed_provenance_mut(lock), 2);
        })));
        other.join();
    }
    ends_with_a_lock_held breaks C4_100A {
        let mut thread = null_mut();
        let lock: *mut u64 = Box::leak(Box::new(0));
        let (none, none_either) = (null_mut(), null_mut());
        let to = &raw mut thread;
        let start = Some(acquires as unsafe extern "C" fn(PVOID));
        let _ = PsCreateSystemThread(to, 0, none, null_mut(), none_either, start, lock.cast());
        a_while();
    }
    frees_a_held_lock breaks C4_100B {
        let lock = ExAllocatePool2(NON_PAGED, 16, TAG);
        KeAcquireSpinLockRaiseToDpc(lock.cast());
        ExFreePool(lock);
    }
    sets_no_event breaks C4_E1 {
        let mut event = KEVENT::default();
        KeSetEvent(&raw mut event, 0, 0);
    }
    waits_for_no_event breaks C4_E1 {
        let mut event = KEVENT::default();
        let _ = KeWaitForSingleObject((&raw mut event).cast(), 0, 0, 0, null_mut());
    }
    releases_a_semaphore_too_far breaks SEMAPHORE_LIMIT {
        let mut semaphore = KSEMAPHORE::default();
        KeInitializeSemaphore(&raw mut semaphore, 0, 1);
        KeReleaseSemaphore(&raw mut semaphore, 0, 2, 0);
    }
    waits_for_ever breaks DEADLOCK {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        let _ = KeWaitForSingleObject((&raw mut event).cast(), 0, 0, 0, null_mut());
    }
}

proofs! {
    a_semaphore_wakes_as_many_as_it_is_released_by shows SEMAPHORE_LIMIT {
        let semaphore: *mut KSEMAPHORE = Box::leak(Box::new(KSEMAPHORE::default()));
        KeInitializeSemaphore(semaphore, 0, 3);
        let woken: &AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
        let at = semaphore.expose_provenance();
        for _ in 0..3 {
            let _waiter = spawn("waits", move || as_driver(|| {
                let semaphore = std::ptr::with_exposed_provenance_mut(at);
                let _ = KeWaitForSingleObject(semaphore, 0, 0, 0, null_mut());
                woken.fetch_add(1, SeqCst);
            }));
        }
        a_while();
        assert_eq!(woken.load(SeqCst), 0);
        assert_eq!(KeReleaseSemaphore(semaphore, 0, 2, 0), 0);
        a_while();
        assert_eq!(woken.load(SeqCst), 2);
        KeReleaseSemaphore(semaphore, 0, 1, 0);
        a_while();
        assert_eq!(woken.load(SeqCst), 3);
    }
}
