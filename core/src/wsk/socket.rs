//! A connection socket.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use wdk_sys::{PIRP, PVOID};

use super::attempt::Setup;
use super::events::Events;
use super::op::{Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::sys::{
    PSOCKADDR, PWSK_BUF, SOCKADDR_INET, WSK_PROVIDER_CONNECTION_DISPATCH, WSK_SOCKET, WskIoctl,
};
use crate::nt::shared::Shared;

/// A socket and the operation that will close it. Dropping it closes: abortively, unless both
/// directions were disconnected before. Nobody waits for that; its pending operations are canceled.
///
/// # Invariants
/// The socket exists, and this is its one owner: calls on it borrow it, so none is executing when
/// it is closed (`wsk/nc-wsk-pfn_wsk_close_socket`).
pub(super) struct Socket {
    pub(super) raw: NonNull<WSK_SOCKET>,
    pub(super) close: Op<Close>,
    /// Its callbacks are called.
    pub(super) enabled: bool,
}

// SAFETY: WSK's functions may be called by any thread.
unsafe impl Send for Socket {}
// SAFETY: as above; closing takes the socket.
unsafe impl Sync for Socket {}

impl Socket {
    /// Takes over a socket that was just created.
    ///
    /// # Safety
    /// `raw` is a connection socket that nobody else owns, made with the callbacks of `events`.
    pub(super) unsafe fn adopt(
        raw: NonNull<WSK_SOCKET>,
        mut close: Op<Close>,
        events: Option<Shared<Events>>,
    ) -> Self {
        let counters = close.provider().counters();
        counters.connections_now.fetch_add(1, Ordering::Relaxed);
        counters.connections_total.fetch_add(1, Ordering::Relaxed);
        let provider = close.provider().clone();
        if let Some(payload) = close.payload_mut() {
            payload.open = Some(provider);
            payload.events = events;
        }
        let enabled = close.provider().has_static_events() && close.payload().events.is_some();
        Self {
            raw,
            close,
            enabled,
        }
    }

    pub(super) fn dispatch(&self) -> &WSK_PROVIDER_CONNECTION_DISPATCH {
        // SAFETY: the socket exists, by the invariant.
        let dispatch = unsafe { self.raw.as_ref() }.Dispatch;
        // SAFETY: the table of a connection socket; providers' tables are constant.
        unsafe { &*dispatch.cast() }
    }

    /// The callbacks of the socket, if it has any that are enabled.
    pub(super) fn events(&self) -> Option<&Events> {
        match self.enabled {
            true => self.close.payload().events.as_deref(),
            false => None,
        }
    }

    pub(super) fn bind(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskBind?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.raw.as_ptr(), as_sockaddr(&setup.local), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Bind, call) };
    }

    pub(super) fn connect(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskConnect?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.raw.as_ptr(), as_sockaddr(&setup.remote), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Connect, call) };
    }

    /// Connects without data: `wsk/nc-wsk-pfn_wsk_connect_ex`.
    pub(super) fn connect_ex(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskConnectEx?;
            let remote = as_sockaddr(&setup.remote);
            // SAFETY: by the invariant; the address lies in the operation; there is no buffer.
            Some(unsafe { function(self.raw.as_ptr(), remote, null_mut(), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::ConnectEx, call) };
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
        self.give_back();
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
    /// The context of the callbacks, which may come until the socket is closed to the end.
    pub(super) events: Option<Shared<Events>>,
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

pub(super) fn as_sockaddr(address: &SOCKADDR_INET) -> PSOCKADDR {
    (&raw const *address).cast_mut().cast()
}
