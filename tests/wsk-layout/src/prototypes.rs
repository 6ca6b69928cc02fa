//! Function types and functions of the bindings, with their C form.

use core::ffi::c_void;

use wdk_sys::{
    GUID, NTSTATUS, PEPROCESS, PETHREAD, PIRP, PSECURITY_DESCRIPTOR, PULONG, PUNICODE_STRING,
    PVOID, SIZE_T, ULONG, USHORT,
};
use wskhttp_core::wsk::sys::{self, *};

/// A function type `PFN_…`, or a function.
#[derive(Debug)]
pub struct Prototype {
    /// Its name, the same in C.
    pub name: &'static str,
    /// Whether it is a function, not a type.
    pub function: bool,
    /// Parameters, as C types.
    pub parameters: Vec<String>,
    /// Result, as a C type.
    pub result: String,
}

/// Lists function types. The coercion of `None` to the binding holds the list to it.
macro_rules! types {
    ($($name:ident($($parameter:ty),*) -> $result:ty;)+) => {
        vec![$({
            const _: sys::$name = None::<unsafe extern "C" fn($($parameter),*) -> $result>;
            prototype(
                stringify!($name),
                false,
                &[$(stringify!($parameter)),*],
                stringify!($result),
            )
        }),+]
    };
}

/// Lists functions, held to the bindings in the same way.
macro_rules! functions {
    ($($name:ident($($parameter:ty),*) -> $result:ty;)+) => {
        vec![$({
            const _: unsafe extern "C" fn($($parameter),*) -> $result = sys::$name;
            prototype(
                stringify!($name),
                true,
                &[$(stringify!($parameter)),*],
                stringify!($result),
            )
        }),+]
    };
}

/// The function types of `wsk.h`.
#[must_use]
#[rustfmt::skip]
pub fn types() -> Vec<Prototype> {
    types! {
        PFN_WSK_CLIENT_EVENT(PVOID, ULONG, PVOID, SIZE_T) -> NTSTATUS;
        PFN_WSK_ACCEPT_EVENT(PVOID, ULONG, PSOCKADDR, PSOCKADDR, PWSK_SOCKET, *mut PVOID, *mut *const WSK_CLIENT_CONNECTION_DISPATCH) -> NTSTATUS;
        PFN_WSK_INSPECT_EVENT(PVOID, PSOCKADDR, PSOCKADDR, PWSK_INSPECT_ID) -> WSK_INSPECT_ACTION;
        PFN_WSK_ABORT_EVENT(PVOID, PWSK_INSPECT_ID) -> NTSTATUS;
        PFN_WSK_RECEIVE_FROM_EVENT(PVOID, ULONG, PWSK_DATAGRAM_INDICATION) -> NTSTATUS;
        PFN_WSK_RECEIVE_EVENT(PVOID, ULONG, PWSK_DATA_INDICATION, SIZE_T, *mut SIZE_T) -> NTSTATUS;
        PFN_WSK_DISCONNECT_EVENT(PVOID, ULONG) -> NTSTATUS;
        PFN_WSK_SEND_BACKLOG_EVENT(PVOID, SIZE_T) -> NTSTATUS;
        PFN_WSK_SOCKET(PWSK_CLIENT, ADDRESS_FAMILY, USHORT, ULONG, ULONG, PVOID, *const c_void, PEPROCESS, PETHREAD, PSECURITY_DESCRIPTOR, PIRP) -> NTSTATUS;
        PFN_WSK_SOCKET_CONNECT(PWSK_CLIENT, USHORT, ULONG, PSOCKADDR, PSOCKADDR, ULONG, PVOID, *const WSK_CLIENT_CONNECTION_DISPATCH, PEPROCESS, PETHREAD, PSECURITY_DESCRIPTOR, PIRP) -> NTSTATUS;
        PFN_WSK_CONTROL_CLIENT(PWSK_CLIENT, ULONG, SIZE_T, PVOID, SIZE_T, PVOID, *mut SIZE_T, PIRP) -> NTSTATUS;
        PFN_WSK_GET_ADDRESS_INFO(PWSK_CLIENT, PUNICODE_STRING, PUNICODE_STRING, ULONG, *mut GUID, PADDRINFOEXW, *mut PADDRINFOEXW, PEPROCESS, PETHREAD, PIRP) -> NTSTATUS;
        PFN_WSK_FREE_ADDRESS_INFO(PWSK_CLIENT, PADDRINFOEXW) -> ();
        PFN_WSK_GET_NAME_INFO(PWSK_CLIENT, PSOCKADDR, ULONG, PUNICODE_STRING, PUNICODE_STRING, ULONG, PEPROCESS, PETHREAD, PIRP) -> NTSTATUS;
        PFN_WSK_CONTROL_SOCKET(PWSK_SOCKET, WSK_CONTROL_SOCKET_TYPE, ULONG, ULONG, SIZE_T, PVOID, SIZE_T, PVOID, *mut SIZE_T, PIRP) -> NTSTATUS;
        PFN_WSK_CLOSE_SOCKET(PWSK_SOCKET, PIRP) -> NTSTATUS;
        PFN_WSK_BIND(PWSK_SOCKET, PSOCKADDR, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_ACCEPT(PWSK_SOCKET, ULONG, PVOID, *const WSK_CLIENT_CONNECTION_DISPATCH, PSOCKADDR, PSOCKADDR, PIRP) -> NTSTATUS;
        PFN_WSK_INSPECT_COMPLETE(PWSK_SOCKET, PWSK_INSPECT_ID, WSK_INSPECT_ACTION, PIRP) -> NTSTATUS;
        PFN_WSK_LISTEN(PWSK_SOCKET, PIRP) -> NTSTATUS;
        PFN_WSK_CONNECT(PWSK_SOCKET, PSOCKADDR, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_CONNECT_EX(PWSK_SOCKET, PSOCKADDR, PWSK_BUF, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_GET_LOCAL_ADDRESS(PWSK_SOCKET, PSOCKADDR, PIRP) -> NTSTATUS;
        PFN_WSK_GET_REMOTE_ADDRESS(PWSK_SOCKET, PSOCKADDR, PIRP) -> NTSTATUS;
        PFN_WSK_SEND(PWSK_SOCKET, PWSK_BUF, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_RECEIVE(PWSK_SOCKET, PWSK_BUF, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_DISCONNECT(PWSK_SOCKET, PWSK_BUF, ULONG, PIRP) -> NTSTATUS;
        PFN_WSK_RELEASE_DATA_INDICATION_LIST(PWSK_SOCKET, PWSK_DATA_INDICATION) -> NTSTATUS;
        PFN_WSK_SEND_TO(PWSK_SOCKET, PWSK_BUF, ULONG, PSOCKADDR, ULONG, PCMSGHDR, PIRP) -> NTSTATUS;
        PFN_WSK_SEND_MESSAGES(PWSK_SOCKET, PWSK_BUF_LIST, ULONG, PSOCKADDR, ULONG, PCMSGHDR, PIRP) -> NTSTATUS;
        PFN_WSK_RECEIVE_FROM(PWSK_SOCKET, PWSK_BUF, ULONG, PSOCKADDR, PULONG, PCMSGHDR, PULONG, PIRP) -> NTSTATUS;
        PFN_WSK_RELEASE_DATAGRAM_INDICATION_LIST(PWSK_SOCKET, PWSK_DATAGRAM_INDICATION) -> NTSTATUS;
    }
}

/// The functions of `wsk.h`.
#[must_use]
pub fn functions() -> Vec<Prototype> {
    functions! {
        WskRegister(PWSK_CLIENT_NPI, PWSK_REGISTRATION) -> NTSTATUS;
        WskDeregister(PWSK_REGISTRATION) -> ();
        WskCaptureProviderNPI(PWSK_REGISTRATION, ULONG, PWSK_PROVIDER_NPI) -> NTSTATUS;
        WskReleaseProviderNPI(PWSK_REGISTRATION) -> ();
        WskQueryProviderCharacteristics(PWSK_REGISTRATION, PWSK_PROVIDER_CHARACTERISTICS) -> NTSTATUS;
    }
}

fn prototype(name: &'static str, function: bool, parameters: &[&str], result: &str) -> Prototype {
    Prototype {
        name,
        function,
        parameters: parameters.iter().map(|rust| c_type(rust)).collect(),
        result: c_type(result),
    }
}

fn c_type(rust: &str) -> String {
    if let Some(inner) = rust.strip_prefix("*mut ") {
        return format!("{} *", c_type(inner));
    }
    if let Some(inner) = rust.strip_prefix("*const ") {
        return format!("const {} *", c_type(inner));
    }
    match rust {
        "()" | "c_void" => "void".into(),
        // Wine names the structure; its own PSECURITY_DESCRIPTOR is a void pointer.
        "PSECURITY_DESCRIPTOR" => "SECURITY_DESCRIPTOR *".into(),
        name => name.into(),
    }
}
