//! Semaphores.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::fmt;
use core::time::Duration;

use wdk_sys::KSEMAPHORE;
use wdk_sys::ntddk::{KeInitializeSemaphore, KeReleaseSemaphore};

use super::irql::Passive;
use super::pool::try_box;
use super::wait::wait;
use crate::io::Error;

/// A `KSEMAPHORE` in nonpaged memory; the handle may move.
pub struct Semaphore(Box<UnsafeCell<KSEMAPHORE>>);

// SAFETY: the kernel synchronises access to the object.
unsafe impl Send for Semaphore {}
// SAFETY: as above.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    /// A semaphore with no permit. IRQL <= DISPATCH_LEVEL (`wdm/nf-wdm-keinitializesemaphore`).
    ///
    /// # Errors
    /// [`super::pool::NO_MEMORY`].
    pub fn try_new() -> Result<Self, Error> {
        let semaphore = try_box(UnsafeCell::new(KSEMAPHORE::default()))?;
        // SAFETY: nonpaged memory that stays where it is.
        unsafe { KeInitializeSemaphore(semaphore.get(), 0, i32::MAX) };
        Ok(Self(semaphore))
    }

    /// Adds `permits`, which together stay far below 2^31 or the kernel raises an exception: no
    /// more than there are waiters. IRQL <= DISPATCH_LEVEL.
    pub fn release(&self, permits: u16) {
        if permits > 0 {
            // SAFETY: initialised; the limit is never reached, see above; Wait is FALSE.
            unsafe { KeReleaseSemaphore(self.0.get(), 0, i32::from(permits), 0) };
        }
    }

    /// Takes a permit (true), unless `bound` is over first (false).
    pub fn wait(&self, passive: Passive, bound: Option<Duration>) -> bool {
        // SAFETY: initialised, and borrowed for the wait.
        unsafe { wait(passive, self.0.get().cast(), bound) }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Semaphore")
    }
}
