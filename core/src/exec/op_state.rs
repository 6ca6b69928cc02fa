//! The life of an operation that the kernel completes, as one atomic byte: no FFI, no memory but
//! itself.
//!
//! ```text
//!            submit            register             take_waker
//!   idle ------------> flight ----------> waiting ------------> waking
//!    ^                  ^  ^ <-------------- |                    |
//!    |                  |  |   unregister                         |
//!    |                  finish (from flight or waking) -----> done |
//!    +--------------------------- reset ------------------------- +
//!   orphan: the owner has gone; set from flight, waiting and waking by abandon
//! ```
//!
//! The waker's cell belongs to the owner in `flight`, and to the completion in `waiting` and
//! `waking`. After `finish` the completion does not touch the operation again, unless it is an
//! orphan, which then belongs to it.

use super::atomic::{AtomicU8, Ordering};

/// State of one operation.
#[derive(Debug)]
pub(crate) struct OpState(AtomicU8);

/// What the owner found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing was submitted since the last result was taken.
    Idle,
    /// In the kernel's hands. The waker's cell is the owner's, until [`OpState::register`].
    Flight,
    /// Completing at this moment: look again soon.
    Waking,
    /// The result can be taken.
    Done,
}

impl OpState {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(IDLE))
    }

    /// Owner: `idle` to `flight`, before the kernel gets the operation.
    pub(crate) fn submit(&self) {
        self.0.store(FLIGHT, Ordering::Release);
    }

    /// Owner: what has become of it. Takes the waker's cell back from `waiting`.
    pub(crate) fn unregister(&self) -> Progress {
        match self
            .0
            .compare_exchange(WAITING, FLIGHT, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Progress::Flight,
            Err(state) => Self::progress(state),
        }
    }

    /// Owner: the waker is in its cell. Gives `Flight` if it will be called.
    pub(crate) fn register(&self) -> Progress {
        match self
            .0
            .compare_exchange(FLIGHT, WAITING, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Progress::Flight,
            Err(state) => Self::progress(state),
        }
    }

    /// Owner: what has become of it, and nothing else.
    pub(crate) fn peek(&self) -> Progress {
        Self::progress(self.0.load(Ordering::Acquire))
    }

    /// Owner: the result has been taken.
    pub(crate) fn reset(&self) {
        self.0.store(IDLE, Ordering::Release);
    }

    /// Owner: gives the operation up. True: the completion owns it now; false: the owner still does.
    pub(crate) fn abandon(&self) -> bool {
        let mut state = self.0.load(Ordering::Acquire);
        while matches!(state, FLIGHT | WAITING | WAKING) {
            // The waker stays with the operation, which nobody will wake.
            match self
                .0
                .compare_exchange_weak(state, ORPHAN, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Completion: true if there is a waker to take out of its cell, before [`OpState::finish`].
    pub(crate) fn take_waker(&self) -> bool {
        self.0
            .compare_exchange(WAITING, WAKING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Completion: the result is there. `Finished::Waker`: there is a waker after all, so take it
    /// and call again.
    pub(crate) fn finish(&self) -> Finished {
        let mut state = self.0.load(Ordering::Acquire);
        loop {
            let (next, result) = match state {
                WAITING => return Finished::Waker,
                ORPHAN => return Finished::Orphan,
                _ => (DONE, Finished::Done),
            };
            match self
                .0
                .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return result,
                Err(now) => state = now,
            }
        }
    }

    fn progress(state: u8) -> Progress {
        match state {
            IDLE => Progress::Idle,
            DONE => Progress::Done,
            WAKING => Progress::Waking,
            _ => Progress::Flight,
        }
    }
}

/// What the completion has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// Nothing more; the operation is the owner's.
    Done,
    /// Take the waker, then finish.
    Waker,
    /// The owner has gone: the operation is the completion's.
    Orphan,
}

const IDLE: u8 = 0;
const FLIGHT: u8 = 1;
const WAITING: u8 = 2;
const WAKING: u8 = 3;
const DONE: u8 = 4;
const ORPHAN: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_before_anyone_looks() {
        let op = OpState::new();
        op.submit();
        assert!(!op.take_waker());
        assert_eq!(op.finish(), Finished::Done);
        assert_eq!(op.unregister(), Progress::Done);
        op.reset();
        assert_eq!(op.peek(), Progress::Idle);
    }

    #[test]
    fn wakes_who_waits() {
        let op = OpState::new();
        op.submit();
        assert_eq!(op.unregister(), Progress::Flight);
        assert_eq!(op.register(), Progress::Flight);
        assert_eq!(op.finish(), Finished::Waker);
        assert!(op.take_waker());
        assert_eq!(op.peek(), Progress::Waking);
        assert_eq!(op.unregister(), Progress::Waking);
        assert_eq!(op.finish(), Finished::Done);
        assert_eq!(op.peek(), Progress::Done);
    }

    #[test]
    fn a_completion_between_unregister_and_register_is_seen() {
        let op = OpState::new();
        op.submit();
        assert_eq!(op.unregister(), Progress::Flight);
        assert_eq!(op.finish(), Finished::Done);
        assert_eq!(op.register(), Progress::Done);
    }

    #[test]
    fn a_completion_after_register_takes_the_new_waker() {
        let op = OpState::new();
        op.submit();
        assert!(!op.take_waker());
        assert_eq!(op.register(), Progress::Flight);
        assert_eq!(op.finish(), Finished::Waker);
    }

    #[test]
    fn an_orphan_belongs_to_its_completion() {
        for wakers in 0..2 {
            let op = OpState::new();
            op.submit();
            if wakers == 1 {
                assert_eq!(op.register(), Progress::Flight);
            }
            assert!(op.abandon());
            assert!(!op.take_waker());
            assert_eq!(op.finish(), Finished::Orphan);
        }
        let op = OpState::new();
        op.submit();
        assert_eq!(op.register(), Progress::Flight);
        assert!(op.take_waker());
        assert!(op.abandon());
        assert_eq!(op.finish(), Finished::Orphan);
    }

    #[test]
    fn a_done_or_idle_operation_stays_with_its_owner() {
        let op = OpState::new();
        assert!(!op.abandon());
        op.submit();
        assert_eq!(op.finish(), Finished::Done);
        assert!(!op.abandon());
    }
}
