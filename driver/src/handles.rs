//! The open handles of a device.

use alloc::vec::Vec;
use core::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::event::{Event, EventKind};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::lock::SpinLock;
use wskhttp_core::nt::pool::{try_push, try_vec};
use wskhttp_core::nt::shared::Shared;

use crate::handle::Handle;

/// The open handles of a device.
pub(crate) struct Handles {
    list: SpinLock<Vec<Shared<Handle>>>,
    stopped: AtomicBool,
    emptied: Event,
}

impl Handles {
    pub(crate) fn new() -> Result<Shared<Self>, Error> {
        Shared::try_new(Self {
            list: SpinLock::new(try_vec(MAX_HANDLES)?),
            stopped: AtomicBool::new(false),
            emptied: Event::try_new(EventKind::Synchronization)?,
        })
    }

    /// Refuses new handles and ends the open ones. IRQL: PASSIVE_LEVEL.
    pub(crate) fn stop(&self) {
        let open = {
            let list = self.list.lock();
            self.stopped.store(true, Release);
            list.len()
        };
        // Wakes outside the lock. From the end, because whatever `remove` moves goes to the front of
        // where it was.
        for index in (0..open).rev() {
            let handle = self.list.lock().get(index).cloned();
            if let Some(handle) = handle {
                handle.end();
            }
        }
    }

    /// Waits until the tasks of all handles have ended. `stop` has been called.
    pub(crate) fn wait(&self, passive: Passive) {
        loop {
            let open = self.list.lock().len();
            if open == 0 {
                return;
            }
            if !self.emptied.wait(passive, Some(REPORT_EVERY)) {
                wdk::println!("wskhttp: waiting for {open} handles to end");
            }
        }
    }

    pub(crate) fn insert(&self, handle: &Shared<Handle>) -> Result<(), Error> {
        let mut list = self.list.lock();
        if self.stopped.load(Acquire) {
            return Err(Error::new(
                Phase::Request,
                Kind::NotReady,
                "the device is being removed",
            ));
        }
        if list.len() >= MAX_HANDLES {
            return Err(TOO_MANY);
        }
        if let Some(process) = handle.process() {
            if list.len() >= MAX_HANDLES_OF_USER_MODE {
                return Err(TOO_MANY);
            }
            let same = |other: &&Shared<Handle>| other.process() == Some(process);
            if list.iter().filter(same).count() >= MAX_HANDLES_OF_PROCESS {
                return Err(TOO_MANY);
            }
        }
        try_push(&mut list, handle.clone())
    }

    pub(crate) fn remove(&self, handle: &Shared<Handle>) {
        let mut list = self.list.lock();
        let found = list.iter().position(|other| Shared::ptr_eq(other, handle));
        let removed = found.map(|index| list.swap_remove(index));
        let is_empty = list.is_empty();
        drop(list);
        drop(removed);
        if is_empty {
            self.emptied.set();
        }
    }
}

const TOO_MANY: Error = Error::new(
    Phase::Request,
    Kind::TooManyRequests,
    "too many open handles",
);

/// Most handles open at once.
const MAX_HANDLES: usize = 1024;

/// Of these, what is left of them for user mode: the last are for kernel components.
const MAX_HANDLES_OF_USER_MODE: usize = 960;

/// Most handles that one process of user mode has open at once.
const MAX_HANDLES_OF_PROCESS: usize = 256;

const REPORT_EVERY: Duration = Duration::from_secs(5);
