//! The end of a registration with WSK, while the provider is captured and operations begin and end.
//! After `Registration` in core's `wsk/registration.rs`, `Counted` in `wsk/op.rs` and `Wsk::shutdown`.
//!
//! loom knows no order of all sequentially consistent accesses: where the source has such a load, the
//! model has a read-modify-write, which sees the last value.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use loom::thread;

use crate::memory::Block;
use crate::notify::Event;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// An operation looks at the provider before it is counted.
    LooksBefore,
    /// An operation is counted out, and then uses the provider once more.
    CountsOutFirst,
    /// The last operation goes without a word. (The source would look again after a while.)
    EndsSilently,
    /// An operation that was refused stays counted.
    KeepsRefused,
    /// The shutdown does not wait for operations.
    WaitsForNone,
    /// The shutdown waits, and refuses operations only then.
    RefusesLate,
    /// The shutdown takes a provider that is being captured for none.
    IgnoresCapture,
}

/// What came of the operations, and of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// Operations that found the provider.
    pub operations: usize,
    /// The provider was captured.
    pub captured: bool,
}

/// A thread captures the provider and has an operation, another only has an operation, while this one
/// shuts down.
///
/// Proves that the provider is released once, after the last use, if it was captured, and that whoever
/// shuts down is woken.
pub fn shut_down(flaw: Flaw) -> Ended {
    let wsk = Arc::new(Wsk::default());
    let threads = [true, false].map(|captures| {
        let wsk = wsk.clone();
        thread::spawn(move || {
            let captured = captures && wsk.capture();
            wsk.operation(flaw);
            captured
        })
    });
    wsk.shutdown(flaw);
    let captured = threads.map(|thread| thread.join().unwrap()).contains(&true);
    if captured {
        wsk.provider.assert_freed();
    }
    Ended {
        operations: wsk.ran.load(SeqCst),
        captured,
    }
}

struct Wsk {
    state: AtomicU8,
    /// What the capture gives.
    provider: Block,
    operations: AtomicUsize,
    quiet: Event,
    ran: AtomicUsize,
}

impl Default for Wsk {
    fn default() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            provider: Block::default(),
            operations: AtomicUsize::new(0),
            quiet: Event::new(),
            ran: AtomicUsize::new(0),
        }
    }
}

impl Wsk {
    fn capture(&self) -> bool {
        if self
            .state
            .compare_exchange(FREE, BUSY, SeqCst, SeqCst)
            .is_err()
        {
            return false;
        }
        self.provider.touch();
        // A store in the source.
        self.state.swap(CAPTURED, SeqCst);
        true
    }

    fn is_captured(&self) -> bool {
        self.state.fetch_or(0, SeqCst) == CAPTURED
    }

    fn operation(&self, flaw: Flaw) {
        let looked = flaw == Flaw::LooksBefore && self.is_captured();
        self.operations.fetch_add(1, SeqCst);
        if looked || flaw != Flaw::LooksBefore && self.is_captured() {
            if flaw != Flaw::CountsOutFirst {
                self.provider.touch();
            }
            self.ran.fetch_add(1, SeqCst);
        } else if flaw == Flaw::KeepsRefused {
            return;
        }
        let found = self.is_captured();
        if self.operations.fetch_sub(1, SeqCst) == 1 && flaw != Flaw::EndsSilently {
            self.quiet.set();
        }
        if flaw == Flaw::CountsOutFirst && found {
            self.provider.touch();
        }
    }

    fn shutdown(&self, flaw: Flaw) {
        if flaw == Flaw::RefusesLate {
            self.wait();
        }
        self.stop(flaw);
        if !matches!(flaw, Flaw::WaitsForNone | Flaw::RefusesLate) {
            self.wait();
        }
        if self.state.swap(GONE, SeqCst) == GOING {
            self.provider.free();
        }
    }

    fn wait(&self) {
        while self.operations.fetch_add(0, SeqCst) > 0 {
            self.quiet.wait();
        }
    }

    fn stop(&self, flaw: Flaw) {
        loop {
            let from = self.state.fetch_or(0, SeqCst);
            let next = match from {
                CAPTURED => GOING,
                BUSY if flaw != Flaw::IgnoresCapture => {
                    thread::yield_now();
                    continue;
                }
                _ => GOING_FREE,
            };
            let changed = self.state.compare_exchange(from, next, SeqCst, SeqCst);
            if changed.is_ok() {
                return;
            }
        }
    }
}

const FREE: u8 = 0;
const BUSY: u8 = 1;
const CAPTURED: u8 = 2;
const GOING: u8 = 3;
const GOING_FREE: u8 = 4;
const GONE: u8 = 6;
