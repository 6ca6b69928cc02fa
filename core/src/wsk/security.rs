//! Security descriptors of sockets.

use core::fmt;
use core::ptr::null_mut;

use wdk_sys::PSECURITY_DESCRIPTOR;

use super::client_control::{Buffers, control};
use super::op::Counted;
use super::provider::Wsk;
use super::status;
use super::sys::{WSK_CACHE_SD, WSK_RELEASE_SD};
use crate::io::{Error, Phase};
use crate::nt::shared::Shared;

/// A security descriptor that WSK has cached (`network/wsk-cache-sd`). With one, a socket says who
/// may share its local address (`network/so-wsk-security`). The last clone to go releases it, after
/// every socket that is being made with it; [`Wsk::shutdown`] waits for that. Cloning and dropping:
/// IRQL <= DISPATCH_LEVEL.
#[derive(Clone)]
pub struct SocketSecurity(Shared<Cached>);

/// # Invariants
/// WSK has cached the descriptor, for nobody else.
struct Cached {
    descriptor: PSECURITY_DESCRIPTOR,
    provider: Counted,
}

// SAFETY: a name for something of WSK's, which any thread may use.
unsafe impl Send for Cached {}
// SAFETY: as above.
unsafe impl Sync for Cached {}

impl Wsk {
    /// Has WSK cache a security descriptor. The network stack must be [`Wsk::ready`].
    /// IRQL <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// Phase `Wait`, `Kind::NotReady`; phase `Connect`: what the network stack says.
    ///
    /// # Safety
    /// `descriptor` points to a valid security descriptor for the time of the call.
    pub unsafe fn cache_security(
        &self,
        descriptor: PSECURITY_DESCRIPTOR,
    ) -> Result<SocketSecurity, Error> {
        // Before the provider is looked at, so that it stays.
        let provider = Counted::new(self.provider().clone());
        let npi = self.provider().npi()?;
        let mut buffers = Buffers {
            input: descriptor,
            output: null_mut(),
            written: 0,
        };
        // SAFETY: captured, and counted; the descriptor by the contract.
        let status = unsafe { control(&npi, WSK_CACHE_SD, &mut buffers, false) };
        if status < 0 {
            return Err(status::map(Phase::Connect, status));
        }
        let descriptor = buffers.output;
        let cached = Cached {
            descriptor,
            provider,
        };
        let cached = Shared::try_new(cached).map_err(|error| error.in_phase(Phase::Connect))?;
        Ok(SocketSecurity(cached))
    }
}

impl SocketSecurity {
    pub(super) fn as_ptr(&self) -> PSECURITY_DESCRIPTOR {
        self.0.descriptor
    }
}

impl fmt::Debug for SocketSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketSecurity")
    }
}

impl Drop for Cached {
    fn drop(&mut self) {
        // SAFETY: captured when it was cached, and counted since.
        let npi = unsafe { self.provider.provider().npi_of_operation() };
        let mut buffers = Buffers {
            input: self.descriptor,
            output: (),
            written: 0,
        };
        // SAFETY: as above; cached, and released once.
        let _always_succeeds = unsafe { control(&npi, WSK_RELEASE_SD, &mut buffers, false) };
    }
}
