//! The registration with WSK and the captured provider.

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;

use wdk_sys::{NT_SUCCESS, NTSTATUS};

use super::capability::Capability;
use super::counters::{Atomics, Counters};
use super::quirks::Quirks;
use super::status;
use super::sys::{
    MAKE_WSK_VERSION, WSK_CLIENT_DISPATCH, WSK_CLIENT_NPI, WSK_NO_WAIT, WSK_PROVIDER_NPI,
    WSK_REGISTRATION, WskCaptureProviderNPI, WskDeregister, WskRegister, WskReleaseProviderNPI,
};
use crate::exec::Spawner;
use crate::io::{Clock, Error, Kind, Phase};
use crate::nt::clock::KernelClock;
use crate::nt::event::{Event, EventKind};
use crate::nt::irql::Passive;
use crate::nt::routine::is_wine;
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
        };
        let provider = Shared::try_new(Provider {
            registration: UnsafeCell::new(WSK_REGISTRATION::ZEROED),
            client: UnsafeCell::new(WSK_CLIENT_NPI {
                ClientContext: null_mut(),
                Dispatch: &raw const CLIENT_DISPATCH,
            }),
            capture: AtomicU8::new(FREE),
            npi: UnsafeCell::new(WSK_PROVIDER_NPI::ZEROED),
            quirks,
            no_delay: Capability::new(quirks.has_flags()),
            spawner,
            clock,
            counters: Atomics::default(),
            quiet: Event::try_new(EventKind::Synchronization)?,
        })?;
        // SAFETY: PASSIVE_LEVEL; both structures stay where they are until shutdown, see below.
        let result = unsafe { WskRegister(provider.client.get(), provider.registration.get()) };
        if !NT_SUCCESS(result) {
            return Err(status::map(Phase::Wait, result));
        }
        // The kernel's own reference, dropped by shutdown.
        core::mem::forget(provider.clone());
        Ok(Self { provider })
    }

    /// Waits until the network stack is ready, which it is not yet early in boot.
    ///
    /// # Errors
    /// Phase `Wait`: `Kind::TimedOut` at `deadline` (of [`Clock::now`]); `Kind::NotReady` after two
    /// minutes, when the driver is stopping, and at once when the stack lacks our version of WSK.
    pub async fn ready(&self, deadline: Option<Duration>) -> Result<(), Error> {
        let clock = &self.provider.clock;
        let start = clock.now();
        let mut pause = FIRST_PAUSE;
        loop {
            let failed = match self.provider.try_capture() {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            if failed.kind != Kind::NotReady || failed.raw_status == STATUS_NOINTERFACE {
                return Err(failed);
            }
            let now = clock.now();
            if deadline.is_some_and(|at| now >= at) {
                let cause = "the network stack was not ready in time";
                let raw_status = failed.raw_status;
                return Err(Error::with_status(
                    Phase::Wait,
                    Kind::TimedOut,
                    raw_status,
                    cause,
                ));
            }
            if now.saturating_sub(start) >= LONGEST_WAIT || self.provider.is_going() {
                return Err(failed);
            }
            let until = now.saturating_add(pause);
            clock
                .sleep_until(deadline.map_or(until, |at| at.min(until)))
                .await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Releases the provider and ends the registration (`wsk/nf-wsk-wskderegister`). Waits until
    /// every socket is closed and every operation over, for which the executor's workers must
    /// still run, and tasks must be gone or have dropped their transports. Does nothing the second
    /// time.
    pub fn shutdown(&self, passive: Passive) {
        let provider = &self.provider;
        loop {
            match provider
                .capture
                .compare_exchange(CAPTURED, GOING, Ordering::SeqCst, Ordering::SeqCst)
                .or_else(|_| {
                    provider.capture.compare_exchange(
                        FREE,
                        GOING_FREE,
                        Ordering::SeqCst,
                        Ordering::SeqCst,
                    )
                }) {
                Ok(_) => break,
                Err(CAPTURING) => core::hint::spin_loop(),
                Err(_) => return,
            }
        }
        while provider.counters.operations_now.load(Ordering::SeqCst) > 0 {
            provider.quiet.wait(passive, Some(LOOK_AGAIN));
        }
        if provider.capture.load(Ordering::SeqCst) == GOING {
            // SAFETY: captured once, and no operation is left to use it.
            unsafe { WskReleaseProviderNPI(provider.registration.get()) };
        }
        // SAFETY: registered once; PASSIVE_LEVEL; the capture has been released.
        unsafe { WskDeregister(provider.registration.get()) };
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
///
/// # Invariants
/// `registration` and `client` belong to the kernel from register to shutdown. `npi` is written
/// in `CAPTURING`, and read in `CAPTURED` or, by operations, in `GOING`.
pub(crate) struct Provider {
    registration: UnsafeCell<WSK_REGISTRATION>,
    client: UnsafeCell<WSK_CLIENT_NPI>,
    capture: AtomicU8,
    npi: UnsafeCell<WSK_PROVIDER_NPI>,
    quirks: Quirks,
    /// WSK_FLAG_NODELAY.
    no_delay: Capability,
    spawner: Spawner,
    clock: KernelClock,
    counters: Atomics,
    /// Set when the last operation has gone.
    quiet: Event,
}

// SAFETY: the cells are used as the invariants say.
unsafe impl Send for Provider {}
// SAFETY: as above.
unsafe impl Sync for Provider {}

impl Provider {
    /// Captures the provider if that was not done yet (`wsk/nf-wsk-wskcaptureprovidernpi`).
    fn try_capture(&self) -> Result<(), Error> {
        match self
            .capture
            .compare_exchange(FREE, CAPTURING, Ordering::SeqCst, Ordering::SeqCst)
        {
            Ok(_) => {
                // SAFETY: registered; the cell is this thread's in CAPTURING; WSK_NO_WAIT.
                let result = unsafe {
                    WskCaptureProviderNPI(self.registration.get(), WSK_NO_WAIT, self.npi.get())
                };
                let captured = NT_SUCCESS(result);
                let next = if captured { CAPTURED } else { FREE };
                self.capture.store(next, Ordering::SeqCst);
                match result {
                    _ if captured => Ok(()),
                    STATUS_NOINTERFACE => Err(NO_INTERFACE),
                    _ => Err(status::map(Phase::Wait, result)),
                }
            }
            Err(CAPTURED) => Ok(()),
            Err(CAPTURING) => Err(NOT_READY),
            Err(_) => Err(STOPPING),
        }
    }

    /// The captured provider.
    ///
    /// # Errors
    /// `Kind::NotReady` when there is none.
    pub(super) fn npi(&self) -> Result<WSK_PROVIDER_NPI, Error> {
        if self.capture.load(Ordering::SeqCst) != CAPTURED {
            return Err(NOT_READY);
        }
        // SAFETY: captured, so nobody writes.
        Ok(unsafe { *self.npi.get() })
    }

    /// The captured provider, for an operation that is not over: it may be used during shutdown,
    /// which waits for that operation.
    ///
    /// # Safety
    /// An operation exists that was made after the provider was captured.
    pub(super) unsafe fn npi_of_operation(&self) -> WSK_PROVIDER_NPI {
        // SAFETY: captured before, and not released as long as there is an operation.
        unsafe { *self.npi.get() }
    }

    fn is_going(&self) -> bool {
        matches!(self.capture.load(Ordering::SeqCst), GOING | GOING_FREE)
    }

    pub(super) fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// WSK_FLAG_NODELAY.
    pub(super) fn no_delay(&self) -> &Capability {
        &self.no_delay
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

    /// The last operation has gone.
    pub(super) fn quiet(&self) {
        self.quiet.set();
    }
}

/// Constant for as long as the image: WSK keeps its address. No events are defined.
static CLIENT_DISPATCH: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    Version: MAKE_WSK_VERSION(1, 0),
    Reserved: 0,
    WskClientEvent: None,
};

const NOT_READY: Error = Error::with_status(
    Phase::Wait,
    Kind::NotReady,
    0xC000_00A3_u32.cast_signed(), // STATUS_DEVICE_NOT_READY
    "the network stack is not ready",
);
const NO_INTERFACE: Error = Error::with_status(
    Phase::Wait,
    Kind::NotReady,
    STATUS_NOINTERFACE,
    "the network stack does not offer version 1.0 of Winsock Kernel",
);
const STOPPING: Error = Error::with_status(
    Phase::Wait,
    Kind::NotReady,
    0xC000_00A3_u32.cast_signed(), // STATUS_DEVICE_NOT_READY
    "the driver is stopping",
);

const STATUS_NOINTERFACE: NTSTATUS = 0xC000_02B9_u32.cast_signed();

const FREE: u8 = 0;
const CAPTURING: u8 = 1;
const CAPTURED: u8 = 2;
/// Shutting down with a capture.
const GOING: u8 = 3;
/// Shutting down without one.
const GOING_FREE: u8 = 4;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
