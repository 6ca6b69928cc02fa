//! The executor and the handle to it.

use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use wdk_sys::ntddk::KeQueryActiveProcessorCount;

use super::queue::{ItemRef, RunQueue};
use super::rundown::{Begun, Rundown};
use super::{task, worker};
use crate::io::{Error, Kind, Phase};
use crate::nt::clock::{KernelClock, TimeSource};
use crate::nt::event::{Event, EventKind};
use crate::nt::irql::Passive;
use crate::nt::pool::{try_push, try_vec};
use crate::nt::semaphore::Semaphore;
use crate::nt::shared::Shared;
use crate::nt::thread::Thread;
use crate::nt::timer::TimerQueue;

/// Worker threads and the timer thread.
#[must_use = "the threads have to be stopped"]
#[derive(Debug)]
pub struct Executor {
    spawner: Spawner,
    timers: Shared<TimerQueue>,
    threads: Vec<Thread>,
}

impl Executor {
    /// Starts one worker for each processor, at most four, and a timer thread. No more than
    /// `max_tasks` tasks are there at a time.
    ///
    /// # Errors
    /// `Kind::NoResources`; what was started has been stopped.
    pub fn start(passive: Passive, max_tasks: u32) -> Result<Self, Error> {
        let inner = Shared::try_new(Inner {
            queue: RunQueue::new(Semaphore::try_new()?),
            tasks: Rundown::new(),
            max_tasks,
            idle: Event::try_new(EventKind::Synchronization)?,
        })?;
        let timers = TimerQueue::try_new(TimeSource::find(passive))?;
        let workers = worker_count();
        let mut executor = Self {
            spawner: Spawner { inner },
            timers,
            threads: try_vec(workers + 1)?,
        };
        match executor.start_threads(passive, workers) {
            Ok(()) => Ok(executor),
            Err(error) => {
                executor.stop(passive);
                Err(error)
            }
        }
    }

    fn start_threads(&mut self, passive: Passive, workers: usize) -> Result<(), Error> {
        let timers = self.timers.clone();
        let thread = Thread::spawn(passive, move |passive| timers.run(passive))?;
        try_push(&mut self.threads, thread)?;
        for _ in 0..workers {
            let inner = self.spawner.inner.clone();
            let thread = Thread::spawn(passive, move |passive| worker::run(passive, &inner))?;
            try_push(&mut self.threads, thread)?;
        }
        Ok(())
    }

    /// A handle for spawning. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        self.spawner.clone()
    }

    /// The clock whose timers this executor's timer thread runs. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn clock(&self) -> KernelClock {
        KernelClock::new(self.timers.clone())
    }

    /// Tasks that have not ended. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        self.spawner.tasks()
    }

    /// Refuses further tasks and waits until the last has ended: the caller must have told them to.
    /// Not bounded, because code and memory of a task must not go before it.
    pub fn drain(&self, passive: Passive) {
        let inner = &self.spawner.inner;
        inner.tasks.close();
        while inner.tasks.tasks() > 0 {
            inner.idle.wait(passive, Some(LOOK_AGAIN));
        }
    }

    /// [`Executor::drain`], then ends the threads and waits for them. After [`crate::wsk::Wsk::shutdown`],
    /// whose operations are freed by the workers.
    pub fn stop(self, passive: Passive) {
        self.drain(passive);
        self.timers.stop();
        self.spawner.inner.queue.close();
        for thread in self.threads {
            thread.join(passive);
        }
    }
}

/// Spawns tasks on an [`Executor`].
#[derive(Clone)]
pub struct Spawner {
    inner: Shared<Inner>,
}

impl Spawner {
    /// Runs the future that `make` gives on a worker. It is made, polled and dropped there; when this
    /// fails, `make` is dropped here. IRQL: where dropping `make` is allowed, <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// `Kind::TooManyRequests` when there are too many tasks, `Kind::NotReady` once the executor is
    /// being stopped, `Kind::NoResources`.
    pub fn spawn<M, F>(&self, make: M) -> Result<(), Error>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.inner.admit()?;
        match task::try_new(self.inner.clone(), make) {
            Ok(item) => {
                // SAFETY: new, so not linked; scheduled with a reference for the queue.
                unsafe { self.inner.queue.push(item) };
                Ok(())
            }
            Err(error) => {
                self.inner.task_ended();
                Err(error)
            }
        }
    }

    /// Tasks that have not ended. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        self.inner.tasks.tasks()
    }

    /// Has a worker run `item`. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// As [`RunQueue::push`]; the executor is not stopped before it has been run.
    pub(crate) unsafe fn defer(&self, item: ItemRef) {
        // SAFETY: by the contract.
        unsafe { self.inner.queue.push(item) };
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spawner({} tasks)", self.tasks())
    }
}

/// What workers, tasks and spawners share.
pub(super) struct Inner {
    pub(super) queue: RunQueue,
    tasks: Rundown,
    max_tasks: u32,
    /// Set when the last task has ended and no more may begin.
    idle: Event,
}

impl Inner {
    /// Counts a task that is about to be made.
    fn admit(&self) -> Result<(), Error> {
        let error = match self.tasks.begin(self.max_tasks) {
            Begun::Yes => return Ok(()),
            Begun::Closed => Error::new(Phase::Wait, Kind::NotReady, "the driver is stopping"),
            Begun::TooMany => Error::new(Phase::Wait, Kind::TooManyRequests, "too many tasks"),
        };
        self.task_ended();
        Err(error)
    }

    /// A task has ended, or was not made after all.
    pub(super) fn task_ended(&self) {
        if self.tasks.end() {
            self.idle.set();
        }
    }
}

/// How many workers an executor has: one for each processor, at most four. IRQL: any.
#[must_use]
pub fn worker_count() -> usize {
    // SAFETY: no argument; callable at any IRQL.
    let processors = unsafe { KeQueryActiveProcessorCount(core::ptr::null_mut()) };
    processors.clamp(1, MAX_WORKERS) as usize
}

const MAX_WORKERS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(100);
