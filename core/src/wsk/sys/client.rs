//! What the client implements: event callbacks and the tables that hold them. The subsystem calls
//! them at up to DISPATCH_LEVEL, in an arbitrary thread.

use wdk_sys::{NTSTATUS, PVOID, SIZE_T, ULONG, ULONG_PTR, USHORT};

use super::{PSOCKADDR, PWSK_DATA_INDICATION, PWSK_DATAGRAM_INDICATION, PWSK_SOCKET};

/// Event for the client object; none is defined yet (`wsk/nc-wsk-pfn_wsk_client_event`).
pub type PFN_WSK_CLIENT_EVENT = Option<
    unsafe extern "C" fn(
        ClientContext: PVOID,
        EventType: ULONG,
        Information: PVOID,
        InformationLength: SIZE_T,
    ) -> NTSTATUS,
>;

/// A connection was accepted; NULL `AcceptSocket` means that the listening socket must be closed
/// (`wsk/nc-wsk-pfn_wsk_accept_event`).
pub type PFN_WSK_ACCEPT_EVENT = Option<
    unsafe extern "C" fn(
        SocketContext: PVOID,
        Flags: ULONG,
        LocalAddress: PSOCKADDR,
        RemoteAddress: PSOCKADDR,
        AcceptSocket: PWSK_SOCKET,
        AcceptSocketContext: *mut PVOID,
        AcceptSocketDispatch: *mut *const WSK_CLIENT_CONNECTION_DISPATCH,
    ) -> NTSTATUS,
>;

/// A connection request arrived on a socket in conditional accept mode
/// (`wsk/nc-wsk-pfn_wsk_inspect_event`).
pub type PFN_WSK_INSPECT_EVENT = Option<
    unsafe extern "C" fn(
        SocketContext: PVOID,
        LocalAddress: PSOCKADDR,
        RemoteAddress: PSOCKADDR,
        InspectID: PWSK_INSPECT_ID,
    ) -> WSK_INSPECT_ACTION,
>;

/// A request that was being inspected is gone (`wsk/nc-wsk-pfn_wsk_abort_event`).
pub type PFN_WSK_ABORT_EVENT =
    Option<unsafe extern "C" fn(SocketContext: PVOID, InspectID: PWSK_INSPECT_ID) -> NTSTATUS>;

/// Datagrams arrived; NULL `DataIndication` means that the socket must be closed
/// (`wsk/nc-wsk-pfn_wsk_receive_from_event`).
pub type PFN_WSK_RECEIVE_FROM_EVENT = Option<
    unsafe extern "C" fn(
        SocketContext: PVOID,
        Flags: ULONG,
        DataIndication: PWSK_DATAGRAM_INDICATION,
    ) -> NTSTATUS,
>;

/// Stream data arrived; NULL `DataIndication` means that the socket must be closed
/// (`wsk/nc-wsk-pfn_wsk_receive_event`).
pub type PFN_WSK_RECEIVE_EVENT = Option<
    unsafe extern "C" fn(
        SocketContext: PVOID,
        Flags: ULONG,
        DataIndication: PWSK_DATA_INDICATION,
        BytesIndicated: SIZE_T,
        BytesAccepted: *mut SIZE_T,
    ) -> NTSTATUS,
>;

/// The peer disconnected, abortively if [`super::WSK_FLAG_ABORTIVE`] is set
/// (`wsk/nc-wsk-pfn_wsk_disconnect_event`).
pub type PFN_WSK_DISCONNECT_EVENT =
    Option<unsafe extern "C" fn(SocketContext: PVOID, Flags: ULONG) -> NTSTATUS>;

/// The ideal send backlog changed, in bytes (`wsk/nc-wsk-pfn_wsk_send_backlog_event`).
pub type PFN_WSK_SEND_BACKLOG_EVENT =
    Option<unsafe extern "C" fn(SocketContext: PVOID, IdealBacklogSize: SIZE_T) -> NTSTATUS>;

/// Callbacks of the client object (`wsk/ns-wsk-_wsk_client_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_DISPATCH {
    /// Version that the client wants, as of [`super::MAKE_WSK_VERSION`].
    pub Version: USHORT,
    /// Must be 0.
    pub Reserved: USHORT,
    /// May be `None`.
    pub WskClientEvent: PFN_WSK_CLIENT_EVENT,
}

/// Pointer to a [`WSK_CLIENT_DISPATCH`].
pub type PWSK_CLIENT_DISPATCH = *mut WSK_CLIENT_DISPATCH;

/// Callbacks of a listening socket (`wsk/ns-wsk-_wsk_client_listen_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_LISTEN_DISPATCH {
    /// A connection was accepted.
    pub WskAcceptEvent: PFN_WSK_ACCEPT_EVENT,
    /// A connection request awaits a decision.
    pub WskInspectEvent: PFN_WSK_INSPECT_EVENT,
    /// An inspected request is gone.
    pub WskAbortEvent: PFN_WSK_ABORT_EVENT,
}

/// Pointer to a [`WSK_CLIENT_LISTEN_DISPATCH`].
pub type PWSK_CLIENT_LISTEN_DISPATCH = *mut WSK_CLIENT_LISTEN_DISPATCH;

/// Callbacks of a datagram socket (`wsk/ns-wsk-_wsk_client_datagram_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_DATAGRAM_DISPATCH {
    /// Datagrams arrived.
    pub WskReceiveFromEvent: PFN_WSK_RECEIVE_FROM_EVENT,
}

/// Pointer to a [`WSK_CLIENT_DATAGRAM_DISPATCH`].
pub type PWSK_CLIENT_DATAGRAM_DISPATCH = *mut WSK_CLIENT_DATAGRAM_DISPATCH;

/// Callbacks of a connected socket (`wsk/ns-wsk-_wsk_client_connection_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_CONNECTION_DISPATCH {
    /// Data arrived.
    pub WskReceiveEvent: PFN_WSK_RECEIVE_EVENT,
    /// The peer disconnected.
    pub WskDisconnectEvent: PFN_WSK_DISCONNECT_EVENT,
    /// The ideal send backlog changed.
    pub WskSendBacklogEvent: PFN_WSK_SEND_BACKLOG_EVENT,
}

/// Pointer to a [`WSK_CLIENT_CONNECTION_DISPATCH`].
pub type PWSK_CLIENT_CONNECTION_DISPATCH = *mut WSK_CLIENT_CONNECTION_DISPATCH;

/// Callbacks of a stream socket, by the role it takes
/// (`wsk/ns-wsk-_wsk_client_stream_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_STREAM_DISPATCH {
    /// Used once it listens.
    pub Listen: *const WSK_CLIENT_LISTEN_DISPATCH,
    /// Used once it connects.
    pub Connect: *const WSK_CLIENT_CONNECTION_DISPATCH,
}

/// Pointer to a [`WSK_CLIENT_STREAM_DISPATCH`].
pub type PWSK_CLIENT_STREAM_DISPATCH = *mut WSK_CLIENT_STREAM_DISPATCH;

/// Names a connection request by its contents, not by its address
/// (`wsk/ns-wsk-_wsk_inspect_id`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WSK_INSPECT_ID {
    /// Key of the request.
    pub Key: ULONG_PTR,
    /// Serial number of the request.
    pub SerialNumber: ULONG,
}

/// Pointer to a [`WSK_INSPECT_ID`].
pub type PWSK_INSPECT_ID = *mut WSK_INSPECT_ID;

/// Decision about a connection request (`wsk/nc-wsk-pfn_wsk_inspect_event`).
pub type WSK_INSPECT_ACTION = i32;

/// Refuse the connection.
pub const WskInspectReject: WSK_INSPECT_ACTION = 0;
/// Accept the connection.
pub const WskInspectAccept: WSK_INSPECT_ACTION = 1;
/// Decide later, by `WskInspectComplete`.
pub const WskInspectPend: WSK_INSPECT_ACTION = 2;
/// One past the last action.
pub const WskInspectMax: WSK_INSPECT_ACTION = 3;
