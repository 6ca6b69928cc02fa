//! The five tables that [`super::WSK_SOCKET::Dispatch`] may point to. Each begins with the basic
//! one, whose members C programs reach as if they were members of the outer table.

use super::{
    PFN_WSK_ACCEPT, PFN_WSK_BIND, PFN_WSK_CLOSE_SOCKET, PFN_WSK_CONNECT, PFN_WSK_CONNECT_EX,
    PFN_WSK_CONTROL_SOCKET, PFN_WSK_DISCONNECT, PFN_WSK_GET_LOCAL_ADDRESS,
    PFN_WSK_GET_REMOTE_ADDRESS, PFN_WSK_INSPECT_COMPLETE, PFN_WSK_LISTEN, PFN_WSK_RECEIVE,
    PFN_WSK_RECEIVE_EX, PFN_WSK_RECEIVE_FROM, PFN_WSK_RELEASE_DATA_INDICATION_LIST,
    PFN_WSK_RELEASE_DATAGRAM_INDICATION_LIST, PFN_WSK_SEND, PFN_WSK_SEND_EX, PFN_WSK_SEND_MESSAGES,
    PFN_WSK_SEND_TO,
};

/// Functions of every socket (`wsk/ns-wsk-_wsk_provider_basic_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_BASIC_DISPATCH {
    /// Options and I/O controls.
    pub WskControlSocket: PFN_WSK_CONTROL_SOCKET,
    /// Closes the socket.
    pub WskCloseSocket: PFN_WSK_CLOSE_SOCKET,
}

/// Pointer to a [`WSK_PROVIDER_BASIC_DISPATCH`].
pub type PWSK_PROVIDER_BASIC_DISPATCH = *mut WSK_PROVIDER_BASIC_DISPATCH;

/// Functions of a listening socket (`wsk/ns-wsk-_wsk_provider_listen_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_LISTEN_DISPATCH {
    /// Functions of every socket.
    pub Basic: WSK_PROVIDER_BASIC_DISPATCH,
    /// Binds a local address and listens.
    pub WskBind: PFN_WSK_BIND,
    /// Accepts a connection.
    pub WskAccept: PFN_WSK_ACCEPT,
    /// Ends a pending inspection.
    pub WskInspectComplete: PFN_WSK_INSPECT_COMPLETE,
    /// Reads the local address.
    pub WskGetLocalAddress: PFN_WSK_GET_LOCAL_ADDRESS,
}

/// Pointer to a [`WSK_PROVIDER_LISTEN_DISPATCH`].
pub type PWSK_PROVIDER_LISTEN_DISPATCH = *mut WSK_PROVIDER_LISTEN_DISPATCH;

/// Functions of a datagram socket (`wsk/ns-wsk-_wsk_provider_datagram_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_DATAGRAM_DISPATCH {
    /// Functions of every socket.
    pub Basic: WSK_PROVIDER_BASIC_DISPATCH,
    /// Binds a local address.
    pub WskBind: PFN_WSK_BIND,
    /// Sends one datagram.
    pub WskSendTo: PFN_WSK_SEND_TO,
    /// Receives one datagram.
    pub WskReceiveFrom: PFN_WSK_RECEIVE_FROM,
    /// Gives kept indications back.
    pub WskRelease: PFN_WSK_RELEASE_DATAGRAM_INDICATION_LIST,
    /// Reads the local address.
    pub WskGetLocalAddress: PFN_WSK_GET_LOCAL_ADDRESS,
    /// Sends several datagrams. Windows 8 and later.
    pub WskSendMessages: PFN_WSK_SEND_MESSAGES,
}

/// Pointer to a [`WSK_PROVIDER_DATAGRAM_DISPATCH`].
pub type PWSK_PROVIDER_DATAGRAM_DISPATCH = *mut WSK_PROVIDER_DATAGRAM_DISPATCH;

/// Functions of a connection socket (`wsk/ns-wsk-_wsk_provider_connection_dispatch`). Members
/// from `WskConnectEx` on may lie past the end of an older provider's table: check its version
/// before reading them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_CONNECTION_DISPATCH {
    /// Functions of every socket.
    pub Basic: WSK_PROVIDER_BASIC_DISPATCH,
    /// Binds a local address.
    pub WskBind: PFN_WSK_BIND,
    /// Connects.
    pub WskConnect: PFN_WSK_CONNECT,
    /// Reads the local address.
    pub WskGetLocalAddress: PFN_WSK_GET_LOCAL_ADDRESS,
    /// Reads the remote address.
    pub WskGetRemoteAddress: PFN_WSK_GET_REMOTE_ADDRESS,
    /// Sends.
    pub WskSend: PFN_WSK_SEND,
    /// Receives.
    pub WskReceive: PFN_WSK_RECEIVE,
    /// Disconnects.
    pub WskDisconnect: PFN_WSK_DISCONNECT,
    /// Gives kept indications back.
    pub WskRelease: PFN_WSK_RELEASE_DATA_INDICATION_LIST,
    /// Connects with data.
    pub WskConnectEx: PFN_WSK_CONNECT_EX,
    /// Reserved for system use.
    pub WskSendEx: PFN_WSK_SEND_EX,
    /// Reserved for system use.
    pub WskReceiveEx: PFN_WSK_RECEIVE_EX,
}

/// Pointer to a [`WSK_PROVIDER_CONNECTION_DISPATCH`].
pub type PWSK_PROVIDER_CONNECTION_DISPATCH = *mut WSK_PROVIDER_CONNECTION_DISPATCH;

/// Functions of a stream socket, which becomes a listening or a connection one
/// (`wsk/ns-wsk-_wsk_provider_stream_dispatch`). Windows 10, version 1703 and later.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_STREAM_DISPATCH {
    /// Functions of every socket.
    pub Basic: WSK_PROVIDER_BASIC_DISPATCH,
    /// Binds a local address.
    pub WskBind: PFN_WSK_BIND,
    /// Accepts a connection.
    pub WskAccept: PFN_WSK_ACCEPT,
    /// Connects.
    pub WskConnect: PFN_WSK_CONNECT,
    /// Starts to listen.
    pub WskListen: PFN_WSK_LISTEN,
    /// Sends.
    pub WskSend: PFN_WSK_SEND,
    /// Receives.
    pub WskReceive: PFN_WSK_RECEIVE,
    /// Disconnects.
    pub WskDisconnect: PFN_WSK_DISCONNECT,
    /// Gives kept indications back.
    pub WskRelease: PFN_WSK_RELEASE_DATA_INDICATION_LIST,
    /// Reads the local address.
    pub WskGetLocalAddress: PFN_WSK_GET_LOCAL_ADDRESS,
    /// Reads the remote address.
    pub WskGetRemoteAddress: PFN_WSK_GET_REMOTE_ADDRESS,
    /// Connects with data.
    pub WskConnectEx: PFN_WSK_CONNECT_EX,
    /// Reserved for system use.
    pub WskSendEx: PFN_WSK_SEND_EX,
    /// Reserved for system use.
    pub WskReceiveEx: PFN_WSK_RECEIVE_EX,
}

/// Pointer to a [`WSK_PROVIDER_STREAM_DISPATCH`].
pub type PWSK_PROVIDER_STREAM_DISPATCH = *mut WSK_PROVIDER_STREAM_DISPATCH;
