//! Events.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::fmt;
use core::time::Duration;

use wdk_sys::KEVENT;
use wdk_sys::ntddk::{KeClearEvent, KeInitializeEvent, KeSetEvent};

use super::irql::Passive;
use super::pool::try_box;
use super::wait::wait;
use crate::io::Error;

/// A `KEVENT` in nonpaged memory; the handle may move.
pub struct Event(Box<UnsafeCell<KEVENT>>);

/// How an event behaves once set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Stays set, and releases every waiter, until cleared.
    Notification,
    /// Releases one waiter and clears itself.
    Synchronization,
}

// SAFETY: the kernel synchronises access to the object.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    /// An event that is not set. IRQL <= DISPATCH_LEVEL (`wdm/nf-wdm-keinitializeevent`).
    ///
    /// # Errors
    /// [`super::pool::NO_MEMORY`].
    pub fn try_new(kind: EventKind) -> Result<Self, Error> {
        let event = try_box(UnsafeCell::new(KEVENT::default()))?;
        let kind = match kind {
            EventKind::Notification => wdk_sys::_EVENT_TYPE::NotificationEvent,
            EventKind::Synchronization => wdk_sys::_EVENT_TYPE::SynchronizationEvent,
        };
        // SAFETY: nonpaged memory that stays where it is.
        unsafe { KeInitializeEvent(event.get(), kind, 0) };
        Ok(Self(event))
    }

    /// Sets the event. IRQL <= DISPATCH_LEVEL.
    pub fn set(&self) {
        // SAFETY: initialised; Wait is FALSE.
        unsafe { KeSetEvent(self.0.get(), 0, 0) };
    }

    /// Clears the event. IRQL <= DISPATCH_LEVEL.
    pub fn clear(&self) {
        // SAFETY: initialised.
        unsafe { KeClearEvent(self.0.get()) };
    }

    /// Waits until it is set (true) or `bound` is over (false).
    pub fn wait(&self, passive: Passive, bound: Option<Duration>) -> bool {
        // SAFETY: initialised, and borrowed for the wait.
        unsafe { wait(passive, self.0.get().cast(), bound) }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event")
    }
}
