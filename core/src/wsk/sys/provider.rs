//! What the provider implements for the client object: sockets, control, names.

use wdk_sys::{
    GUID, NTSTATUS, PEPROCESS, PETHREAD, PIRP, PSECURITY_DESCRIPTOR, PUNICODE_STRING, PVOID,
    SIZE_T, ULONG, USHORT,
};

use super::{ADDRESS_FAMILY, PADDRINFOEXW, PSOCKADDR, PWSK_CLIENT, WSK_CLIENT_CONNECTION_DISPATCH};

/// Creates a socket; the IRP's Information is the [`super::PWSK_SOCKET`]. Up to DISPATCH_LEVEL
/// (`wsk/nc-wsk-pfn_wsk_socket`).
pub type PFN_WSK_SOCKET = Option<
    unsafe extern "C" fn(
        Client: PWSK_CLIENT,
        AddressFamily: ADDRESS_FAMILY,
        SocketType: USHORT,
        Protocol: ULONG,
        Flags: ULONG,
        SocketContext: PVOID,
        Dispatch: *const core::ffi::c_void,
        OwningProcess: PEPROCESS,
        OwningThread: PETHREAD,
        SecurityDescriptor: PSECURITY_DESCRIPTOR,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Creates, binds and connects a connection socket; the IRP's Information is the
/// [`super::PWSK_SOCKET`]. Up to DISPATCH_LEVEL (`wsk/nc-wsk-pfn_wsk_socket_connect`).
pub type PFN_WSK_SOCKET_CONNECT = Option<
    unsafe extern "C" fn(
        Client: PWSK_CLIENT,
        SocketType: USHORT,
        Protocol: ULONG,
        LocalAddress: PSOCKADDR,
        RemoteAddress: PSOCKADDR,
        Flags: ULONG,
        SocketContext: PVOID,
        Dispatch: *const WSK_CLIENT_CONNECTION_DISPATCH,
        OwningProcess: PEPROCESS,
        OwningThread: PETHREAD,
        SecurityDescriptor: PSECURITY_DESCRIPTOR,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Performs a control operation on the client object: the control codes of
/// [`super::WSK_TRANSPORT_LIST_QUERY`] and its siblings (`wsk/nc-wsk-pfn_wsk_control_client`).
pub type PFN_WSK_CONTROL_CLIENT = Option<
    unsafe extern "C" fn(
        Client: PWSK_CLIENT,
        ControlCode: ULONG,
        InputSize: SIZE_T,
        InputBuffer: PVOID,
        OutputSize: SIZE_T,
        OutputBuffer: PVOID,
        OutputSizeReturned: *mut SIZE_T,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Resolves a name; the list is freed by [`PFN_WSK_FREE_ADDRESS_INFO`]. PASSIVE_LEVEL. Strings
/// and hints stay valid until the IRP completes (`wsk/nc-wsk-pfn_wsk_get_address_info`).
pub type PFN_WSK_GET_ADDRESS_INFO = Option<
    unsafe extern "C" fn(
        Client: PWSK_CLIENT,
        NodeName: PUNICODE_STRING,
        ServiceName: PUNICODE_STRING,
        NameSpace: ULONG,
        Provider: *mut GUID,
        Hints: PADDRINFOEXW,
        Result: *mut PADDRINFOEXW,
        OwningProcess: PEPROCESS,
        OwningThread: PETHREAD,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// Frees a list of [`PFN_WSK_GET_ADDRESS_INFO`]. PASSIVE_LEVEL
/// (`wsk/nc-wsk-pfn_wsk_free_address_info`).
pub type PFN_WSK_FREE_ADDRESS_INFO =
    Option<unsafe extern "C" fn(Client: PWSK_CLIENT, AddrInfo: PADDRINFOEXW)>;

/// Resolves an address to a name. PASSIVE_LEVEL (`wsk/nc-wsk-pfn_wsk_get_name_info`).
pub type PFN_WSK_GET_NAME_INFO = Option<
    unsafe extern "C" fn(
        Client: PWSK_CLIENT,
        SockAddr: PSOCKADDR,
        SockAddrLength: ULONG,
        NodeName: PUNICODE_STRING,
        ServiceName: PUNICODE_STRING,
        Flags: ULONG,
        OwningProcess: PEPROCESS,
        OwningThread: PETHREAD,
        Irp: PIRP,
    ) -> NTSTATUS,
>;

/// The provider's functions for the client object (`wsk/ns-wsk-_wsk_provider_dispatch`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_DISPATCH {
    /// Version that the provider will use, perhaps a higher minor one than asked for.
    pub Version: USHORT,
    /// Reserved for system use.
    pub Reserved: USHORT,
    /// Creates a socket.
    pub WskSocket: PFN_WSK_SOCKET,
    /// Creates, binds and connects a socket.
    pub WskSocketConnect: PFN_WSK_SOCKET_CONNECT,
    /// Controls the client object.
    pub WskControlClient: PFN_WSK_CONTROL_CLIENT,
    /// Resolves a name. Windows 7 and later.
    pub WskGetAddressInfo: PFN_WSK_GET_ADDRESS_INFO,
    /// Frees a resolved list. Windows 7 and later.
    pub WskFreeAddressInfo: PFN_WSK_FREE_ADDRESS_INFO,
    /// Resolves an address. Windows 7 and later.
    pub WskGetNameInfo: PFN_WSK_GET_NAME_INFO,
}

/// Pointer to a [`WSK_PROVIDER_DISPATCH`].
pub type PWSK_PROVIDER_DISPATCH = *mut WSK_PROVIDER_DISPATCH;
