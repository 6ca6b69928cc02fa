//! A task: workers run it, and wakers on other threads schedule it and go. After `run` and the
//! waker's functions in core's `exec/task.rs`.
//!
//! The run queue is a second worker at hand: whoever puts the task in runs it, on its own thread.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use loom::thread;

use crate::memory::{Block, Owned};
use crate::task_state::{Dropped, Paused, TaskState};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// A wake-up of a task that runs is forgotten.
    ForgetsWake,
    /// A wake-up puts a task into the queue that is there or runs.
    QueuesTwice,
    /// The worker leaves a task that nobody can wake to its wakers.
    IgnoresAbandoned,
    /// The last waker goes without a word.
    IgnoresLastWaker,
    /// The worker frees a complete task that has wakers.
    FreesReferenced,
    /// A task that nobody can wake any more is polled nevertheless.
    PollsAbandoned,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// How often its future was polled.
    pub polls: u32,
    /// Whether its future was ready, or was dropped before.
    pub ready: bool,
}

/// A worker runs the task while another thread makes its future ready, wakes it and drops the
/// waker, as many such threads as `wakers`; the first makes the future ready.
///
/// Proves that no wake-up is lost: the future is polled after it became ready; that one worker at a
/// time is at the future; that the future is dropped once, before the block is freed, which is done
/// once and after the last use.
pub fn woken(wakers: usize, flaw: Flaw) -> Ended {
    let task = Task::new();
    for _ in 0..wakers {
        task.state.add_reference();
    }
    let threads: Vec<_> = (0..wakers)
        .map(|waker| {
            let task = task.clone();
            thread::spawn(move || {
                if waker == 0 {
                    task.condition.store(true, SeqCst);
                }
                task.wake(flaw);
                task.release(flaw);
            })
        })
        .collect();
    task.run(flaw);
    for thread in threads {
        thread.join().unwrap();
    }
    let ended = task.ended();
    assert!(ended.ready, "dropped before it was ready");
    ended
}

/// A worker runs the task while its only waker is dropped on another thread: nobody can ever wake
/// it.
///
/// Proves that the future of such a task is dropped, once, by a worker, and its block freed.
pub fn abandoned(flaw: Flaw) -> Ended {
    let task = Task::new();
    task.state.add_reference();
    let other = task.clone();
    let thread = thread::spawn(move || other.release(flaw));
    task.run(flaw);
    thread.join().unwrap();
    task.ended()
}

struct Task {
    state: TaskState,
    future: Owned<Future>,
    block: Block,
    /// No part of the block: what the future waits for.
    condition: AtomicBool,
}

#[derive(Default)]
struct Future {
    polls: u32,
    ready: bool,
    /// It was started although no waker was left.
    in_vain: bool,
    dropped: bool,
}

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: TaskState::new(),
            future: Owned::default(),
            block: Block::default(),
            condition: AtomicBool::new(false),
        })
    }

    fn run(&self, flaw: Flaw) {
        loop {
            self.block.touch();
            let started = self.state.start();
            if (started || flaw == Flaw::PollsAbandoned) && !self.poll(started) {
                match self.state.pause() {
                    Paused::Idle => return,
                    Paused::Schedule if flaw == Flaw::ForgetsWake => return,
                    Paused::Schedule => continue,
                    Paused::Abandoned if flaw == Flaw::IgnoresAbandoned => return,
                    Paused::Abandoned => {}
                }
            }
            self.future.with_mut(|future| {
                assert!(!future.dropped, "the future was dropped twice");
                future.dropped = true;
            });
            if self.state.complete() || flaw == Flaw::FreesReferenced {
                self.free();
            }
            return;
        }
    }

    fn poll(&self, started: bool) -> bool {
        self.future.with_mut(|future| {
            assert!(!future.dropped, "polled after it was dropped");
            future.polls += 1;
            future.in_vain |= !started;
            future.ready = self.condition.load(SeqCst);
            future.ready
        })
    }

    fn wake(&self, flaw: Flaw) {
        self.block.touch();
        if self.state.wake() || flaw == Flaw::QueuesTwice {
            self.run(flaw);
        }
    }

    fn release(&self, flaw: Flaw) {
        self.block.touch();
        match self.state.drop_reference() {
            Dropped::Kept => {}
            Dropped::Schedule if flaw == Flaw::IgnoresLastWaker => {}
            Dropped::Schedule => self.run(flaw),
            Dropped::Free => self.free(),
        }
    }

    fn free(&self) {
        self.block.free();
        self.future
            .with(|future| assert!(future.dropped, "freed with its future"));
    }

    /// Once all threads have ended.
    fn ended(&self) -> Ended {
        self.block.assert_freed();
        self.future.with(|future| {
            assert!(!future.in_vain, "polled though nobody could wake it");
            Ended {
                polls: future.polls,
                ready: future.ready,
            }
        })
    }
}
