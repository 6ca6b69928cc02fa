//! The IRPs that a handle's task has yet to complete.

use wdk_sys::IRP;

/// What an IRP asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// IOCTL_WSKHTTP_SEND_REQUEST
    Send,
    /// IOCTL_WSKHTTP_RECEIVE_RESPONSE
    Receive,
    /// IOCTL_WSKHTTP_QUERY_COOKIES
    Cookies,
    /// ReadFile
    Read,
    /// WriteFile
    Write,
}

impl Operation {
    /// Whether it begins something, and does not belong to a request under way.
    pub(crate) const fn begins(self) -> bool {
        matches!(self, Self::Send | Self::Cookies)
    }
}

/// An IRP that was marked pending and not completed: memory that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending(pub(crate) *mut IRP);

// SAFETY: only a pointer; an IRP may be read and completed on any thread.
unsafe impl Send for Pending {}

/// A queued IRP.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) irp: Pending,
    pub(crate) operation: Operation,
    /// Whose turn it is to touch the IRP when it was cancelled.
    pub(crate) cancel: Cancel,
}

/// How far a cancellation of an IRP has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// Our cancel routine is set in the IRP.
    Armed,
    /// It has run to its end.
    Ran,
    /// It was taken out before it could run.
    Disarmed,
    /// It was called, but has not run to its end: the IRP must not be completed.
    Running,
}

/// First in, first out, bounded: queuing never allocates.
pub(crate) struct Queue {
    entries: [Option<Entry>; CAPACITY],
    length: usize,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            entries: [None; CAPACITY],
            length: 0,
        }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.length == CAPACITY
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends; nothing happens when it is full.
    pub(crate) fn push(&mut self, entry: Entry) {
        if let Some(slot) = self.entries.get_mut(self.length) {
            *slot = Some(entry);
            self.length = self.length.saturating_add(1);
        }
    }

    pub(crate) fn front_mut(&mut self) -> Option<&mut Entry> {
        self.entries.first_mut()?.as_mut()
    }

    pub(crate) fn find_mut(&mut self, irp: *mut IRP) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .flatten()
            .find(|entry| entry.irp.0 == irp)
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let front = self.entries.first_mut()?.take()?;
        self.entries.rotate_left(1);
        self.length = self.length.saturating_sub(1);
        Some(front)
    }
}

/// Most IRPs pending on one handle.
const CAPACITY: usize = 16;
