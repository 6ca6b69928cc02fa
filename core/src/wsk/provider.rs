//! The registration with WSK and the captured provider.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;

use wdk_sys::ntddk::KeFlushQueuedDpcs;

use super::capability::Capability;
use super::client_control::{Buffers, control};
use super::counters::{Atomics, Counters};
use super::events;
use super::quirks::Quirks;
use super::registration::{Registration, is_permanent};
use super::sys::{WSK_PROVIDER_NPI, WSK_SET_STATIC_EVENT_CALLBACKS};
use super::transports;
use crate::exec::Spawner;
use crate::io::{Clock, Error, Kind, NtStatus, Phase};
use crate::nt::clock::KernelClock;
use crate::nt::event::{Event, EventKind};
use crate::nt::irql::Passive;
use crate::nt::routine::{is_wine, windows_build};
use crate::nt::shared::Shared;

/// A handle to the registration of this driver with WSK.
#[derive(Clone)]
pub struct Wsk {
    provider: Shared<Provider>,
}

impl Wsk {
    /// Registers with WSK, and waits for nothing: the network may come up later
    /// (`wsk/nf-wsk-wskregister`). The registration stays until [`Wsk::shutdown`], which must be
    /// called before the driver is unloaded.
    ///
    /// # Errors
    /// `Kind::NoResources`, `Kind::NotReady`.
    pub fn register(passive: Passive, spawner: Spawner, clock: KernelClock) -> Result<Self, Error> {
        let quirks = Quirks {
            wine: is_wine(passive),
            new_tables: windows_build(passive) >= CREATORS_UPDATE,
        };
        let provider = Shared::try_new(Provider {
            registration: Registration::new(),
            quirks,
            no_delay: Capability::new(quirks.has_flags()),
            chains: Capability::new(quirks.has_chains()),
            drain: Capability::new(quirks.has_flags()),
            wait_all: Capability::new(quirks.has_flags()),
            socket_connect: Capability::new(quirks.has_socket_connect()),
            connect_ex: Capability::new(quirks.has_connect_ex()),
            events: Capability::new(quirks.has_events()),
            static_events: AtomicBool::new(false),
            streams: AtomicBool::new(!quirks.has_control()),
            waiting: AtomicU32::new(0),
            spawner,
            clock,
            counters: Atomics::default(),
            quiet: Event::try_new(EventKind::Synchronization)?,
        })?;
        // SAFETY: a reference is forgotten below, which keeps it until shutdown.
        unsafe { provider.registration.begin(passive) }?;
        // The kernel's own reference, dropped by shutdown.
        core::mem::forget(provider.clone());
        Ok(Self { provider })
    }

    /// Waits until the network stack is ready and has TCP, which it is not and has not early in boot.
    /// A worker, PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Wait`: `Kind::TimedOut` at `deadline` (of [`Clock::now`]); `Kind::NotReady` when the
    /// driver is stopping, when the stack has no version of WSK that we can use, and after two
    /// minutes if there is no deadline; `Kind::TooManyRequests` when too many wait already.
    pub async fn ready(&self, deadline: Option<Duration>) -> Result<(), Error> {
        let first = self.provider.try_capture();
        match first {
            Ok(()) if self.provider.has_streams() => return Ok(()),
            Err(error) if is_permanent(&error) => return Err(error),
            _ => {}
        }
        let _place = Place::take(&self.provider)?;
        if first.is_err() {
            self.captured(deadline).await?;
        }
        transports::streams(&self.provider, deadline).await
    }

    async fn captured(&self, deadline: Option<Duration>) -> Result<(), Error> {
        let clock = &self.provider.clock;
        let until = deadline.unwrap_or_else(|| clock.now().saturating_add(LONGEST_WAIT));
        let mut pause = FIRST_PAUSE;
        loop {
            let next = clock.now().saturating_add(pause);
            clock.sleep_until(next.min(until)).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            let failed = match self.provider.try_capture() {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            if is_permanent(&failed) {
                return Err(failed);
            }
            if clock.now() >= until {
                return Err(match deadline {
                    Some(_) => late(failed.raw_status),
                    None => failed,
                });
            }
        }
    }

    /// Releases the provider and ends the registration (`wsk/nf-wsk-wskderegister`). Waits until
    /// every socket is closed, every operation over and every completion routine at its end, for which
    /// the executor's workers must still run, and tasks must be gone or have dropped their transports.
    /// Not bounded: to unload while registered is fatal. Does nothing the second time.
    ///
    /// A routine that runs at PASSIVE_LEVEL counts itself out just before it returns: that thread must
    /// not be kept from the few instructions between until the driver is unloaded. Only the kernel can
    /// close that gap (`wdm/nf-wdm-iosetcompletionroutineex`, for which every operation would take
    /// memory of the kernel's that may not be there, and which Wine lacks).
    pub fn shutdown(&self, passive: Passive) {
        let provider = &self.provider;
        if !provider.registration.stop(passive) {
            return;
        }
        provider.wait_until_none(passive, &provider.counters.operations_now);
        // SAFETY: stopped once, above; no operation is left but those that end with the registration.
        unsafe { provider.registration.end(passive) };
        provider.wait_until_none(passive, &provider.counters.ending_now);
        provider.wait_until_none(passive, &provider.counters.routines_now);
        // Those that have counted themselves out and not returned yet, if they ran in DPCs.
        // SAFETY: PASSIVE_LEVEL by the token.
        unsafe { KeFlushQueuedDpcs() };
        // The reference that register left for the kernel.
        // SAFETY: register forgot one reference to this value; it is taken back once.
        drop(unsafe { Shared::from_raw(&raw const **provider) });
    }

    /// What there is now, and has been. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.provider.counters.look(self.provider.spawner.tasks())
    }

    pub(super) fn provider(&self) -> &Shared<Provider> {
        &self.provider
    }
}

impl fmt::Debug for Wsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wsk({:?})", self.counters())
    }
}

/// What all operations share.
pub(crate) struct Provider {
    registration: Registration,
    quirks: Quirks,
    /// WSK_FLAG_NODELAY.
    no_delay: Capability,
    /// Chains of MDLs.
    chains: Capability,
    /// WSK_FLAG_DRAIN.
    drain: Capability,
    /// WSK_FLAG_WAITALL.
    wait_all: Capability,
    socket_connect: Capability,
    connect_ex: Capability,
    /// Event callbacks.
    events: Capability,
    /// They are enabled for every socket.
    static_events: AtomicBool,
    /// There is a transport for streams.
    streams: AtomicBool,
    /// Requests that wait until the network is there.
    waiting: AtomicU32,
    spawner: Spawner,
    clock: KernelClock,
    counters: Atomics,
    /// Set when the last operation has gone.
    quiet: Event,
}

impl Provider {
    fn try_capture(&self) -> Result<(), Error> {
        let passive = Passive::here().ok_or(NOT_PASSIVE)?;
        let captured = |npi: &WSK_PROVIDER_NPI| {
            let has = self.events.is_possible() && enable_static_events(npi);
            self.static_events.store(has, Ordering::Relaxed);
        };
        self.registration.try_capture(passive, captured)
    }

    /// See [`Registration::npi`].
    pub(super) fn npi(&self) -> Result<WSK_PROVIDER_NPI, Error> {
        self.registration.npi()
    }

    /// See [`Registration::npi_of_operation`].
    ///
    /// # Safety
    /// As there.
    pub(super) unsafe fn npi_of_operation(&self) -> WSK_PROVIDER_NPI {
        // SAFETY: by the contract.
        unsafe { self.registration.npi_of_operation() }
    }

    pub(super) fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// WSK_FLAG_NODELAY.
    pub(super) fn no_delay(&self) -> &Capability {
        &self.no_delay
    }

    /// Chains of MDLs.
    pub(super) fn chains(&self) -> &Capability {
        &self.chains
    }

    /// WSK_FLAG_DRAIN.
    pub(super) fn drain(&self) -> &Capability {
        &self.drain
    }

    /// WSK_FLAG_WAITALL.
    pub(super) fn wait_all(&self) -> &Capability {
        &self.wait_all
    }

    pub(super) fn socket_connect(&self) -> &Capability {
        &self.socket_connect
    }

    pub(super) fn connect_ex(&self) -> &Capability {
        &self.connect_ex
    }

    /// Event callbacks.
    pub(super) fn events(&self) -> &Capability {
        &self.events
    }

    /// Whether the callbacks of every socket are enabled.
    pub(super) fn has_static_events(&self) -> bool {
        self.static_events.load(Ordering::Relaxed)
    }

    /// Whether there is a transport for streams, as far as is known.
    pub(super) fn has_streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    pub(super) fn found_streams(&self) {
        self.streams.store(true, Ordering::Relaxed);
    }

    pub(super) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    pub(super) fn clock(&self) -> &KernelClock {
        &self.clock
    }

    pub(super) fn counters(&self) -> &Atomics {
        &self.counters
    }

    fn wait_until_none(&self, passive: Passive, operations: &AtomicU32) {
        while operations.load(Ordering::SeqCst) > 0 {
            self.quiet.wait(passive, Some(LOOK_AGAIN));
        }
    }

    /// The last operation has gone.
    pub(super) fn quiet(&self) {
        self.quiet.set();
    }
}

/// Enables the callbacks of every socket that will be made
/// (`network/wsk-set-static-event-callbacks`).
fn enable_static_events(npi: &WSK_PROVIDER_NPI) -> bool {
    let mut buffers = Buffers {
        input: events::all(),
        output: (),
        written: 0,
    };
    // SAFETY: captured, and no socket was made yet.
    let status = unsafe { control(npi, WSK_SET_STATIC_EVENT_CALLBACKS, &mut buffers, false) };
    status >= 0
}

/// A place among those who wait for the network.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn take(provider: &'a Provider) -> Result<Self, Error> {
        let place = Self(&provider.waiting);
        match place.0.fetch_add(1, Ordering::Relaxed) {
            MAX_WAITING.. => Err(CROWDED),
            _ => Ok(place),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

const fn late(status: NtStatus) -> Error {
    let cause = "the network stack was not ready in time";
    Error::with_status(Phase::Wait, Kind::TimedOut, status, cause)
}

const CROWDED: Error = Error::new(
    Phase::Wait,
    Kind::TooManyRequests,
    "too many requests wait for the network stack",
);
const NOT_PASSIVE: Error = Error::new(
    Phase::Wait,
    Kind::NotReady,
    "the network stack is waited for above PASSIVE_LEVEL",
);

/// Windows 10, version 1703, whose connection sockets have `WskConnectEx`.
const CREATORS_UPDATE: u32 = 15063;
/// Most requests that wait for the network at a time.
const MAX_WAITING: u32 = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
