//! The socket object, the functions that a provider offers for one, and the table of each kind.
//!
//! All may be called at up to DISPATCH_LEVEL. IRP, buffers and everything a pointer names belong
//! to the provider until the IRP completes.

use core::ffi::c_void;

use wdk_sys::{NTSTATUS, PIRP, PULONG, PVOID, SIZE_T, ULONG};

use super::{
    PCMSGHDR, PSOCKADDR, PWSK_BUF, PWSK_BUF_LIST, PWSK_DATA_INDICATION, PWSK_DATAGRAM_INDICATION,
    PWSK_INSPECT_ID, WSK_CLIENT_CONNECTION_DISPATCH, WSK_CONTROL_SOCKET_TYPE, WSK_INSPECT_ACTION,
};

/// A socket, owned by the provider (`wsk/ns-wsk-_wsk_socket`).
#[repr(C)]
#[derive(Debug)]
pub struct WSK_SOCKET {
    /// One of the five tables below, by the socket's kind.
    pub Dispatch: *const c_void,
}

/// Pointer to a [`WSK_SOCKET`].
pub type PWSK_SOCKET = *mut WSK_SOCKET;

/// Gets or sets an option, or performs an I/O control (`wsk/nc-wsk-pfn_wsk_control_socket`).
pub type PFN_WSK_CONTROL_SOCKET = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        RequestType: WSK_CONTROL_SOCKET_TYPE,
        ControlCode: ULONG,
        Level: ULONG,
        InputSize: SIZE_T,
        InputBuffer: PVOID,
        OutputSize: SIZE_T,
        OutputBuffer: PVOID,
        OutputSizeReturned: *mut SIZE_T,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Closes a socket and cancels its requests; no other call on it may be executing
/// (`wsk/nc-wsk-pfn_wsk_close_socket`).
pub type PFN_WSK_CLOSE_SOCKET =
    Option<unsafe extern "C" fn(Socket: PWSK_SOCKET, Irp: PIRP) -> NTSTATUS>;

/// Binds a local address (`wsk/nc-wsk-pfn_wsk_bind`).
pub type PFN_WSK_BIND = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        LocalAddress: PSOCKADDR,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Accepts a connection; the IRP's Information is the new socket (`wsk/nc-wsk-pfn_wsk_accept`).
pub type PFN_WSK_ACCEPT = Option<
    unsafe extern "C" fn(
        ListenSocket: PWSK_SOCKET,
        Flags: ULONG,
        AcceptSocketContext: PVOID,
        AcceptSocketDispatch: *const WSK_CLIENT_CONNECTION_DISPATCH,
        LocalAddress: PSOCKADDR,
        RemoteAddress: PSOCKADDR,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Ends an inspection that was left pending (`wsk/nc-wsk-pfn_wsk_inspect_complete`).
pub type PFN_WSK_INSPECT_COMPLETE = Option<
    unsafe extern "C" fn(
        ListenSocket: PWSK_SOCKET,
        InspectID: PWSK_INSPECT_ID,
        Action: WSK_INSPECT_ACTION,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Starts to listen on a stream socket. Windows 10, version 1703 and later
/// (`wsk/nc-wsk-pfn_wsk_listen`).
pub type PFN_WSK_LISTEN = Option<unsafe extern "C" fn(Socket: PWSK_SOCKET, Irp: PIRP) -> NTSTATUS>;

/// Connects a bound socket (`wsk/nc-wsk-pfn_wsk_connect`).
pub type PFN_WSK_CONNECT = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        RemoteAddress: PSOCKADDR,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Connects, with data to send during or after the handshake (`wsk/nc-wsk-pfn_wsk_connect_ex`).
pub type PFN_WSK_CONNECT_EX = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        RemoteAddress: PSOCKADDR,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Reads the local address (`wsk/nc-wsk-pfn_wsk_get_local_address`).
pub type PFN_WSK_GET_LOCAL_ADDRESS = Option<
    unsafe extern "C" fn(Socket: PWSK_SOCKET, LocalAddress: PSOCKADDR, Irp: PIRP) -> NTSTATUS,
>;

/// Reads the remote address (`wsk/nc-wsk-pfn_wsk_get_remote_address`).
pub type PFN_WSK_GET_REMOTE_ADDRESS = Option<
    unsafe extern "C" fn(Socket: PWSK_SOCKET, RemoteAddress: PSOCKADDR, Irp: PIRP) -> NTSTATUS,
>;

/// Sends; the IRP's Information is the bytes sent. Flags: [`super::WSK_FLAG_NODELAY`]
/// (`wsk/nc-wsk-pfn_wsk_send`).
pub type PFN_WSK_SEND = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Receives; the IRP's Information is the bytes received, 0 at the end of the stream. Flags:
/// [`super::WSK_FLAG_WAITALL`], [`super::WSK_FLAG_DRAIN`] (`wsk/nc-wsk-pfn_wsk_receive`).
pub type PFN_WSK_RECEIVE = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Disconnects, perhaps with last data. Flags: [`super::WSK_FLAG_ABORTIVE`]
/// (`wsk/nc-wsk-pfn_wsk_disconnect`).
pub type PFN_WSK_DISCONNECT = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Gives kept data indications back (`wsk/nc-wsk-pfn_wsk_release_data_indication_list`).
pub type PFN_WSK_RELEASE_DATA_INDICATION_LIST = Option<
    unsafe extern "C" fn(Socket: PWSK_SOCKET, DataIndication: PWSK_DATA_INDICATION) -> NTSTATUS,
>;

/// Sends one datagram (`wsk/nc-wsk-pfn_wsk_send_to`).
pub type PFN_WSK_SEND_TO = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        RemoteAddress: PSOCKADDR,
        ControlInfoLength: ULONG,
        ControlInfo: PCMSGHDR,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Sends several datagrams. Windows 8 and later (`wsk/nc-wsk-pfn_wsk_send_messages`).
pub type PFN_WSK_SEND_MESSAGES = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        BufferList: PWSK_BUF_LIST,
        Flags: ULONG,
        RemoteAddress: PSOCKADDR,
        ControlInfoLength: ULONG,
        ControlInfo: PCMSGHDR,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Receives one datagram (`wsk/nc-wsk-pfn_wsk_receive_from`).
pub type PFN_WSK_RECEIVE_FROM = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        Buffer: PWSK_BUF,
        Flags: ULONG,
        RemoteAddress: PSOCKADDR,
        ControlLength: PULONG,
        ControlInfo: PCMSGHDR,
        ControlFlags: PULONG,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Gives kept datagram indications back
/// (`wsk/nc-wsk-pfn_wsk_release_datagram_indication_list`).
pub type PFN_WSK_RELEASE_DATAGRAM_INDICATION_LIST = Option<
    unsafe extern "C" fn(
        Socket: PWSK_SOCKET,
        DatagramIndication: PWSK_DATAGRAM_INDICATION,
    ) -> NTSTATUS,
>;

/// Reserved for system use (`wsk/ns-wsk-_wsk_provider_connection_dispatch`).
pub type PFN_WSK_SEND_EX = *mut c_void;

/// Reserved for system use (`wsk/ns-wsk-_wsk_provider_connection_dispatch`).
pub type PFN_WSK_RECEIVE_EX = *mut c_void;
