//! The steps to a socket: what they share, and its creation.

use core::ptr::{NonNull, null_mut};

use wdk_sys::{PIRP, PSECURITY_DESCRIPTOR};

use super::attempt::How;
use super::events::{self, Events};
use super::handle::{Close, Handle};
use super::op::{Completion, Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::security::SocketSecurity;
use super::sys::{ADDRESS_FAMILY, IPPROTO_TCP, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_INET};
use crate::io::{Error, Kind, Phase};
use crate::nt::mdl::IoBuffer;
use crate::nt::process::Process;
use crate::nt::shared::Shared;

/// Payload of the steps to a socket that is connected, or listens.
pub(super) struct Setup {
    /// Until the socket is made.
    close: Option<Op<Close>>,
    pub(super) local: SOCKADDR_INET,
    pub(super) remote: SOCKADDR_INET,
    /// For whose programs' rules the socket counts; the machine's own if there is none.
    owner: Option<Process>,
    security: Option<SocketSecurity>,
    pub(super) events: Option<Shared<Events>>,
    /// The value of an option.
    pub(super) option: u32,
    /// What is sent with the connect.
    pub(super) first: Option<IoBuffer>,
}

impl Setup {
    /// The operation of the steps, with the local address and the remote one.
    ///
    /// # Errors
    /// [`crate::nt::pool::NO_MEMORY`].
    pub(super) fn try_new(
        provider: &Shared<Provider>,
        [local, remote]: [SOCKADDR_INET; 2],
        how: &How,
        events: Option<Shared<Events>>,
    ) -> Result<Op<Self>, Error> {
        let setup = Self {
            close: Some(Op::try_new(provider, Close::default())?),
            local,
            remote,
            owner: how.owner.clone(),
            security: how.security.clone(),
            events,
            option: 0,
            first: None,
        };
        Op::try_new(provider, setup)
    }

    /// Whose the socket is, as WSK takes it.
    pub(super) fn owner(&self) -> wdk_sys::PEPROCESS {
        self.owner.as_ref().map_or(null_mut(), Process::as_ptr)
    }

    /// The socket's cached security descriptor, as WSK takes it.
    pub(super) fn security(&self) -> PSECURITY_DESCRIPTOR {
        self.security
            .as_ref()
            .map_or(null_mut(), SocketSecurity::as_ptr)
    }

    /// Has `first` sent with the connect, unless it is empty.
    ///
    /// # Errors
    /// Phase `Connect`, [`crate::nt::pool::NO_MEMORY`].
    pub(super) fn set_first(&mut self, first: &[u8]) -> Result<(), Error> {
        self.first = match first.is_empty() {
            true => None,
            false => Some(IoBuffer::try_of(first).map_err(|e| e.in_phase(Phase::Connect))?),
        };
        Ok(())
    }

    /// The socket whose creation has completed with `created`.
    fn take(&mut self, created: Completion) -> Option<Handle> {
        let raw: PWSK_SOCKET = core::ptr::with_exposed_provenance_mut(created.information);
        let raw = NonNull::new(raw)?;
        let close = self.close.take()?;
        // SAFETY: a new socket, taken once, because `close` is; made with the callbacks of `events`.
        Some(unsafe { Handle::adopt(raw, close, self.events.take()) })
    }
}

impl Payload for Setup {
    const CANCEL: bool = true;

    fn abandoned(&mut self, result: Completion) {
        if result.is_success() {
            drop(self.take(result));
        }
    }
}

/// Starts to create a socket of the category of `flag` (`wsk/nc-wsk-pfn_wsk_socket`).
///
/// # Errors
/// The provider is not there.
pub(super) fn create(
    setup: &mut Op<Setup>,
    family: ADDRESS_FAMILY,
    flag: u32,
) -> Result<(), Error> {
    let npi = setup.provider().npi()?;
    let call = |irp: PIRP, setup: &Setup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskSocket }?;
        let (context, dispatch) = events::callbacks(setup.events.as_ref());
        // SAFETY: the operation refers to the owner, the security descriptor and the context, which
        // the socket has afterwards; the IRP is passed once.
        Some(unsafe {
            function(
                npi.Client,
                family,
                SOCK_STREAM,
                IPPROTO_TCP,
                flag,
                context,
                dispatch.cast(),
                setup.owner(),
                null_mut(),
                setup.security(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the rest by the above.
    unsafe { setup.submit(Function::Socket, call) };
    Ok(())
}

/// The socket whose creation has completed with `created`.
///
/// # Errors
/// The provider has made none.
pub(super) fn adopt(setup: &mut Op<Setup>, created: Completion) -> Result<Handle, Error> {
    let payload = setup.payload_mut().ok_or(NO_SOCKET)?;
    payload.take(created).ok_or(NO_SOCKET)
}

pub(super) const NO_SOCKET: Error = Error::with_status(
    Phase::Connect,
    Kind::ConnectFailed,
    0xC000_00E5_u32.cast_signed(), // STATUS_INTERNAL_ERROR
    "the network stack made no socket",
);
