//! A connection socket.

use core::net::SocketAddr;
use core::ptr::{NonNull, null, null_mut};
use core::sync::atomic::Ordering;

use wdk_sys::{PIRP, PVOID};

use super::address::{family, to_sockaddr, wildcard};
use super::op::{Completion, Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::status;
use super::sys::{
    ADDRESS_FAMILY, IPPROTO_TCP, PSOCKADDR, PWSK_BUF, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_INET,
    WSK_FLAG_CONNECTION_SOCKET, WSK_PROVIDER_CONNECTION_DISPATCH, WSK_SOCKET, WskIoctl,
};
use crate::io::{Error, Kind, Phase};
use crate::nt::process::Process;
use crate::nt::shared::Shared;

/// A socket and the operation that will close it. Dropping it closes: abortively, unless both
/// directions were disconnected before. Nobody waits for that; its pending operations are canceled.
///
/// # Invariants
/// The socket exists, and this is its one owner: calls on it borrow it, so none is executing when
/// it is closed (`wsk/nc-wsk-pfn_wsk_close_socket`).
pub(super) struct Socket {
    raw: NonNull<WSK_SOCKET>,
    close: Op<Close>,
}

// SAFETY: WSK's functions may be called by any thread.
unsafe impl Send for Socket {}
// SAFETY: as above; closing takes the socket.
unsafe impl Sync for Socket {}

impl Socket {
    /// Takes over a socket that was just created.
    ///
    /// # Safety
    /// `raw` is a connection socket that nobody else owns.
    unsafe fn adopt(raw: NonNull<WSK_SOCKET>, mut close: Op<Close>) -> Self {
        let counters = close.provider().counters();
        counters.connections_now.fetch_add(1, Ordering::Relaxed);
        counters.connections_total.fetch_add(1, Ordering::Relaxed);
        let provider = close.provider().clone();
        if let Some(payload) = close.payload_mut() {
            payload.open = Some(provider);
        }
        Self { raw, close }
    }

    fn dispatch(&self) -> &WSK_PROVIDER_CONNECTION_DISPATCH {
        // SAFETY: the socket exists, by the invariant.
        let dispatch = unsafe { self.raw.as_ref() }.Dispatch;
        // SAFETY: the table of a connection socket; providers' tables are constant.
        unsafe { &*dispatch.cast() }
    }

    fn bind(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskBind?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.raw.as_ptr(), as_sockaddr(&setup.local), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Bind, call) };
    }

    fn connect(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskConnect?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.raw.as_ptr(), as_sockaddr(&setup.remote), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Connect, call) };
    }

    /// Receives into `buffer`.
    ///
    /// # Safety
    /// As [`Op::submit`]: `buffer` describes memory that the operation owns.
    pub(super) unsafe fn receive<P: Payload>(&self, op: &mut Op<P>, buffer: PWSK_BUF, flags: u32) {
        let call = |irp: PIRP, _: &P| {
            let function = self.dispatch().WskReceive?;
            // SAFETY: by the contract, and the invariant.
            Some(unsafe { function(self.raw.as_ptr(), buffer, flags, irp) })
        };
        // SAFETY: the IRP is passed once; the buffer by the contract.
        unsafe { op.submit(Function::Receive, call) };
    }

    /// Sends `buffer`.
    ///
    /// # Safety
    /// As [`Op::submit`]: `buffer` describes memory that the operation owns.
    pub(super) unsafe fn send<P: Payload>(&self, op: &mut Op<P>, buffer: PWSK_BUF, flags: u32) {
        let call = |irp: PIRP, _: &P| {
            let function = self.dispatch().WskSend?;
            // SAFETY: by the contract, and the invariant.
            Some(unsafe { function(self.raw.as_ptr(), buffer, flags, irp) })
        };
        // SAFETY: the IRP is passed once; the buffer by the contract.
        unsafe { op.submit(Function::Send, call) };
    }

    /// Sends `last`, which may be null, and FIN behind it and everything before.
    ///
    /// # Safety
    /// As [`Op::submit`]: `last` is null or describes memory that the operation owns.
    pub(super) unsafe fn disconnect<P: Payload>(&self, op: &mut Op<P>, last: PWSK_BUF) {
        let call = |irp: PIRP, _: &P| {
            let function = self.dispatch().WskDisconnect?;
            // SAFETY: by the contract, and the invariant.
            Some(unsafe { function(self.raw.as_ptr(), last, 0, irp) })
        };
        // SAFETY: the IRP is passed once; the buffer by the contract.
        unsafe { op.submit(Function::Disconnect, call) };
    }

    /// Performs an I/O control that has an output alone, which `output` finds in the payload.
    ///
    /// # Safety
    /// The output is writable and lies in the operation.
    pub(super) unsafe fn ioctl<P: Payload>(
        &self,
        op: &mut Op<P>,
        code: u32,
        output: impl FnOnce(&P) -> (PVOID, usize),
    ) {
        let call = |irp: PIRP, payload: &P| {
            let function = self.dispatch().Basic.WskControlSocket?;
            let (to, size) = output(payload);
            let (socket, none) = (self.raw.as_ptr(), null_mut());
            // SAFETY: by the invariant; the output by the contract; it has a known size.
            Some(unsafe {
                let size = size as _;
                function(
                    socket,
                    WskIoctl,
                    code,
                    0,
                    0,
                    none,
                    size,
                    to,
                    null_mut(),
                    irp,
                )
            })
        };
        // SAFETY: the IRP is passed once; the output by the contract.
        unsafe { op.submit(Function::Control, call) };
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let raw = self.raw.as_ptr();
        // SAFETY: the socket exists, by the invariant.
        let dispatch = unsafe { (*raw).Dispatch }.cast::<WSK_PROVIDER_CONNECTION_DISPATCH>();
        let call = |irp: PIRP, _: &Close| {
            // SAFETY: the table of a connection socket.
            let function = unsafe { (*dispatch).Basic.WskCloseSocket }?;
            // SAFETY: no call is executing, by the invariant, and none comes later.
            Some(unsafe { function(raw, irp) })
        };
        // The operation becomes an orphan, which a worker counts out.
        // SAFETY: the IRP is passed once, and nothing else.
        unsafe { self.close.submit(Function::Close, call) };
    }
}

/// Payload of the closing of a socket, allocated before the socket is, so that closing cannot fail.
#[derive(Default)]
pub(super) struct Close {
    /// Set as long as the socket counts as open.
    open: Option<Shared<Provider>>,
}

impl Payload for Close {}

impl Drop for Close {
    fn drop(&mut self) {
        if let Some(provider) = &self.open {
            let counters = provider.counters();
            counters.connections_now.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Creates a socket that belongs to `owner`, binds it to the wildcard address and connects it to `remote`. Dropping the
/// future cancels the attempt.
///
/// # Errors
/// Phase `Connect`.
pub(super) async fn connect(
    provider: &Shared<Provider>,
    remote: SocketAddr,
    owner: Option<&Process>,
) -> Result<Socket, Error> {
    if remote.is_ipv6() && !provider.quirks().has_ipv6() {
        return Err(NO_IPV6);
    }
    let setup = Op::try_new(
        provider,
        Setup {
            close: Some(Op::try_new(provider, Close::default())?),
            local: wildcard(&remote),
            remote: to_sockaddr(&remote),
            owner: owner.cloned(),
        },
    )?;
    let mut attempt = Attempt {
        setup,
        socket: None,
    };
    create(&mut attempt.setup, family(&remote))?;
    let created = check(attempt.setup.completion().await)?;
    let payload = attempt.setup.payload_mut().ok_or(NO_SOCKET)?;
    let socket = payload.take_socket(created).ok_or(NO_SOCKET)?;
    attempt.socket.insert(socket).bind(&mut attempt.setup);
    check(attempt.setup.completion().await)?;
    let Attempt { setup, socket } = &mut attempt;
    socket.as_ref().ok_or(NO_SOCKET)?.connect(setup);
    check(attempt.setup.completion().await)?;
    attempt.socket.ok_or(NO_SOCKET)
}

/// What an attempt that is given up leaves. The order matters: a pending connect is canceled before
/// its socket is closed, which may otherwise take as long as the connect.
struct Attempt {
    setup: Op<Setup>,
    socket: Option<Socket>,
}

/// Starts to create a socket.
fn create(setup: &mut Op<Setup>, family: ADDRESS_FAMILY) -> Result<(), Error> {
    let npi = setup.provider().npi()?;
    let call = |irp: PIRP, setup: &Setup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskSocket }?;
        // SAFETY: a connection socket without callbacks or context; the operation refers to the
        // owner; the IRP is passed once.
        Some(unsafe {
            function(
                npi.Client,
                family,
                SOCK_STREAM,
                IPPROTO_TCP,
                WSK_FLAG_CONNECTION_SOCKET,
                null_mut(),
                null(),
                setup.owner.as_ref().map_or(null_mut(), Process::as_ptr),
                null_mut(),
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once, and nothing else that must last.
    unsafe { setup.submit(Function::Socket, call) };
    Ok(())
}

/// Payload of the three steps to a connection.
struct Setup {
    /// Until the socket is made.
    close: Option<Op<Close>>,
    local: SOCKADDR_INET,
    remote: SOCKADDR_INET,
    /// For whose programs' rules the socket counts; the machine's own if there is none.
    owner: Option<Process>,
}

impl Setup {
    /// The socket whose creation has completed with `created`.
    fn take_socket(&mut self, created: Completion) -> Option<Socket> {
        let raw: PWSK_SOCKET = core::ptr::with_exposed_provenance_mut(created.information);
        let raw = NonNull::new(raw)?;
        // SAFETY: a new socket, taken once, because `close` is.
        self.close
            .take()
            .map(|close| unsafe { Socket::adopt(raw, close) })
    }
}

impl Payload for Setup {
    const CANCEL: bool = true;

    fn abandoned(&mut self, result: Completion) {
        if result.is_success() {
            drop(self.take_socket(result));
        }
    }
}

fn as_sockaddr(address: &SOCKADDR_INET) -> PSOCKADDR {
    (&raw const *address).cast_mut().cast()
}

fn check(done: Completion) -> Result<Completion, Error> {
    if done.is_success() {
        Ok(done)
    } else {
        Err(status::map(Phase::Connect, done.status))
    }
}

const NO_SOCKET: Error = Error::with_status(
    Phase::Connect,
    Kind::ConnectFailed,
    0xC000_00E5_u32.cast_signed(), // STATUS_INTERNAL_ERROR
    "the network stack made no socket",
);
const NO_IPV6: Error = Error::with_status(
    Phase::Connect,
    Kind::Unreachable,
    0xC000_023C_u32.cast_signed(), // STATUS_NETWORK_UNREACHABLE
    "the network stack has no IPv6",
);
