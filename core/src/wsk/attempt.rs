//! One attempt to connect to one address.

use core::net::SocketAddr;
use core::ptr::{NonNull, null_mut};

use wdk_sys::{NTSTATUS, PIRP};

use super::address::{family, to_sockaddr, wildcard};
use super::events::{self, Events};
use super::op::{Completion, Op, Payload};
use super::options::SocketOptions;
use super::provider::Provider;
use super::quirks::Function;
use super::socket::{Close, Socket, as_sockaddr};
use super::status;
use super::sys::{
    ADDRESS_FAMILY, IPPROTO_TCP, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_INET,
    WSK_FLAG_CONNECTION_SOCKET,
};
use crate::io::{Error, Kind, Phase};
use crate::nt::process::Process;
use crate::nt::shared::Shared;

/// The function of WSK that connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `WskSocketConnect`, which makes the socket, too; [`Method::Connect`] where it is not there.
    #[default]
    SocketConnect,
    /// `WskSocket`, `WskBind`, `WskConnect`.
    Connect,
    /// `WskSocket`, `WskBind`, `WskConnectEx`; [`Method::Connect`] where that is not there.
    ConnectEx,
}

/// How sockets are made.
#[derive(Clone, Debug, Default)]
pub(super) struct How {
    /// Whose they are; the system's if there is none.
    pub(super) owner: Option<Process>,
    pub(super) method: Method,
    pub(super) options: SocketOptions,
}

/// Makes a socket, with a wildcard local address, and connects it to `remote`.
/// Dropping the future cancels the attempt.
///
/// # Errors
/// Phase `Connect`.
pub(super) async fn connect(
    provider: &Shared<Provider>,
    remote: SocketAddr,
    how: &How,
) -> Result<Socket, Error> {
    if remote.is_ipv6() && !provider.quirks().has_ipv6() {
        return Err(NO_IPV6);
    }
    let events = match provider.events().is_possible() {
        true => Some(Events::try_new()?),
        false => None,
    };
    let setup = Op::try_new(
        provider,
        Setup {
            close: Some(Op::try_new(provider, Close::default())?),
            local: wildcard(&remote),
            remote: to_sockaddr(&remote),
            owner: how.owner.clone(),
            events,
            option: 0,
        },
    )?;
    let mut attempt = Attempt {
        setup,
        socket: None,
    };
    let method = how.method;
    if method == Method::SocketConnect
        && provider.socket_connect().is_possible()
        && !how.options.precede_bind()
    {
        socket_connect(&mut attempt.setup)?;
        let done = attempt.setup.completion().await;
        if !is_missing(done.status) {
            provider.socket_connect().works();
            let mut socket = adopt(&mut attempt.setup, check(done)?)?;
            socket.enable_events();
            attempt.socket = Some(socket);
            return attempt.connected(how).await;
        }
        provider.socket_connect().is_refused();
    }
    create(&mut attempt.setup, family(&remote))?;
    let created = check(attempt.setup.completion().await)?;
    let socket = adopt(&mut attempt.setup, created)?;
    let socket = attempt.socket.insert(socket);
    how.options.before_bind(socket, &mut attempt.setup).await?;
    socket.bind(&mut attempt.setup);
    check(attempt.setup.completion().await)?;
    let Attempt { setup, socket } = &mut attempt;
    let socket = socket.as_mut().ok_or(NO_SOCKET)?;
    if method == Method::ConnectEx && provider.connect_ex().is_possible() {
        socket.connect_ex(setup);
        let done = setup.completion().await;
        if !is_missing(done.status) {
            provider.connect_ex().works();
            check(done)?;
            socket.enable_events();
            return attempt.connected(how).await;
        }
        provider.connect_ex().is_refused();
    }
    socket.connect(setup);
    check(setup.completion().await)?;
    socket.enable_events();
    attempt.connected(how).await
}

/// What an attempt that is given up leaves. The order matters: a pending connect is canceled before
/// its socket is closed, which may otherwise take as long as the connect.
struct Attempt {
    setup: Op<Setup>,
    socket: Option<Socket>,
}

impl Attempt {
    /// What comes after the connect.
    async fn connected(mut self, how: &How) -> Result<Socket, Error> {
        let socket = self.socket.as_ref().ok_or(NO_SOCKET)?;
        how.options.once_connected(socket, &mut self.setup).await;
        self.socket.take().ok_or(NO_SOCKET)
    }
}

/// Starts to create a socket.
fn create(setup: &mut Op<Setup>, family: ADDRESS_FAMILY) -> Result<(), Error> {
    let npi = setup.provider().npi()?;
    let call = |irp: PIRP, setup: &Setup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskSocket }?;
        let (context, dispatch) = events::callbacks(setup.events.as_ref());
        // SAFETY: a connection socket; the operation refers to the owner and the context, which the
        // socket has afterwards; the IRP is passed once.
        Some(unsafe {
            function(
                npi.Client,
                family,
                SOCK_STREAM,
                IPPROTO_TCP,
                WSK_FLAG_CONNECTION_SOCKET,
                context,
                dispatch.cast(),
                setup.owner.as_ref().map_or(null_mut(), Process::as_ptr),
                null_mut(),
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the rest by the above.
    unsafe { setup.submit(Function::Socket, call) };
    Ok(())
}

/// Starts to create a socket and to connect it.
fn socket_connect(setup: &mut Op<Setup>) -> Result<(), Error> {
    let npi = setup.provider().npi()?;
    let call = |irp: PIRP, setup: &Setup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskSocketConnect }?;
        let (context, dispatch) = events::callbacks(setup.events.as_ref());
        // SAFETY: as in create; the addresses lie in the operation.
        Some(unsafe {
            function(
                npi.Client,
                SOCK_STREAM,
                IPPROTO_TCP,
                as_sockaddr(&setup.local),
                as_sockaddr(&setup.remote),
                0,
                context,
                dispatch,
                setup.owner.as_ref().map_or(null_mut(), Process::as_ptr),
                null_mut(),
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the rest by the above.
    unsafe { setup.submit(Function::SocketConnect, call) };
    Ok(())
}

/// Payload of the steps to a connection.
pub(super) struct Setup {
    /// Until the socket is made.
    close: Option<Op<Close>>,
    pub(super) local: SOCKADDR_INET,
    pub(super) remote: SOCKADDR_INET,
    /// For whose programs' rules the socket counts; the machine's own if there is none.
    owner: Option<Process>,
    events: Option<Shared<Events>>,
    /// The value of an option.
    pub(super) option: u32,
}

impl Setup {
    /// The socket whose creation has completed with `created`.
    fn take_socket(&mut self, created: Completion) -> Option<Socket> {
        let raw: PWSK_SOCKET = core::ptr::with_exposed_provenance_mut(created.information);
        let raw = NonNull::new(raw)?;
        let close = self.close.take()?;
        // SAFETY: a new socket, taken once, because `close` is; made with the callbacks of `events`.
        Some(unsafe { Socket::adopt(raw, close, self.events.take()) })
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

fn adopt(setup: &mut Op<Setup>, created: Completion) -> Result<Socket, Error> {
    let payload = setup.payload_mut().ok_or(NO_SOCKET)?;
    payload.take_socket(created).ok_or(NO_SOCKET)
}

fn check(done: Completion) -> Result<Completion, Error> {
    if done.is_success() {
        Ok(done)
    } else {
        Err(status::map(Phase::Connect, done.status))
    }
}

/// Whether the provider lacks a function.
const fn is_missing(status: NTSTATUS) -> bool {
    matches!(status, STATUS_NOT_IMPLEMENTED | STATUS_NOT_SUPPORTED)
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

const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
const STATUS_NOT_SUPPORTED: NTSTATUS = 0xC000_00BB_u32.cast_signed();
