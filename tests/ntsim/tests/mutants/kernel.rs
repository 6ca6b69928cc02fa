//! The kernel around WSK: rules 92 to 99.

use std::ptr::null_mut;

use wdk_sys::KEVENT;
use wdk_sys::ntddk::{
    KeAcquireSpinLockRaiseToDpc, KeBugCheckEx, KeInitializeEvent, KeWaitForSingleObject,
};

mutants! {
    waits_at_dispatch breaks WSK_92 {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        let object = (&raw mut event).cast();
        let _ = KeWaitForSingleObject(object, 0, 0, 0, null_mut());
    }
    waits_in_user_mode_for_its_stack breaks WSK_92 {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 1);
        let _ = KeWaitForSingleObject((&raw mut event).cast(), 0, 1, 0, null_mut());
    }
    stops_the_machine breaks BUGCHECK {
        KeBugCheckEx(0xE2, 1, 2, 3, 4)
    }
}
