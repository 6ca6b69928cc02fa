//! Waiting on dispatcher objects.

use core::time::Duration;

use wdk_sys::ntddk::{KeDelayExecutionThread, KeWaitForSingleObject};
use wdk_sys::{LARGE_INTEGER, PVOID};

use super::irql::Passive;

/// Waits until `object` is signalled (true) or `bound` is over (false).
///
/// # Safety
/// `object` is an initialised dispatcher object that outlives the wait.
pub(super) unsafe fn wait(_: Passive, object: PVOID, bound: Option<Duration>) -> bool {
    let mut timeout = relative(bound.unwrap_or_default());
    let timeout = match bound {
        Some(_) => &raw mut timeout,
        None => core::ptr::null_mut(),
    };
    // SAFETY: the object by the contract; PASSIVE_LEVEL by the token; not alertable.
    let status = unsafe {
        KeWaitForSingleObject(
            object,
            wdk_sys::_KWAIT_REASON::Executive,
            wdk_sys::_MODE::KernelMode as _,
            0,
            timeout,
        )
    };
    status == STATUS_WAIT_0
}

/// Stops the thread for `time` (`wdm/nf-wdm-kedelayexecutionthread`).
pub(crate) fn pause(_: Passive, time: Duration) {
    let mut interval = relative(time);
    // SAFETY: PASSIVE_LEVEL by the token; not alertable, so it ends with the time only.
    let _success =
        unsafe { KeDelayExecutionThread(wdk_sys::_MODE::KernelMode as _, 0, &raw mut interval) };
}

/// A relative time as the kernel takes it: negative, in units of 100 ns.
fn relative(bound: Duration) -> LARGE_INTEGER {
    let ticks = i64::try_from(bound.as_nanos() / 100).unwrap_or(i64::MAX);
    LARGE_INTEGER {
        QuadPart: ticks.saturating_neg(),
    }
}

const STATUS_WAIT_0: i32 = 0;
