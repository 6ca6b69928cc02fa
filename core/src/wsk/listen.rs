//! Listening, and connections that others make.

use core::cell::UnsafeCell;
use core::fmt;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use wdk_sys::PIRP;

use super::address::{NO_ADDRESS, family, from_inet, to_sockaddr};
use super::attempt::{How, check};
use super::events::{self, Events};
use super::handle::{Close, Handle};
use super::op::{Completion, Op, Payload};
use super::options::{self, SocketOptions};
use super::provider::{Provider, Wsk};
use super::quirks::Function;
use super::setup::{self, NO_SOCKET, Setup};
use super::socket::{Socket, as_sockaddr};
use super::sys::{
    PWSK_SOCKET, SOCKADDR_INET, WSK_FLAG_LISTEN_SOCKET, WSK_PROVIDER_LISTEN_DISPATCH,
};
use super::transport::TcpTransport;
use crate::io::{Error, Phase};
use crate::nt::shared::Shared;

/// A listening socket. Dropping it closes it; connections that were accepted stay.
///
/// # Invariants
/// The handle is that of a listening socket.
pub struct WskListener {
    /// First, so that it is closed before its operation is given up.
    handle: Handle,
    accept: Op<Accept>,
    /// What the next connection becomes, so that accepting one cannot fail for memory.
    next: Option<TcpTransport>,
}

impl WskListener {
    /// Listens at `local`; port 0 lets the network stack choose one. Of `options`, those that precede
    /// the bind are heeded. The network stack must be [`Wsk::ready`]. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Wait`, `Kind::NotReady`; phase `Connect`: what the network stack says.
    pub async fn bind(wsk: &Wsk, local: SocketAddr, options: SocketOptions) -> Result<Self, Error> {
        let provider = wsk.provider();
        let how = How::default();
        let mut setup = Setup::try_new(provider, [to_sockaddr(&local); 2], &how, None)?;
        let accept = Op::try_new(provider, Accept::default())?;
        setup::create(&mut setup, family(&local), WSK_FLAG_LISTEN_SOCKET)?;
        let created = check(setup.completion().await)?;
        let listener = Self {
            handle: setup::adopt(&mut setup, created)?,
            accept,
            next: None,
        };
        options.before_bind(&listener.handle, &mut setup).await?;
        listener.start_to_listen(&mut setup);
        check(setup.completion().await)?;
        Ok(listener)
    }

    /// The next connection, and where it comes from. Dropping the future loses none.
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Connect`. The listener may be asked again, unless the network stack has gone
    /// (STATUS_FILE_FORCED_CLOSED).
    pub async fn accept(&mut self) -> Result<(TcpTransport, SocketAddr), Error> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// See [`WskListener::accept`].
    ///
    /// # Errors
    /// As there.
    pub fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(TcpTransport, SocketAddr), Error>> {
        if self.accept.is_idle() {
            self.start_accept()?;
        }
        let Poll::Ready(done) = self.accept.poll(cx) else {
            return Poll::Pending;
        };
        let done = check(done)?;
        let accept = self.accept.payload_mut().ok_or(NO_SOCKET)?;
        let remote = from_inet(accept.remote.get_mut());
        let handle = accept.take(done).ok_or(NO_SOCKET)?;
        // SAFETY: what WskAccept makes is a connection socket.
        let mut socket = unsafe { Socket::new(handle) };
        socket.enable_events();
        let transport = self.next.take().ok_or(NO_SOCKET)?;
        let remote = remote.ok_or(NO_SOCKET)?;
        Poll::Ready(Ok((transport.connected(socket), remote)))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As [`TcpTransport::local_address`].
    pub async fn local_address(&self) -> Result<SocketAddr, Error> {
        let function = self.dispatch().WskGetLocalAddress;
        // SAFETY: the socket's.
        unsafe { options::address(&self.handle, function) }.await
    }

    fn dispatch(&self) -> &WSK_PROVIDER_LISTEN_DISPATCH {
        // SAFETY: the table of a listening socket, by the invariant.
        unsafe { self.handle.table() }
    }

    /// Binds, which makes it listen (`wsk/nc-wsk-pfn_wsk_bind`).
    fn start_to_listen(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskBind?;
            let local = as_sockaddr(&setup.local);
            // SAFETY: the socket exists; the address lies in the operation.
            Some(unsafe { function(self.handle.as_ptr(), local, 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Bind, call) };
    }

    /// Starts to accept (`wsk/nc-wsk-pfn_wsk_accept`).
    fn start_accept(&mut self) -> Result<(), Error> {
        let provider = self.handle.provider();
        if self.next.is_none() {
            self.next =
                Some(TcpTransport::try_new(provider).map_err(|e| e.in_phase(Phase::Connect))?);
        }
        let payload = self.accept.payload_mut().ok_or(NO_SOCKET)?;
        payload.prepare(provider)?;
        let (handle, function) = (&self.handle, self.dispatch().WskAccept);
        let call = |irp: PIRP, accept: &Accept| {
            let function = function?;
            let (context, dispatch) = events::callbacks(accept.events.as_ref());
            let (local, remote) = (accept.local.get().cast(), accept.remote.get().cast());
            // SAFETY: the socket exists; the addresses and the context lie in the operation, and the
            // new socket has the context afterwards.
            Some(unsafe { function(handle.as_ptr(), 0, context, dispatch, local, remote, irp) })
        };
        // SAFETY: the IRP is passed once; the rest by the above.
        unsafe { self.accept.submit(Function::Accept, call) };
        Ok(())
    }
}

impl fmt::Debug for WskListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WskListener")
    }
}

/// Payload of an accept.
struct Accept {
    /// Until the socket is made.
    close: Option<Op<Close>>,
    events: Option<Shared<Events>>,
    local: UnsafeCell<SOCKADDR_INET>,
    remote: UnsafeCell<SOCKADDR_INET>,
}

// SAFETY: WSK writes the addresses in flight, the owner reads them afterwards.
unsafe impl Sync for Accept {}

impl Default for Accept {
    fn default() -> Self {
        Self {
            close: None,
            events: None,
            local: UnsafeCell::new(NO_ADDRESS),
            remote: UnsafeCell::new(NO_ADDRESS),
        }
    }
}

impl Accept {
    /// Has what the next socket needs.
    fn prepare(&mut self, provider: &Shared<Provider>) -> Result<(), Error> {
        if self.close.is_none() {
            self.close = Some(Op::try_new(provider, Close::default())?);
        }
        if self.events.is_none() && provider.events().is_possible() {
            self.events = Some(Events::try_new()?);
        }
        Ok(())
    }

    /// The socket of an accept that has completed with `done`.
    fn take(&mut self, done: Completion) -> Option<Handle> {
        let raw: PWSK_SOCKET = core::ptr::with_exposed_provenance_mut(done.information);
        let raw = NonNull::new(raw)?;
        let close = self.close.take()?;
        // SAFETY: a new socket, taken once, because `close` is; made with the callbacks of `events`.
        Some(unsafe { Handle::adopt(raw, close, self.events.take()) })
    }
}

impl Payload for Accept {
    fn abandoned(&mut self, result: Completion) {
        if result.is_success() {
            drop(self.take(result));
        }
    }
}
