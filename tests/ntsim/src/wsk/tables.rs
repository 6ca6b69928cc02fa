//! The tables of functions that the provider gives out.

use wskhttp_core::wsk::sys::{WSK_PROVIDER_LISTEN_DISPATCH, WSK_PROVIDER_STREAM_DISPATCH};

use super::*;

/// A table, which has pointers.
struct Table<T>(T);
// SAFETY: constant.
unsafe impl<T> Sync for Table<T> {}

/// The provider's own.
pub(super) fn provider() -> *const WSK_PROVIDER_DISPATCH {
    &raw const PROVIDER
}

/// Of a socket of that category (rule 38).
pub(super) fn of(category: Category) -> *const c_void {
    match category {
        Category::Basic => (&raw const BASIC).cast(),
        Category::Listen => (&raw const LISTEN).cast(),
        Category::Connection => (&raw const CONNECTION.0).cast(),
        Category::Stream => (&raw const STREAM.0).cast(),
    }
}

static PROVIDER: WSK_PROVIDER_DISPATCH = WSK_PROVIDER_DISPATCH {
    Version: 0x0100,
    Reserved: 0,
    WskSocket: Some(socket::socket),
    WskSocketConnect: Some(connect::socket_connect),
    WskControlClient: Some(client::control_client),
    WskGetAddressInfo: Some(names::get_address_info),
    WskFreeAddressInfo: Some(names::free_address_info),
    WskGetNameInfo: None,
};

static BASIC: WSK_PROVIDER_BASIC_DISPATCH = BASIC_PART;
const BASIC_PART: WSK_PROVIDER_BASIC_DISPATCH = WSK_PROVIDER_BASIC_DISPATCH {
    WskControlSocket: Some(control::control_socket),
    WskCloseSocket: Some(socket::close),
};

static LISTEN: WSK_PROVIDER_LISTEN_DISPATCH = WSK_PROVIDER_LISTEN_DISPATCH {
    Basic: BASIC_PART,
    WskBind: Some(socket::bind),
    WskAccept: Some(listen::accept),
    WskInspectComplete: None,
    WskGetLocalAddress: Some(address::local),
};

static CONNECTION: Table<WSK_PROVIDER_CONNECTION_DISPATCH> =
    Table(WSK_PROVIDER_CONNECTION_DISPATCH {
        Basic: BASIC_PART,
        WskBind: Some(socket::bind),
        WskConnect: Some(connect::connect),
        WskGetLocalAddress: Some(address::local),
        WskGetRemoteAddress: Some(address::remote),
        WskSend: Some(stream::send),
        WskReceive: Some(stream::receive),
        WskDisconnect: Some(stream::disconnect),
        WskRelease: Some(indication::release),
        WskConnectEx: Some(connect::connect_ex),
        WskSendEx: std::ptr::null_mut(),
        WskReceiveEx: std::ptr::null_mut(),
    });

static STREAM: Table<WSK_PROVIDER_STREAM_DISPATCH> = Table(WSK_PROVIDER_STREAM_DISPATCH {
    Basic: BASIC_PART,
    WskBind: Some(socket::bind),
    WskAccept: Some(listen::accept),
    WskConnect: Some(connect::connect),
    WskListen: Some(listen::listen),
    WskSend: Some(stream::send),
    WskReceive: Some(stream::receive),
    WskDisconnect: Some(stream::disconnect),
    WskRelease: Some(indication::release),
    WskGetLocalAddress: Some(address::local),
    WskGetRemoteAddress: Some(address::remote),
    WskConnectEx: Some(connect::connect_ex),
    WskSendEx: std::ptr::null_mut(),
    WskReceiveEx: std::ptr::null_mut(),
});
