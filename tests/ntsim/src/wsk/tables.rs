//! The tables of functions that the provider gives out.

use super::*;

/// A table, which has pointers.
struct Table<T>(T);
// SAFETY: constant.
unsafe impl<T> Sync for Table<T> {}

/// The provider's own.
pub(super) fn provider() -> *const WSK_PROVIDER_DISPATCH {
    &raw const PROVIDER
}

/// Of a connection socket.
pub(super) fn connection() -> *const c_void {
    (&raw const CONNECTION.0).cast()
}

static PROVIDER: WSK_PROVIDER_DISPATCH = WSK_PROVIDER_DISPATCH {
    Version: 0x0100,
    Reserved: 0,
    WskSocket: Some(socket::socket),
    WskSocketConnect: None,
    WskControlClient: None,
    WskGetAddressInfo: Some(names::get_address_info),
    WskFreeAddressInfo: Some(names::free_address_info),
    WskGetNameInfo: None,
};

const BASIC: WSK_PROVIDER_BASIC_DISPATCH = WSK_PROVIDER_BASIC_DISPATCH {
    WskControlSocket: None,
    WskCloseSocket: Some(socket::close),
};

static CONNECTION: Table<WSK_PROVIDER_CONNECTION_DISPATCH> =
    Table(WSK_PROVIDER_CONNECTION_DISPATCH {
        Basic: BASIC,
        WskBind: Some(socket::bind),
        WskConnect: Some(connect::connect),
        WskGetLocalAddress: None,
        WskGetRemoteAddress: None,
        WskSend: Some(stream::send),
        WskReceive: Some(stream::receive),
        WskDisconnect: Some(stream::disconnect),
        WskRelease: None,
        WskConnectEx: None,
        WskSendEx: std::ptr::null_mut(),
        WskReceiveEx: std::ptr::null_mut(),
    });
