//! Options of sockets, and their addresses.

use core::cell::UnsafeCell;
use core::net::SocketAddr;
use core::ptr::null_mut;

use wdk_sys::PIRP;

use super::address::{NO_ADDRESS, from_inet};
use super::handle::Handle;
use super::op::{Op, Payload};
use super::quirks::Function;
use super::setup::Setup;
use super::status;
use super::sys::{
    IPPROTO_TCP, PFN_WSK_GET_LOCAL_ADDRESS, SO_EXCLUSIVEADDRUSE, SO_KEEPALIVE, SO_RCVBUF,
    SO_SNDBUF, SOCKADDR_INET, SOL_SOCKET, TCP_FASTOPEN, WskSetOption,
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
    /// The first data may be sent with the SYN (RFC 7413), where it may be delivered twice:
    /// for [`super::WskConnect::connect_with`].
    pub fast_open: bool,
}

/// Payload of a request for an address.
struct Address(UnsafeCell<SOCKADDR_INET>);

impl Payload for Address {}

// SAFETY: WSK writes it in flight, the owner reads it afterwards.
unsafe impl Sync for Address {}

impl SocketOptions {
    /// Whether there are any that must be set before the socket is bound or connected.
    pub(super) fn precede_connect(&self) -> bool {
        self.exclusive || self.fast_open
    }

    /// Sets what must be set before the socket is bound.
    pub(super) async fn before_bind(
        &self,
        socket: &Handle,
        setup: &mut Op<Setup>,
    ) -> Result<(), Error> {
        if self.exclusive {
            set(socket, setup, (SOL_SOCKET, SO_EXCLUSIVEADDRUSE), 1).await?;
        }
        Ok(())
    }

    /// Sets what must be set before the socket is connected, as far as the provider knows it.
    pub(super) async fn before_connect(&self, socket: &Handle, setup: &mut Op<Setup>) {
        if self.fast_open {
            let _unknown = set(socket, setup, (IPPROTO_TCP, TCP_FASTOPEN), 1).await;
        }
    }

    /// Sets what can be set once the socket is connected, as far as the provider knows it.
    pub(super) async fn once_connected(&self, socket: &Handle, setup: &mut Op<Setup>) {
        let keep_alive = self.keep_alive.then_some(1);
        for (option, value) in [
            (SO_KEEPALIVE, keep_alive),
            (SO_SNDBUF, self.send_buffer),
            (SO_RCVBUF, self.receive_buffer),
        ] {
            if let Some(value) = value {
                let _unknown = set(socket, setup, (SOL_SOCKET, option), value).await;
            }
        }
    }
}

/// Sets an option of a level.
async fn set(
    socket: &Handle,
    setup: &mut Op<Setup>,
    (level, option): (u32, u32),
    value: u32,
) -> Result<(), Error> {
    if !setup.provider().quirks().has_control() {
        return Err(NO_OPTIONS);
    }
    let payload = setup.payload_mut().ok_or(NO_OPTIONS)?;
    payload.option = value;
    let call = |irp: PIRP, setup: &Setup| {
        let function = socket.basic().WskControlSocket?;
        let input = (&raw const setup.option).cast_mut().cast();
        // SAFETY: the socket exists; the input lies in the operation.
        Some(unsafe {
            function(
                socket.as_ptr(),
                WskSetOption,
                option,
                level,
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

/// An address of a socket, which `function` tells (`wsk/nc-wsk-pfn_wsk_get_local_address`).
///
/// # Errors
/// Phase `Connect`.
///
/// # Safety
/// `function` is one of the socket's.
pub(super) async unsafe fn address(
    socket: &Handle,
    function: PFN_WSK_GET_LOCAL_ADDRESS,
) -> Result<SocketAddr, Error> {
    let provider = socket.provider();
    if !provider.quirks().has_control() {
        return Err(NO_OPTIONS);
    }
    let mut query = Op::try_new(provider, Address(UnsafeCell::new(NO_ADDRESS)))?;
    let call = |irp: PIRP, address: &Address| {
        let function = function?;
        // SAFETY: of the socket, by the contract; the address lies in the operation.
        Some(unsafe { function(socket.as_ptr(), address.0.get().cast(), irp) })
    };
    // SAFETY: the IRP is passed once; the address by the above.
    unsafe { query.submit(Function::GetAddress, call) };
    let done = query.completion().await;
    if !done.is_success() {
        return Err(status::map(Phase::Connect, done.status));
    }
    let found = query.payload_mut();
    found
        .and_then(|Address(address)| from_inet(address.get_mut()))
        .ok_or(NO_OPTIONS)
}

const NO_OPTIONS: Error = Error::with_status(
    Phase::Connect,
    Kind::ConnectFailed,
    0xC000_00BB_u32.cast_signed(), // STATUS_NOT_SUPPORTED
    "the network stack does not know the socket option or request",
);
