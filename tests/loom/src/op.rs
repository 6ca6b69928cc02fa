//! An operation that the kernel completes: its owner polls or drops it on one thread while the
//! completion routine runs on another. After `Op` and `finish` in core's `wsk/op.rs`.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use loom::thread;

use crate::memory::{Block, Owned};
use crate::op_state::{Finished, OpState, Progress};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// The completion does not look again when a waker came while it finished.
    LooksOnce,
    /// The result is stored after the operation is done.
    ResultAfterDone,
    /// The waker is taken after the operation is done.
    WakerAfterDone,
    /// The owner changes the waker without taking its cell back.
    KeepsRegistered,
    /// The owner frees what it gave up.
    FreesInFlight,
    /// The completion leaves an orphan to its owner.
    LeavesOrphan,
}

/// How an operation's result came to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Came {
    /// At this poll.
    AtPoll(u32),
    /// By a call of the second poll's waker.
    Woken,
    /// The second poll met the completion and told its own task to look again.
    LookAgain,
}

/// Who freed an operation that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freed {
    /// Its owner, who had taken the result.
    Taken,
    /// Its owner: the completion had finished.
    Owner,
    /// The completion.
    Completion,
}

/// The owner polls twice, each time with another waker, and then waits to be woken.
///
/// Proves that no wake-up is lost: the last waker is called, or that poll gave the result or asked
/// to be polled again; that the owner and the completion are never both at the waker's cell; and
/// that the result is there for who sees that it is.
pub fn polled(flaw: Flaw) -> Came {
    let op = Arc::new(Op::submitted());
    let completion = Op::completion(&op, flaw);
    let mut last = Polled::LookAgain;
    for waker in [1, 2] {
        last = op.poll(waker, flaw);
        if last == Polled::Ready {
            completion.join().unwrap();
            return Came::AtPoll(waker);
        }
    }
    completion.join().unwrap();
    if last == Polled::Pending {
        let woken = op.woken.load(SeqCst);
        assert!(woken & 2 != 0, "lost wake-up");
    }
    assert_eq!(op.poll(4, flaw), Polled::Ready);
    match last {
        Polled::Pending => Came::Woken,
        _ => Came::LookAgain,
    }
}

/// The owner polls once and drops the operation, done or not.
///
/// Proves that the block is freed once, by its owner or by the completion, and that neither touches
/// it afterwards.
pub fn dropped(flaw: Flaw) -> Freed {
    let op = Arc::new(Op::submitted());
    let completion = Op::completion(&op, flaw);
    let taken = op.poll(1, flaw) == Polled::Ready;
    // The owner cancels the IRP and clones the provider.
    op.block.touch();
    let kept = !op.state.abandon();
    if kept {
        op.waker.with_mut(|waker| *waker = None);
    }
    if kept || flaw == Flaw::FreesInFlight {
        op.block.free();
    }
    completion.join().unwrap();
    op.block.assert_freed();
    match (taken, kept) {
        (true, _) => Freed::Taken,
        (_, true) => Freed::Owner,
        _ => Freed::Completion,
    }
}

struct Op {
    state: OpState,
    waker: Owned<Option<u32>>,
    result: Owned<u32>,
    block: Block,
    /// No part of the block: one bit for each waker that was called.
    woken: AtomicU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polled {
    Ready,
    Pending,
    LookAgain,
}

impl Op {
    fn submitted() -> Self {
        let op = Self {
            state: OpState::new(),
            waker: Owned::new(None),
            result: Owned::new(0),
            block: Block::default(),
            woken: AtomicU32::new(0),
        };
        op.state.submit();
        op
    }

    fn completion(op: &Arc<Self>, flaw: Flaw) -> thread::JoinHandle<()> {
        let op = op.clone();
        thread::spawn(move || op.finish(flaw))
    }

    fn poll(&self, waker: u32, flaw: Flaw) -> Polled {
        self.block.touch();
        let mut progress = match flaw {
            Flaw::KeepsRegistered => self.state.peek(),
            _ => self.state.unregister(),
        };
        if progress == Progress::Flight {
            self.waker.with_mut(|cell| *cell = Some(waker));
            progress = self.state.register();
        }
        match progress {
            Progress::Flight => Polled::Pending,
            Progress::Waking => Polled::LookAgain,
            Progress::Done => {
                self.result.with(|result| assert_eq!(*result, RESULT));
                self.state.reset();
                Polled::Ready
            }
            Progress::Idle => panic!("idle, though it was submitted"),
        }
    }

    fn finish(&self, flaw: Flaw) {
        let mut waker = None;
        if flaw != Flaw::ResultAfterDone {
            self.result.with_mut(|result| *result = RESULT);
        }
        loop {
            self.block.touch();
            if flaw != Flaw::WakerAfterDone && self.state.take_waker() {
                waker = self.waker.with_mut(Option::take);
            }
            match self.state.finish() {
                Finished::Waker if flaw == Flaw::LooksOnce => break,
                Finished::Waker if flaw == Flaw::WakerAfterDone => {
                    self.state.take_waker();
                }
                Finished::Waker => {}
                Finished::Done => break,
                Finished::Orphan => {
                    if flaw != Flaw::LeavesOrphan {
                        self.waker.with_mut(|waker| *waker = None);
                        self.block.free();
                    }
                    break;
                }
            }
        }
        match flaw {
            Flaw::ResultAfterDone => self.result.with_mut(|result| *result = RESULT),
            Flaw::WakerAfterDone => waker = self.waker.with_mut(Option::take),
            _ => {}
        }
        if let Some(waker) = waker {
            self.woken.fetch_or(waker, SeqCst);
        }
    }
}

const RESULT: u32 = 7;
