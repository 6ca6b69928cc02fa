//! What lives as long as the driver is loaded.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use wdk_sys::{NT_SUCCESS, NTSTATUS};
use wskhttp_core::exec::{Executor, Spawner};
use wskhttp_core::io::Error;
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool::usage;
use wskhttp_core::nt::process::Process;
use wskhttp_core::nt::registry::Name;
use wskhttp_core::nt::shared::Shared;
use wskhttp_core::nt::stack;
use wskhttp_core::wsk::{Wsk, WskConnect};

use crate::admission::Admission;
use crate::crypto::{self, Crypto};
use crate::trust::Trust;

/// Started in DriverEntry, stopped in Unload: the owner of the worker threads.
pub(crate) struct Runtime {
    executor: Executor,
    /// Goes last: the keys of connections are in it.
    crypto: Crypto,
    /// What handles and their tasks share.
    pub(crate) services: Shared<Services>,
}

/// What handles and their tasks share.
pub(crate) struct Services {
    pub(crate) spawner: Spawner,
    pub(crate) clock: KernelClock,
    pub(crate) wsk: Wsk,
    pub(crate) trust: Trust,
    pub(crate) admission: Admission,
    pub(crate) counters: Counters,
}

/// Counters of requests and handles.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) handles: AtomicU32,
    pub(crate) requests_now: AtomicU32,
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) idle: AtomicU32,
}

impl Runtime {
    /// Opens cryptography, starts workers, registers with WSK without waiting for it. `service` is the
    /// path of the service's key.
    pub(crate) fn start(passive: Passive, service: Name) -> Result<Self, Error> {
        let admission = Admission::read(passive, &service)?;
        let crypto = Crypto::start(passive, &service)?;
        let executor = Executor::start(passive, MAX_TASKS)?;
        let clock = executor.clock();
        let wsk = match Wsk::register(passive, executor.spawner(), clock.clone()) {
            Ok(wsk) => wsk,
            Err(error) => {
                executor.stop(passive);
                return Err(error);
            }
        };
        let services = Shared::try_new(Services {
            spawner: executor.spawner(),
            clock,
            wsk: wsk.clone(),
            trust: Trust::new(service),
            admission,
            counters: Counters::default(),
        });
        match services {
            Ok(services) => Ok(Self {
                executor,
                crypto,
                services,
            }),
            Err(error) => {
                executor.drain(passive);
                wsk.shutdown(passive);
                executor.stop(passive);
                Err(error)
            }
        }
    }

    /// Undoes [`Runtime::start`]. Every handle has been told to end; waits until their tasks have.
    pub(crate) fn stop(self, passive: Passive) {
        self.executor.drain(passive);
        self.services.wsk.shutdown(passive);
        drop(self.services);
        self.executor.stop(passive);
        drop(self.crypto);
    }
}

impl Services {
    /// The connector of one handle, whose sockets belong to the process that opened it.
    pub(crate) fn connector(&self, process: Option<&Process>) -> WskConnect {
        WskConnect::for_process(self.wsk.clone(), process.cloned())
    }

    /// The counters as the ABI has them.
    pub(crate) fn status(&self) -> wskhttp_abi::Status {
        let usage = usage::now();
        let network = self.wsk.counters();
        let (crypto, crypto_missing) = crypto::status();
        wskhttp_abi::Status {
            size: wide(size_of::<wskhttp_abi::Status>()),
            version: wskhttp_abi::VERSION,
            reserved: 0,
            handles_now: self.counters.handles.load(Relaxed),
            requests_now: self.counters.requests_now.load(Relaxed),
            requests: self.counters.requests.load(Relaxed),
            failures: self.counters.failures.load(Relaxed),
            connections: network.connections_total,
            connections_now: network.connections_now,
            idle_now: self.counters.idle.load(Relaxed),
            tasks_now: network.tasks_now,
            orphans_now: network.orphans_now,
            pool_now: usage.bytes as u64,
            pool_high: usage.high as u64,
            allocations_now: usage.allocations as u64,
            stack_high: stack::high() as u64,
            crypto,
            crypto_missing,
        }
    }
}

/// `NT_SUCCESS`, as a result.
pub(crate) fn check(status: NTSTATUS) -> Result<(), NTSTATUS> {
    if NT_SUCCESS(status) {
        Ok(())
    } else {
        Err(status)
    }
}

fn wide(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Most tasks at once: a handle has one, a connection being made or closed a few.
const MAX_TASKS: u32 = 4096;
