//! Structures of the bindings: size, alignment, fields.

use wskhttp_core::wsk::sys;

/// A structure or union as Rust lays it out.
#[derive(Debug)]
pub struct Layout {
    /// Its name.
    pub name: &'static str,
    /// What C calls it: its name, but for parts that C leaves unnamed.
    pub c_type: &'static str,
    /// Bytes.
    pub size: usize,
    /// Bytes.
    pub align: usize,
    /// In order of declaration; empty for a union.
    pub fields: Vec<Field>,
}

/// A field of a [`Layout`].
#[derive(Debug)]
pub struct Field {
    /// Its name, the same in C.
    pub name: &'static str,
    /// Bytes from the start.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
}

/// Lists structures. The pattern in `every_field` names all fields or does not build.
macro_rules! structs {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {
        vec![$({
            #[expect(dead_code, reason = "checked by the compiler, never called")]
            fn every_field(value: sys::$name) {
                let sys::$name { $($field: _),+ } = value;
            }
            Layout {
                name: stringify!($name),
                c_type: stringify!($name),
                size: size_of::<sys::$name>(),
                align: align_of::<sys::$name>(),
                fields: vec![$(Field {
                    name: stringify!($field),
                    offset: core::mem::offset_of!(sys::$name, $field),
                    size: field_size::<sys::$name, _>(|value| &value.$field),
                }),+],
            }
        }),+]
    };
}

/// Structures that `wsk.h` defines.
#[must_use]
pub fn wsk() -> Vec<Layout> {
    structs! {
        WSK_CLIENT_NPI { ClientContext, Dispatch }
        WSK_REGISTRATION {
            ReservedRegistrationState, ReservedRegistrationContext, ReservedRegistrationLock,
        }
        WSK_PROVIDER_NPI { Client, Dispatch }
        WSK_PROVIDER_CHARACTERISTICS { HighestVersion, LowestVersion }
        WSK_BUF { Mdl, Offset, Length }
        WSK_BUF_LIST { Next, Buffer }
        WSK_DATA_INDICATION { Next, Buffer }
        WSK_DATAGRAM_INDICATION { Next, Buffer, ControlInfo, ControlInfoLength, RemoteAddress }
        WSK_INSPECT_ID { Key, SerialNumber }
        WSK_CLIENT_DISPATCH { Version, Reserved, WskClientEvent }
        WSK_CLIENT_LISTEN_DISPATCH { WskAcceptEvent, WskInspectEvent, WskAbortEvent }
        WSK_CLIENT_DATAGRAM_DISPATCH { WskReceiveFromEvent }
        WSK_CLIENT_CONNECTION_DISPATCH { WskReceiveEvent, WskDisconnectEvent, WskSendBacklogEvent }
        WSK_CLIENT_STREAM_DISPATCH { Listen, Connect }
        WSK_PROVIDER_DISPATCH {
            Version, Reserved, WskSocket, WskSocketConnect, WskControlClient, WskGetAddressInfo,
            WskFreeAddressInfo, WskGetNameInfo,
        }
        WSK_SOCKET { Dispatch }
        WSK_PROVIDER_BASIC_DISPATCH { WskControlSocket, WskCloseSocket }
        WSK_PROVIDER_LISTEN_DISPATCH {
            Basic, WskBind, WskAccept, WskInspectComplete, WskGetLocalAddress,
        }
        WSK_PROVIDER_DATAGRAM_DISPATCH {
            Basic, WskBind, WskSendTo, WskReceiveFrom, WskRelease, WskGetLocalAddress,
            WskSendMessages,
        }
        WSK_PROVIDER_CONNECTION_DISPATCH {
            Basic, WskBind, WskConnect, WskGetLocalAddress, WskGetRemoteAddress, WskSend,
            WskReceive, WskDisconnect, WskRelease, WskConnectEx, WskSendEx, WskReceiveEx,
        }
        WSK_PROVIDER_STREAM_DISPATCH {
            Basic, WskBind, WskAccept, WskConnect, WskListen, WskSend, WskReceive, WskDisconnect,
            WskRelease, WskGetLocalAddress, WskGetRemoteAddress, WskConnectEx, WskSendEx,
            WskReceiveEx,
        }
        WSK_TRANSPORT { Version, SocketType, Protocol, AddressFamily, ProviderId }
        WSK_TDI_MAP { SocketType, AddressFamily, Protocol, TdiDeviceName }
        WSK_TDI_MAP_INFO { ElementCount, Map }
        WSK_EVENT_CALLBACK_CONTROL { NpiId, EventMask }
        WSK_EXTENSION_CONTROL_IN { NpiId, ClientContext, ClientDispatch }
        WSK_EXTENSION_CONTROL_OUT { ProviderContext, ProviderDispatch }
    }
}

/// Structures and unions that the Winsock headers define.
#[must_use]
pub fn winsock() -> Vec<Layout> {
    let mut all = structs! {
        SOCKADDR { sa_family, sa_data }
        IN_ADDR { S_un }
        IN6_ADDR { u }
        SOCKADDR_IN { sin_family, sin_port, sin_addr, sin_zero }
        SOCKADDR_IN6 { sin6_family, sin6_port, sin6_flowinfo, sin6_addr, sin6_scope_id }
        SOCKADDR_STORAGE { ss_family, __ss_pad1, __ss_align, __ss_pad2 }
        CMSGHDR { cmsg_len, cmsg_level, cmsg_type }
        ADDRINFOEXW {
            ai_flags, ai_family, ai_socktype, ai_protocol, ai_addrlen, ai_canonname, ai_addr,
            ai_blob, ai_bloblen, ai_provider, ai_next,
        }
    };
    all.extend(unnamed_in_c());
    all.extend([
        union::<sys::SOCKADDR_INET>("SOCKADDR_INET", "SOCKADDR_INET"),
        union::<sys::IN_ADDR_UN>("IN_ADDR_UN", "__typeof__(((IN_ADDR *)0)->S_un)"),
        union::<sys::IN6_ADDR_UN>("IN6_ADDR_UN", "__typeof__(((IN6_ADDR *)0)->u)"),
    ]);
    all
}

/// Scalar types of the prototypes, as `wdk-sys` has them: name and bytes.
#[must_use]
pub fn scalars() -> Vec<(&'static str, usize)> {
    vec![
        ("ADDRESS_FAMILY", size_of::<sys::ADDRESS_FAMILY>()),
        ("USHORT", size_of::<wdk_sys::USHORT>()),
        ("ULONG", size_of::<wdk_sys::ULONG>()),
        ("SIZE_T", size_of::<wdk_sys::SIZE_T>()),
        ("NTSTATUS", size_of::<wdk_sys::NTSTATUS>()),
        ("PVOID", size_of::<wdk_sys::PVOID>()),
        ("GUID", size_of::<wdk_sys::GUID>()),
        ("UNICODE_STRING", size_of::<wdk_sys::UNICODE_STRING>()),
        (
            "WSK_CONTROL_SOCKET_TYPE",
            size_of::<sys::WSK_CONTROL_SOCKET_TYPE>(),
        ),
        ("WSK_INSPECT_ACTION", size_of::<sys::WSK_INSPECT_ACTION>()),
    ]
}

/// The other types of `wsk.h`: pointers to the structures, enumerations, opaque ones.
#[must_use]
pub fn types() -> Vec<&'static str> {
    macro_rules! types {
        ($($name:ident)+) => {
            vec![$({
                const _: Option<sys::$name> = None;
                stringify!($name)
            }),+]
        };
    }
    types! {
        PWSK_CLIENT_NPI PWSK_REGISTRATION WSK_CLIENT PWSK_CLIENT PWSK_PROVIDER_NPI
        PWSK_PROVIDER_CHARACTERISTICS PWSK_BUF PWSK_BUF_LIST PWSK_DATA_INDICATION
        PWSK_DATAGRAM_INDICATION PWSK_INSPECT_ID PWSK_CLIENT_DISPATCH PWSK_CLIENT_LISTEN_DISPATCH
        PWSK_CLIENT_DATAGRAM_DISPATCH PWSK_CLIENT_CONNECTION_DISPATCH PWSK_CLIENT_STREAM_DISPATCH
        PWSK_PROVIDER_DISPATCH PWSK_SOCKET PWSK_PROVIDER_BASIC_DISPATCH
        PWSK_PROVIDER_LISTEN_DISPATCH PWSK_PROVIDER_DATAGRAM_DISPATCH
        PWSK_PROVIDER_CONNECTION_DISPATCH PWSK_PROVIDER_STREAM_DISPATCH PWSK_TRANSPORT PWSK_TDI_MAP
        PWSK_TDI_MAP_INFO PWSK_EVENT_CALLBACK_CONTROL PWSK_EXTENSION_CONTROL_IN
        PWSK_EXTENSION_CONTROL_OUT WSK_CONTROL_SOCKET_TYPE WSK_INSPECT_ACTION
        PFN_WSK_SEND_EX PFN_WSK_RECEIVE_EX
    }
}

fn unnamed_in_c() -> Vec<Layout> {
    let mut all = structs! {
        IN_ADDR_BYTES { s_b1, s_b2, s_b3, s_b4 }
        IN_ADDR_WORDS { s_w1, s_w2 }
    };
    let c_types = [
        "__typeof__(((IN_ADDR *)0)->S_un.S_un_b)",
        "__typeof__(((IN_ADDR *)0)->S_un.S_un_w)",
    ];
    for (layout, c_type) in all.iter_mut().zip(c_types) {
        layout.c_type = c_type;
    }
    all
}

fn union<T>(name: &'static str, c_type: &'static str) -> Layout {
    Layout {
        name,
        c_type,
        size: size_of::<T>(),
        align: align_of::<T>(),
        fields: vec![],
    }
}

fn field_size<T, F>(_: for<'a> fn(&'a T) -> &'a F) -> usize {
    size_of::<F>()
}
