//! The `WSK_FLAG_` values. Several share a number: the call decides what it means.

use wdk_sys::ULONG;

/// `WskSocket`: basic socket, table [`super::WSK_PROVIDER_BASIC_DISPATCH`]
/// (`wsk/nc-wsk-pfn_wsk_socket`).
pub const WSK_FLAG_BASIC_SOCKET: ULONG = 0x0000_0000;
/// `WskSocket`: listening socket, table [`super::WSK_PROVIDER_LISTEN_DISPATCH`]
/// (`wsk/nc-wsk-pfn_wsk_socket`).
pub const WSK_FLAG_LISTEN_SOCKET: ULONG = 0x0000_0001;
/// `WskSocket`: connection socket, table [`super::WSK_PROVIDER_CONNECTION_DISPATCH`]
/// (`wsk/nc-wsk-pfn_wsk_socket`).
pub const WSK_FLAG_CONNECTION_SOCKET: ULONG = 0x0000_0002;
/// `WskSocket`: datagram socket, table [`super::WSK_PROVIDER_DATAGRAM_DISPATCH`]
/// (`wsk/nc-wsk-pfn_wsk_socket`).
pub const WSK_FLAG_DATAGRAM_SOCKET: ULONG = 0x0000_0004;
/// `WskSocket`: stream socket, table [`super::WSK_PROVIDER_STREAM_DISPATCH`]. Windows 10, version
/// 1703 and later (`wsk/nc-wsk-pfn_wsk_socket`).
pub const WSK_FLAG_STREAM_SOCKET: ULONG = 0x0000_0008;

/// `WskSend`: send as out-of-band data (`wsk.h`; not in the documentation).
pub const WSK_FLAG_OOB: ULONG = 0x0000_0001;
/// `WskSend`: send this and what is queued without further delay (`wsk/nc-wsk-pfn_wsk_send`).
pub const WSK_FLAG_NODELAY: ULONG = 0x0000_0002;

/// `WskReceive`: complete only when the buffer is full or the stream ends
/// (`wsk/nc-wsk-pfn_wsk_receive`).
pub const WSK_FLAG_WAITALL: ULONG = 0x0000_0002;
/// `WskReceive`: discard what arrives until the stream ends (`wsk/nc-wsk-pfn_wsk_receive`).
pub const WSK_FLAG_DRAIN: ULONG = 0x0000_0004;

/// `WskDisconnect` and `WskDisconnectEvent`: abortive, a reset and no FIN
/// (`wsk/nc-wsk-pfn_wsk_disconnect`).
pub const WSK_FLAG_ABORTIVE: ULONG = 0x0000_0001;

/// `WskReceiveEvent`: kept buffers are to be released as soon as possible
/// (`wsk/nc-wsk-pfn_wsk_receive_event`).
pub const WSK_FLAG_RELEASE_ASAP: ULONG = 0x0000_0002;
/// `WskReceiveEvent`: the indication is a whole message (`wsk/nc-wsk-pfn_wsk_receive_event`).
pub const WSK_FLAG_ENTIRE_MESSAGE: ULONG = 0x0000_0004;
/// Any event callback: it runs at DISPATCH_LEVEL (`wsk/nc-wsk-pfn_wsk_receive_event`).
pub const WSK_FLAG_AT_DISPATCH_LEVEL: ULONG = 0x0000_0008;
