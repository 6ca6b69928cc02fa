//! A connection socket.

use core::ptr::null_mut;

use wdk_sys::{PIRP, PVOID};

use super::events::Events;
use super::handle::Handle;
use super::op::{Op, Payload};
use super::quirks::Function;
use super::setup::Setup;
use super::sys::{
    PSOCKADDR, PWSK_BUF, PWSK_SOCKET, SOCKADDR_INET, WSK_BUF, WSK_PROVIDER_CONNECTION_DISPATCH,
    WskIoctl,
};

/// A connection socket. Dropping it closes it, as [`Handle`] says.
///
/// # Invariants
/// The handle is that of a connection socket.
pub(super) struct Socket {
    pub(super) handle: Handle,
    /// Its callbacks are called.
    pub(super) enabled: bool,
}

impl Socket {
    /// A connection socket that was just created.
    ///
    /// # Safety
    /// `handle` is that of a connection socket.
    pub(super) unsafe fn new(handle: Handle) -> Self {
        let enabled = handle.provider().has_static_events() && handle.callbacks().is_some();
        Self { handle, enabled }
    }

    pub(super) fn dispatch(&self) -> &WSK_PROVIDER_CONNECTION_DISPATCH {
        // SAFETY: the table of a connection socket, by the invariant.
        unsafe { self.handle.table() }
    }

    pub(super) fn as_ptr(&self) -> PWSK_SOCKET {
        self.handle.as_ptr()
    }

    /// The callbacks of the socket, if it has any that are enabled.
    pub(super) fn events(&self) -> Option<&Events> {
        match self.enabled {
            true => self.handle.callbacks(),
            false => None,
        }
    }

    pub(super) fn bind(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskBind?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.as_ptr(), as_sockaddr(&setup.local), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Bind, call) };
    }

    pub(super) fn connect(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskConnect?;
            // SAFETY: by the invariant; the address lies in the operation.
            Some(unsafe { function(self.as_ptr(), as_sockaddr(&setup.remote), 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address by the above.
        unsafe { setup.submit(Function::Connect, call) };
    }

    /// Connects, and sends the first data if there is some: `wsk/nc-wsk-pfn_wsk_connect_ex`.
    pub(super) fn connect_ex(&self, setup: &mut Op<Setup>) {
        let call = |irp: PIRP, setup: &Setup| {
            let function = self.dispatch().WskConnectEx?;
            let remote = as_sockaddr(&setup.remote);
            let mut first = setup.first.as_ref().map(|first| WSK_BUF {
                Mdl: first.mdl(),
                Offset: 0,
                Length: first.len() as _,
            });
            let buffer = first.as_mut().map_or(null_mut(), |buffer| &raw mut *buffer);
            // SAFETY: by the invariant; the address and the data lie in the operation.
            Some(unsafe { function(self.as_ptr(), remote, buffer, 0, irp) })
        };
        // SAFETY: the IRP is passed once; the address and the data by the above.
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
            Some(unsafe { function(self.as_ptr(), buffer, flags, irp) })
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
            Some(unsafe { function(self.as_ptr(), buffer, flags, irp) })
        };
        // SAFETY: the IRP is passed once; the buffer by the contract.
        unsafe { op.submit(Function::Send, call) };
    }

    /// Sends `last`, which may be null, and FIN behind it and everything before; or RST, and lets go
    /// what was not sent, if `flags` has WSK_FLAG_ABORTIVE.
    ///
    /// # Safety
    /// As [`Op::submit`]: `last` is null or describes memory that the operation owns.
    pub(super) unsafe fn disconnect<P: Payload>(&self, op: &mut Op<P>, last: PWSK_BUF, flags: u32) {
        let call = |irp: PIRP, _: &P| {
            let function = self.dispatch().WskDisconnect?;
            // SAFETY: by the contract, and the invariant.
            Some(unsafe { function(self.as_ptr(), last, flags, irp) })
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
            let (socket, none) = (self.as_ptr(), null_mut());
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
    }
}

pub(super) fn as_sockaddr(address: &SOCKADDR_INET) -> PSOCKADDR {
    (&raw const *address).cast_mut().cast()
}
