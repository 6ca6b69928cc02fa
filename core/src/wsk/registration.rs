//! The registration of this driver with WSK, and the capture of the provider.

use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;

use wdk_sys::{NT_SUCCESS, NTSTATUS};

use super::status;
use super::sys::{
    MAKE_WSK_VERSION, WSK_CLIENT_DISPATCH, WSK_CLIENT_NPI, WSK_NO_WAIT,
    WSK_PROVIDER_CHARACTERISTICS, WSK_PROVIDER_NPI, WSK_REGISTRATION, WskCaptureProviderNPI,
    WskDeregister, WskQueryProviderCharacteristics, WskRegister, WskReleaseProviderNPI,
};
use crate::io::{Error, Kind, Phase};
use crate::nt::irql::Passive;
use crate::nt::wait::pause;

/// One registration and at most one capture.
///
/// ```text
///  UNREGISTERED <----> BUSY <----> FREE ----> GOING_FREE
///                       |
///                       +------> CAPTURED --> GOING
/// ```
///
/// # Invariants
/// `block`, `client` and `dispatch` belong to WSK while registered, and to the thread that has made
/// the state `BUSY` otherwise. `npi` is written in `BUSY`, and read in `CAPTURED` or, by operations,
/// in `GOING`.
pub(super) struct Registration {
    block: UnsafeCell<WSK_REGISTRATION>,
    client: UnsafeCell<WSK_CLIENT_NPI>,
    dispatch: UnsafeCell<WSK_CLIENT_DISPATCH>,
    npi: UnsafeCell<WSK_PROVIDER_NPI>,
    state: AtomicU8,
}

// SAFETY: the cells are used as the invariants say.
unsafe impl Send for Registration {}
// SAFETY: as above.
unsafe impl Sync for Registration {}

impl Registration {
    pub(super) const fn new() -> Self {
        Self {
            block: UnsafeCell::new(WSK_REGISTRATION::ZEROED),
            client: UnsafeCell::new(WSK_CLIENT_NPI {
                ClientContext: null_mut(),
                Dispatch: null_mut(),
            }),
            dispatch: UnsafeCell::new(WSK_CLIENT_DISPATCH {
                Version: OUR_VERSION,
                Reserved: 0,
                WskClientEvent: None,
            }),
            npi: UnsafeCell::new(WSK_PROVIDER_NPI::ZEROED),
            state: AtomicU8::new(BUSY),
        }
    }

    /// Registers with WSK (`wsk/nf-wsk-wskregister`). Called once, before anything else.
    ///
    /// # Errors
    /// What WSK says; nothing is registered then.
    ///
    /// # Safety
    /// If it succeeds, the registration stays where it is until [`Registration::end`].
    pub(super) unsafe fn begin(&self, passive: Passive) -> Result<(), Error> {
        // SAFETY: new, so BUSY by this thread; stays, by the contract.
        unsafe { self.register(passive, OUR_VERSION) }?;
        self.state.store(FREE, Ordering::SeqCst);
        Ok(())
    }

    /// # Safety
    /// Not registered, and BUSY by this thread; stays where it is until it is deregistered.
    unsafe fn register(&self, _: Passive, version: u16) -> Result<(), Error> {
        // SAFETY: BUSY by this thread.
        unsafe { (*self.dispatch.get()).Version = version };
        // SAFETY: as above.
        unsafe { (*self.client.get()).Dispatch = self.dispatch.get() };
        // SAFETY: PASSIVE_LEVEL; both structures stay, by the contract.
        let result = unsafe { WskRegister(self.client.get(), self.block.get()) };
        if NT_SUCCESS(result) {
            Ok(())
        } else {
            Err(status::map(Phase::Wait, result))
        }
    }

    /// Captures the provider if that was not done yet, and waits for nothing
    /// (`wsk/nf-wsk-wskcaptureprovidernpi`). `captured` is called once it was, before anyone uses it.
    ///
    /// # Errors
    /// Phase `Wait`: [`is_permanent`] or not.
    pub(super) fn try_capture(
        &self,
        passive: Passive,
        captured: impl FnOnce(&WSK_PROVIDER_NPI),
    ) -> Result<(), Error> {
        let from = match self.state.load(Ordering::SeqCst) {
            CAPTURED => return Ok(()),
            BUSY => return Err(NOT_READY),
            from @ (FREE | UNREGISTERED) => from,
            _ => return Err(STOPPING),
        };
        if self
            .state
            .compare_exchange(from, BUSY, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            return Err(NOT_READY);
        }
        // SAFETY: BUSY by this thread, registered if it was FREE.
        let (next, result) = unsafe { self.capture(passive, from) };
        if next == CAPTURED {
            // SAFETY: captured, and BUSY by this thread.
            captured(unsafe { &*self.npi.get() });
        }
        self.state.store(next, Ordering::SeqCst);
        result
    }

    /// Gives the next state.
    ///
    /// # Safety
    /// BUSY by this thread; registered if `from` is FREE, and not if it is UNREGISTERED.
    unsafe fn capture(&self, passive: Passive, from: u8) -> (u8, Result<(), Error>) {
        if from == UNREGISTERED {
            // SAFETY: not registered; it stays by the contract of begin.
            if let Err(error) = unsafe { self.register(passive, OUR_VERSION) } {
                return (UNREGISTERED, Err(error));
            }
        }
        let mut negotiated = false;
        loop {
            // SAFETY: registered; the cell is this thread's; WSK_NO_WAIT.
            let result =
                unsafe { WskCaptureProviderNPI(self.block.get(), WSK_NO_WAIT, self.npi.get()) };
            match result {
                STATUS_NOINTERFACE if !negotiated => {}
                STATUS_NOINTERFACE => return (FREE, Err(NO_INTERFACE)),
                _ if NT_SUCCESS(result) => return (CAPTURED, Ok(())),
                _ => return (FREE, Err(status::map(Phase::Wait, result))),
            }
            let version = match self.version_to_ask_for() {
                Ok(version) => version,
                Err(error) => return (FREE, Err(error)),
            };
            // SAFETY: registered; nothing is captured, so it does not wait; PASSIVE_LEVEL.
            unsafe { WskDeregister(self.block.get()) };
            // SAFETY: not registered any more; it stays by the contract of begin.
            if let Err(error) = unsafe { self.register(passive, version) } {
                return (UNREGISTERED, Err(error));
            }
            negotiated = true;
        }
    }

    /// The lowest version that the provider has and that we can use, once it has refused ours
    /// (`wsk/nf-wsk-wskqueryprovidercharacteristics`). A higher minor version has all that a lower
    /// one has.
    fn version_to_ask_for(&self) -> Result<u16, Error> {
        let mut range = WSK_PROVIDER_CHARACTERISTICS {
            HighestVersion: 0,
            LowestVersion: 0,
        };
        // SAFETY: registered, by the callers.
        let result = unsafe { WskQueryProviderCharacteristics(self.block.get(), &raw mut range) };
        if !NT_SUCCESS(result) {
            return Err(status::map(Phase::Wait, result));
        }
        if range.LowestVersion > HIGHEST_USABLE {
            return Err(TOO_NEW);
        }
        if range.HighestVersion < OUR_VERSION {
            return Err(TOO_OLD);
        }
        Ok(range.LowestVersion.max(OUR_VERSION))
    }

    /// The captured provider.
    ///
    /// # Errors
    /// `Kind::NotReady` when there is none.
    pub(super) fn npi(&self) -> Result<WSK_PROVIDER_NPI, Error> {
        if self.state.load(Ordering::SeqCst) != CAPTURED {
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

    /// Has everything that is asked for later fail. False: that was done before.
    pub(super) fn stop(&self, passive: Passive) -> bool {
        loop {
            let from = self.state.load(Ordering::SeqCst);
            let next = match from {
                CAPTURED => GOING,
                FREE => GOING_FREE,
                UNREGISTERED => GONE,
                BUSY => {
                    pause(passive, MOMENT);
                    continue;
                }
                _ => return false,
            };
            if self
                .state
                .compare_exchange(from, next, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
            {
                return true;
            }
        }
    }

    /// Releases the provider and deregisters (`wsk/nf-wsk-wskderegister`).
    ///
    /// # Safety
    /// Called once, after [`Registration::stop`]; no operation is left.
    pub(super) unsafe fn end(&self, _: Passive) {
        let state = self.state.swap(GONE, Ordering::SeqCst);
        if state == GOING {
            // SAFETY: captured once, and no operation is left to use it.
            unsafe { WskReleaseProviderNPI(self.block.get()) };
        }
        if state != GONE {
            // SAFETY: registered; PASSIVE_LEVEL; the capture has been released.
            unsafe { WskDeregister(self.block.get()) };
        }
    }
}

/// Whether waiting will not help.
pub(super) fn is_permanent(error: &Error) -> bool {
    error.kind != Kind::NotReady || *error == STOPPING || error.raw_status == STATUS_NOINTERFACE
}

/// The bindings are of this version, which has all that we call.
const OUR_VERSION: u16 = MAKE_WSK_VERSION(1, 0);
/// Another major version may be something else altogether.
const HIGHEST_USABLE: u16 = MAKE_WSK_VERSION(1, 0xFF);

const NOT_READY: Error = Error::with_status(
    Phase::Wait,
    Kind::NotReady,
    0xC000_00A3_u32.cast_signed(), // STATUS_DEVICE_NOT_READY
    "the network stack is not ready",
);
const STOPPING: Error = Error::with_status(
    Phase::Wait,
    Kind::NotReady,
    0xC000_00A3_u32.cast_signed(), // STATUS_DEVICE_NOT_READY
    "the driver is stopping",
);
const NO_INTERFACE: Error =
    no_interface("the network stack refuses the version of Winsock Kernel that it says it has");
const TOO_NEW: Error =
    no_interface("the network stack has a newer Winsock Kernel only than this driver can use");
const TOO_OLD: Error =
    no_interface("the network stack has an older Winsock Kernel only than this driver can use");

const fn no_interface(cause: &'static str) -> Error {
    Error::with_status(Phase::Wait, Kind::NotReady, STATUS_NOINTERFACE, cause)
}

const STATUS_NOINTERFACE: NTSTATUS = 0xC000_02B9_u32.cast_signed();

const FREE: u8 = 0;
/// One thread registers or captures.
const BUSY: u8 = 1;
const CAPTURED: u8 = 2;
/// Shutting down with a capture.
const GOING: u8 = 3;
/// Shutting down without one.
const GOING_FREE: u8 = 4;
/// Not registered, because another version was refused; to be tried again.
const UNREGISTERED: u8 = 5;
/// Not registered any more.
const GONE: u8 = 6;

const MOMENT: Duration = Duration::from_millis(1);
