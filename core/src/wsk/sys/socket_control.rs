//! `WskControlSocket`: request types, WSK's own options and I/O controls, event callbacks.

use core::ffi::c_void;

use wdk_sys::{PVOID, ULONG};

use super::{_WSAIO, _WSAIOR, _WSAIORW, _WSAIOW, IOC_WSK, PNPIID, WSK_SO_BASE};

/// Kind of request (`wsk/nc-wsk-pfn_wsk_control_socket`).
pub type WSK_CONTROL_SOCKET_TYPE = i32;

/// Sets a socket option.
pub const WskSetOption: WSK_CONTROL_SOCKET_TYPE = 0;
/// Gets a socket option.
pub const WskGetOption: WSK_CONTROL_SOCKET_TYPE = 1;
/// Performs an I/O control.
pub const WskIoctl: WSK_CONTROL_SOCKET_TYPE = 2;
/// One past the last kind.
pub const WskControlMax: WSK_CONTROL_SOCKET_TYPE = 3;

/// Option at SOL_SOCKET: the socket's cached security descriptor (`network/so-wsk-security`).
pub const SO_WSK_SECURITY: ULONG = WSK_SO_BASE + 1;
/// Option at SOL_SOCKET: enables or disables event callbacks, by a
/// [`WSK_EVENT_CALLBACK_CONTROL`] (`network/so-wsk-event-callback`).
pub const SO_WSK_EVENT_CALLBACK: ULONG = WSK_SO_BASE + 2;

/// `WskSendBacklogEvent` of a connection or listening socket (`network/so-wsk-event-callback`).
pub const WSK_EVENT_SEND_BACKLOG: ULONG = 0x0000_0010;
/// `WskReceiveEvent` of a connection or listening socket (`network/so-wsk-event-callback`).
pub const WSK_EVENT_RECEIVE: ULONG = 0x0000_0040;
/// `WskDisconnectEvent` of a connection or listening socket (`network/so-wsk-event-callback`).
pub const WSK_EVENT_DISCONNECT: ULONG = 0x0000_0080;
/// `WskReceiveFromEvent` of a datagram socket (`network/so-wsk-event-callback`).
pub const WSK_EVENT_RECEIVE_FROM: ULONG = 0x0000_0100;
/// `WskAcceptEvent` of a listening socket (`network/so-wsk-event-callback`).
pub const WSK_EVENT_ACCEPT: ULONG = 0x0000_0200;
/// With exactly one of the others: disables it (`network/so-wsk-event-callback`).
pub const WSK_EVENT_DISABLE: ULONG = 0x8000_0000;

/// Sets the fixed remote address of a datagram socket (`network/sio-wsk-set-remote-address`).
pub const SIO_WSK_SET_REMOTE_ADDRESS: ULONG = _WSAIOW(IOC_WSK, 0x1);
/// Registers an extension interface, by [`WSK_EXTENSION_CONTROL_IN`] and
/// [`WSK_EXTENSION_CONTROL_OUT`] (`network/sio-wsk-register-extension`).
pub const SIO_WSK_REGISTER_EXTENSION: ULONG = _WSAIORW(IOC_WSK, 0x2);
/// Reads the ideal send backlog in bytes, a SIZE_T
/// (`network/sio-wsk-query-ideal-send-backlog`).
pub const SIO_WSK_QUERY_IDEAL_SEND_BACKLOG: ULONG = _WSAIOR(IOC_WSK, 0x3);
/// Reads the bytes that wait to be received, a SIZE_T (`network/sio-wsk-query-receive-backlog`).
pub const SIO_WSK_QUERY_RECEIVE_BACKLOG: ULONG = _WSAIOR(IOC_WSK, 0x4);
/// Reads the [`super::WSK_INSPECT_ID`] of a socket accepted in conditional accept mode
/// (`network/sio-wsk-query-inspect-id`).
pub const SIO_WSK_QUERY_INSPECT_ID: ULONG = _WSAIOR(IOC_WSK, 0x5);
/// Sets the address that a datagram socket sends to (`network/sio-wsk-set-sendto-address`).
pub const SIO_WSK_SET_SENDTO_ADDRESS: ULONG = _WSAIOW(IOC_WSK, 0x6);
/// Makes a connection send nothing any more, neither data nor control packets. Windows 8 and
/// later (`network/sio-wsk-set-tcp-silent-mode`).
pub const SIO_WSK_SET_TCP_SILENT_MODE: ULONG = _WSAIO(IOC_WSK, 0x7);

/// Which callbacks to enable or disable (`wsk/ns-wsk-_wsk_event_callback_control`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_EVENT_CALLBACK_CONTROL {
    /// Address of [`super::NPI_WSK_INTERFACE_ID`].
    pub NpiId: PNPIID,
    /// `WSK_EVENT_` values.
    pub EventMask: ULONG,
}

/// Pointer to a [`WSK_EVENT_CALLBACK_CONTROL`].
pub type PWSK_EVENT_CALLBACK_CONTROL = *mut WSK_EVENT_CALLBACK_CONTROL;

/// Input of [`SIO_WSK_REGISTER_EXTENSION`] (`wsk/ns-wsk-_wsk_extension_control_in`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_EXTENSION_CONTROL_IN {
    /// The extension's interface.
    pub NpiId: PNPIID,
    /// Passed to the client's functions.
    pub ClientContext: PVOID,
    /// The client's functions; stays valid while the socket lives.
    pub ClientDispatch: *const c_void,
}

/// Pointer to a [`WSK_EXTENSION_CONTROL_IN`].
pub type PWSK_EXTENSION_CONTROL_IN = *mut WSK_EXTENSION_CONTROL_IN;

/// Output of [`SIO_WSK_REGISTER_EXTENSION`] (`wsk/ns-wsk-_wsk_extension_control_out`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_EXTENSION_CONTROL_OUT {
    /// To be passed to the provider's functions.
    pub ProviderContext: PVOID,
    /// The provider's functions.
    pub ProviderDispatch: *const c_void,
}

/// Pointer to a [`WSK_EXTENSION_CONTROL_OUT`].
pub type PWSK_EXTENSION_CONTROL_OUT = *mut WSK_EXTENSION_CONTROL_OUT;
