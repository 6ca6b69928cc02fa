//! The life of a task, as one atomic word: no FFI, no memory but itself.
//!
//! ```text
//!           wake                start                 complete
//!  idle ----------> scheduled ---------> running --------------> complete
//!   ^                   ^                  | |
//!   |                   +---- pause -------+ |   (woken while it ran)
//!   +------------------------ pause ---------+
//! ```
//!
//! References are counted in the same word: one for each waker, and one for being scheduled or
//! running. A task that is not complete and has no reference left can never be woken; whoever
//! drops the last reference must schedule it once more, so that a worker drops its future.

use super::atomic::{AtomicU32, Ordering};

/// State and number of references of one task.
#[derive(Debug)]
pub(crate) struct TaskState(AtomicU32);

/// What to do after a reference was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Others are left.
    Kept,
    /// Free the task's memory.
    Free,
    /// Put it into the run queue; it is scheduled and referenced already.
    Schedule,
}

/// What to do after a poll that was not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paused {
    /// Nothing: a waker will schedule it.
    Idle,
    /// Put it into the run queue: it was woken meanwhile.
    Schedule,
    /// No waker is left: drop the future, then [`TaskState::complete`].
    Abandoned,
}

impl TaskState {
    /// A task that is scheduled.
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(REFERENCE | SCHEDULED))
    }

    /// Records a wake-up. True: the caller puts the task into the run queue.
    pub(crate) fn wake(&self) -> bool {
        self.update(|state| {
            if state & (COMPLETE | SCHEDULED) != 0 {
                (state, false)
            } else if state & RUNNING != 0 {
                (state | SCHEDULED, false)
            } else {
                ((state | SCHEDULED).wrapping_add(REFERENCE), true)
            }
        })
    }

    /// A worker took the task out of the run queue. False: nobody can wake it any more, so drop the
    /// future instead of polling it.
    pub(crate) fn start(&self) -> bool {
        self.update(|state| {
            let abandoned = state & ABANDONED != 0;
            ((state & !SCHEDULED) | RUNNING, !abandoned)
        })
    }

    /// The future was polled and is not ready.
    pub(crate) fn pause(&self) -> Paused {
        self.update(|state| {
            if state & SCHEDULED != 0 {
                (state & !RUNNING, Paused::Schedule)
            } else if state & REFERENCES == REFERENCE {
                (state, Paused::Abandoned)
            } else {
                ((state & !RUNNING).wrapping_sub(REFERENCE), Paused::Idle)
            }
        })
    }

    /// The future has been dropped. True: free the task's memory.
    pub(crate) fn complete(&self) -> bool {
        self.update(|state| {
            let state = (state & REFERENCES).wrapping_sub(REFERENCE) | COMPLETE;
            (state, state & REFERENCES == 0)
        })
    }

    /// A waker was cloned.
    pub(crate) fn add_reference(&self) {
        self.0.fetch_add(REFERENCE, Ordering::Relaxed);
    }

    /// A waker was dropped.
    pub(crate) fn drop_reference(&self) -> Dropped {
        self.update(|state| {
            let left = state.wrapping_sub(REFERENCE);
            if left & REFERENCES != 0 {
                (left, Dropped::Kept)
            } else if state & COMPLETE != 0 {
                (left, Dropped::Free)
            } else {
                (state | SCHEDULED | ABANDONED, Dropped::Schedule)
            }
        })
    }

    fn update<T>(&self, change: impl Fn(u32) -> (u32, T)) -> T {
        let mut state = self.0.load(Ordering::Acquire);
        loop {
            let (next, result) = change(state);
            match self
                .0
                .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return result,
                Err(now) => state = now,
            }
        }
    }
}

const SCHEDULED: u32 = 1;
const RUNNING: u32 = 2;
const COMPLETE: u32 = 4;
const ABANDONED: u32 = 8;
const REFERENCE: u32 = 16;
const REFERENCES: u32 = !(REFERENCE - 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_schedules_once() {
        let task = TaskState::new();
        assert!(!task.wake(), "it is scheduled from the start");
        assert!(task.start());
        task.add_reference();
        assert_eq!(task.pause(), Paused::Idle);
        assert!(task.wake());
        assert!(!task.wake());
    }

    #[test]
    fn a_wake_while_running_is_kept() {
        let task = TaskState::new();
        assert!(task.start());
        task.add_reference();
        assert!(!task.wake());
        assert_eq!(task.pause(), Paused::Schedule);
        assert!(task.start());
        assert_eq!(task.pause(), Paused::Idle);
    }

    #[test]
    fn a_complete_task_is_not_woken_and_lives_until_its_last_waker() {
        let task = TaskState::new();
        assert!(task.start());
        task.add_reference();
        task.add_reference();
        assert!(!task.complete());
        assert!(!task.wake());
        assert_eq!(task.drop_reference(), Dropped::Kept);
        assert_eq!(task.drop_reference(), Dropped::Free);
    }

    #[test]
    fn a_task_without_wakers_is_freed_on_completion() {
        let task = TaskState::new();
        assert!(task.start());
        assert!(task.complete());
    }

    #[test]
    fn a_task_that_nobody_can_wake_is_given_back_to_a_worker() {
        let task = TaskState::new();
        assert!(task.start());
        assert_eq!(
            task.pause(),
            Paused::Abandoned,
            "it never gave its waker away"
        );
        let task = TaskState::new();
        assert!(task.start());
        task.add_reference();
        assert_eq!(task.pause(), Paused::Idle);
        assert_eq!(task.drop_reference(), Dropped::Schedule);
        assert!(!task.start(), "drop the future instead");
        assert!(task.complete());
    }

    #[test]
    fn the_reference_of_a_scheduled_task_outlives_its_wakers() {
        let task = TaskState::new();
        assert!(task.start());
        task.add_reference();
        assert_eq!(task.pause(), Paused::Idle);
        assert!(task.wake());
        assert_eq!(task.drop_reference(), Dropped::Kept);
        assert!(task.start());
        assert_eq!(task.pause(), Paused::Abandoned);
        assert!(task.complete());
    }
}
