//! Options of sockets, and their addresses.

use core::cell::UnsafeCell;
use core::net::SocketAddr;
use core::ptr::null_mut;

use wdk_sys::PIRP;

use super::address::from_sockaddr;
use super::attempt::Setup;
use super::op::{Op, Payload};
use super::quirks::Function;
use super::socket::Socket;
use super::status;
use super::sys::{
    SO_EXCLUSIVEADDRUSE, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, SOCKADDR_IN, SOCKADDR_INET,
    SOL_SOCKET, WskSetOption,
};
use crate::io::{Error, Kind, Phase};

/// What sockets are told (`wsk/nc-wsk-pfn_wsk_control_socket`). A provider that does not know one
/// goes without, but for `exclusive`, without which nothing is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// Nobody else may use the local address (`network/so-exclusiveaddruse`).
    pub exclusive: bool,
    /// Keep-alive packets are sent (`network/so-keepalive`).
    pub keep_alive: bool,
    /// Bytes that the transport buffers for sending, if not as many as it likes.
    pub send_buffer: Option<u32>,
    /// Bytes that the transport buffers of what arrives (`network/so-rcvbuf`).
    pub receive_buffer: Option<u32>,
}

/// One of the two addresses of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Local,
    Remote,
}

/// Payload of a request for an address.
struct Address(UnsafeCell<SOCKADDR_INET>);

impl Payload for Address {}

// SAFETY: WSK writes it in flight, the owner reads it afterwards.
unsafe impl Sync for Address {}

impl SocketOptions {
    /// Whether there are any that must be set before the socket is bound.
    pub(super) fn precede_bind(&self) -> bool {
        self.exclusive
    }

    /// Sets what must be set before the socket is bound.
    pub(super) async fn before_bind(
        &self,
        socket: &Socket,
        setup: &mut Op<Setup>,
    ) -> Result<(), Error> {
        if self.exclusive {
            set(socket, setup, SO_EXCLUSIVEADDRUSE, 1).await?;
        }
        Ok(())
    }

    /// Sets what can be set once the socket is connected, as far as the provider knows it.
    pub(super) async fn once_connected(&self, socket: &Socket, setup: &mut Op<Setup>) {
        let keep_alive = self.keep_alive.then_some(1);
        for (option, value) in [
            (SO_KEEPALIVE, keep_alive),
            (SO_SNDBUF, self.send_buffer),
            (SO_RCVBUF, self.receive_buffer),
        ] {
            if let Some(value) = value {
                let _unknown = set(socket, setup, option, value).await;
            }
        }
    }
}

/// Sets an option of level SOL_SOCKET.
async fn set(socket: &Socket, setup: &mut Op<Setup>, option: u32, value: u32) -> Result<(), Error> {
    if !setup.provider().quirks().has_control() {
        return Err(NO_OPTIONS);
    }
    let payload = setup.payload_mut().ok_or(NO_OPTIONS)?;
    payload.option = value;
    let call = |irp: PIRP, setup: &Setup| {
        let function = socket.dispatch().Basic.WskControlSocket?;
        let input = (&raw const setup.option).cast_mut().cast();
        // SAFETY: the socket exists; the input lies in the operation.
        Some(unsafe {
            function(
                socket.raw.as_ptr(),
                WskSetOption,
                option,
                SOL_SOCKET,
                size_of_val(&setup.option) as _,
                input,
                0,
                null_mut(),
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once; the input by the above.
    unsafe { setup.submit(Function::Control, call) };
    let done = setup.completion().await;
    if done.is_success() {
        Ok(())
    } else {
        Err(status::map(Phase::Connect, done.status))
    }
}

/// An address of a connected socket (`wsk/nc-wsk-pfn_wsk_get_local_address`).
///
/// # Errors
/// Phase `Connect`.
pub(super) async fn address(socket: &Socket, end: End) -> Result<SocketAddr, Error> {
    let provider = socket.close.provider();
    if !provider.quirks().has_control() {
        return Err(NO_OPTIONS);
    }
    let nothing = SOCKADDR_INET {
        Ipv4: SOCKADDR_IN::ANY,
    };
    let mut query = Op::try_new(provider, Address(UnsafeCell::new(nothing)))?;
    let call = |irp: PIRP, address: &Address| {
        let to = address.0.get().cast();
        let socket_raw = socket.raw.as_ptr();
        match end {
            End::Local => {
                let function = socket.dispatch().WskGetLocalAddress?;
                // SAFETY: the socket exists; the address lies in the operation.
                Some(unsafe { function(socket_raw, to, irp) })
            }
            End::Remote => {
                let function = socket.dispatch().WskGetRemoteAddress?;
                // SAFETY: as above.
                Some(unsafe { function(socket_raw, to, irp) })
            }
        }
    };
    // SAFETY: the IRP is passed once; the address by the above.
    unsafe { query.submit(Function::GetAddress, call) };
    let done = query.completion().await;
    if !done.is_success() {
        return Err(status::map(Phase::Connect, done.status));
    }
    let Some(Address(address)) = query.payload_mut() else {
        return Err(NO_OPTIONS);
    };
    let address = address.get_mut();
    // SAFETY: both families have the port in the same place.
    let port = u16::from_be(unsafe { address.Ipv4.sin_port });
    let address: *mut SOCKADDR_INET = address;
    // SAFETY: of that size.
    let found = unsafe { from_sockaddr(address.cast(), size_of::<SOCKADDR_INET>(), port) };
    found.ok_or(NO_OPTIONS)
}

const NO_OPTIONS: Error = Error::with_status(
    Phase::Connect,
    Kind::ConnectFailed,
    0xC000_00BB_u32.cast_signed(), // STATUS_NOT_SUPPORTED
    "the network stack does not know the socket option or request",
);
