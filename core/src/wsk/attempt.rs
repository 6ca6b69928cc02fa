//! One attempt to connect to one address.

use core::net::SocketAddr;
use core::ptr::null_mut;

use wdk_sys::{NTSTATUS, PIRP};

use super::address::{family, to_sockaddr, wildcard};
use super::events::{self, Events};
use super::op::{Completion, Op};
use super::options::SocketOptions;
use super::provider::Provider;
use super::quirks::Function;
use super::security::SocketSecurity;
use super::setup::{self, NO_SOCKET, Setup};
use super::socket::{Socket, as_sockaddr};
use super::status;
use super::sys::{IPPROTO_TCP, SOCK_STREAM, WSK_FLAG_CONNECTION_SOCKET};
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
    pub(super) security: Option<SocketSecurity>,
}

/// Makes a socket, with a wildcard local address, and connects it to `remote`. As much of `first` as can
/// be sent with the connection is, and the second value says how much. Dropping the future cancels
/// the attempt.
///
/// # Errors
/// Phase `Connect`.
pub(super) async fn connect(
    provider: &Shared<Provider>,
    remote: SocketAddr,
    how: &How,
    first: &[u8],
) -> Result<(Socket, usize), Error> {
    if remote.is_ipv6() && !provider.quirks().has_ipv6() {
        return Err(NO_IPV6);
    }
    let events = match provider.events().is_possible() {
        true => Some(Events::try_new()?),
        false => None,
    };
    let addresses = [wildcard(&remote), to_sockaddr(&remote)];
    let setup = Setup::try_new(provider, addresses, how, events)?;
    let mut attempt = Attempt {
        setup,
        socket: None,
    };
    let method = match first.len() {
        1..=MOST_FIRST if provider.connect_ex().is_possible() => Method::ConnectEx,
        _ => how.method,
    };
    if method == Method::SocketConnect
        && provider.socket_connect().is_possible()
        && !how.options.precede_connect()
    {
        socket_connect(&mut attempt.setup)?;
        let done = attempt.setup.completion().await;
        if !is_missing(done.status) {
            provider.socket_connect().works();
            let mut socket = adopt(&mut attempt.setup, check(done)?)?;
            socket.enable_events();
            attempt.socket = Some(socket);
            return attempt.connected(how, 0).await;
        }
        provider.socket_connect().is_refused();
    }
    setup::create(
        &mut attempt.setup,
        family(&remote),
        WSK_FLAG_CONNECTION_SOCKET,
    )?;
    let created = check(attempt.setup.completion().await)?;
    let socket = adopt(&mut attempt.setup, created)?;
    let socket = attempt.socket.insert(socket);
    let setup = &mut attempt.setup;
    how.options.before_bind(&socket.handle, setup).await?;
    socket.bind(setup);
    check(setup.completion().await)?;
    how.options.before_connect(&socket.handle, setup).await;
    if method == Method::ConnectEx && provider.connect_ex().is_possible() {
        setup.payload_mut().ok_or(NO_SOCKET)?.set_first(first)?;
        socket.connect_ex(setup);
        let done = setup.completion().await;
        if !is_missing(done.status) {
            provider.connect_ex().works();
            let sent = check(done)?.information.min(first.len());
            socket.enable_events();
            return attempt.connected(how, sent).await;
        }
        provider.connect_ex().is_refused();
    }
    socket.connect(setup);
    check(setup.completion().await)?;
    socket.enable_events();
    attempt.connected(how, 0).await
}

/// What an attempt that is given up leaves. The order matters: a pending connect is canceled before
/// its socket is closed, which may otherwise take as long as the connect.
struct Attempt {
    setup: Op<Setup>,
    socket: Option<Socket>,
}

impl Attempt {
    /// What comes after the connect.
    async fn connected(mut self, how: &How, sent: usize) -> Result<(Socket, usize), Error> {
        let socket = self.socket.as_ref().ok_or(NO_SOCKET)?;
        let (options, handle) = (&how.options, &socket.handle);
        options.once_connected(handle, &mut self.setup).await;
        let socket = self.socket.take().ok_or(NO_SOCKET)?;
        Ok((socket, sent))
    }
}

/// Starts to create a socket and to connect it.
fn socket_connect(setup: &mut Op<Setup>) -> Result<(), Error> {
    let npi = setup.provider().npi()?;
    let call = |irp: PIRP, setup: &Setup| {
        // SAFETY: captured, and not released while there is an operation.
        let function = unsafe { (*npi.Dispatch).WskSocketConnect }?;
        let (context, dispatch) = events::callbacks(setup.events.as_ref());
        // SAFETY: as in setup::create; the addresses lie in the operation.
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
                setup.owner(),
                null_mut(),
                setup.security(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the rest by the above.
    unsafe { setup.submit(Function::SocketConnect, call) };
    Ok(())
}

/// The socket whose creation has completed with `created`.
fn adopt(setup: &mut Op<Setup>, created: Completion) -> Result<Socket, Error> {
    let handle = setup::adopt(setup, created)?;
    // SAFETY: both ways of creation make a connection socket.
    Ok(unsafe { Socket::new(handle) })
}

/// The completion of a step of making a socket, or the error that it is.
pub(super) fn check(done: Completion) -> Result<Completion, Error> {
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

/// The most that `WskConnectEx` takes.
const MOST_FIRST: usize = 65535;

const NO_IPV6: Error = Error::with_status(
    Phase::Connect,
    Kind::Unreachable,
    0xC000_023C_u32.cast_signed(), // STATUS_NETWORK_UNREACHABLE
    "the network stack has no IPv6",
);

const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
const STATUS_NOT_SUPPORTED: NTSTATUS = 0xC000_00BB_u32.cast_signed();
