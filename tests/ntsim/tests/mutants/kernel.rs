//! The kernel around WSK: rules 92 to 99.

use std::ptr::null_mut;

use wdk_sys::KEVENT;
use wdk_sys::ntddk::{KeAcquireSpinLockRaiseToDpc, KeInitializeEvent, KeWaitForSingleObject};

mutants! {
    waits_at_dispatch breaks WSK_92 {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        let object = (&raw mut event).cast();
        let _ = KeWaitForSingleObject(object, 0, 0, 0, null_mut());
    }
}
