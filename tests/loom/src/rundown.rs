//! A rundown: threads begin tasks and end them, another one refuses more, waits for the last and frees
//! what they used. After `admit`, `task_ended` and `drain` in core's `exec/executor.rs`.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

use crate::memory::Block;
use crate::notify::Event;
use crate::rundown_state::{Begun, Rundown};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// A task looks whether it may begin before it is counted.
    LooksBefore,
    /// The last task ends without a word.
    EndsSilently,
    /// The thread that drains does not wait.
    WaitsForNone,
    /// A task that was refused stays counted.
    KeepsRefused,
}

/// As many threads as `tasks` begin a task each, while this one drains.
///
/// Proves that a task that has begun ends before what it uses is freed, and that the one that waits
/// is woken. Gives how many tasks were not refused.
pub fn drained(tasks: usize, flaw: Flaw) -> usize {
    let executor = Arc::new(Executor::default());
    let threads: Vec<_> = (0..tasks)
        .map(|_| {
            let executor = executor.clone();
            thread::spawn(move || executor.task(MOST, flaw))
        })
        .collect();
    executor.rundown.close();
    while flaw != Flaw::WaitsForNone && executor.rundown.tasks() > 0 {
        executor.idle.wait();
    }
    executor.memory.free();
    for thread in threads {
        thread.join().unwrap();
    }
    executor.memory.assert_freed();
    executor.ran.load(SeqCst)
}

/// Two threads begin tasks, of which there may be one at a time.
///
/// Proves that there are never two. Gives how many there were.
pub fn crowded(flaw: Flaw) -> usize {
    let executor = Arc::new(Executor::default());
    let other = {
        let executor = executor.clone();
        thread::spawn(move || executor.task(1, flaw))
    };
    executor.task(1, flaw);
    other.join().unwrap();
    assert_eq!(executor.rundown.tasks(), 0, "still counted");
    executor.ran.load(SeqCst)
}

struct Executor {
    rundown: Rundown,
    idle: Event,
    /// What tasks use.
    memory: Block,
    running: AtomicUsize,
    ran: AtomicUsize,
}

impl Default for Executor {
    fn default() -> Self {
        Self {
            rundown: Rundown::new(),
            idle: Event::new(),
            memory: Block::default(),
            running: AtomicUsize::new(0),
            ran: AtomicUsize::new(0),
        }
    }
}

impl Executor {
    fn task(&self, most: u32, flaw: Flaw) {
        let looked = self.rundown.tasks() < most;
        let begun = match self.rundown.begin(most) {
            Begun::Yes => true,
            Begun::TooMany | Begun::Closed => flaw == Flaw::LooksBefore && looked,
        };
        if begun {
            let others = self.running.fetch_add(1, SeqCst);
            assert!(others < most as usize, "more than there may be");
            self.memory.touch();
            self.ran.fetch_add(1, SeqCst);
            self.running.fetch_sub(1, SeqCst);
        } else if flaw == Flaw::KeepsRefused {
            return;
        }
        if self.rundown.end() && flaw != Flaw::EndsSilently {
            self.idle.set();
        }
    }
}

const MOST: u32 = 8;
