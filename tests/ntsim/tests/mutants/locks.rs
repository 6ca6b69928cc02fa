//! Verifier: spin locks and synchronization objects.

use std::ptr::null_mut;

use wdk_sys::ntddk::{
    KeAcquireSpinLockRaiseToDpc, KeInitializeEvent, KeInitializeSemaphore, KeReleaseSemaphore,
    KeReleaseSpinLock, KeSetEvent, KeWaitForSingleObject,
};
use wdk_sys::{KEVENT, KSEMAPHORE};

mutants! {
    acquires_twice breaks C4_1000 {
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
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
