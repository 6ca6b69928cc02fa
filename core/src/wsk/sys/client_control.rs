//! `WskControlClient`: control codes and their structures.

use wdk_sys::{GUID, PCWSTR, ULONG, USHORT};

use super::ADDRESS_FAMILY;

/// Reads the transports as an array of [`WSK_TRANSPORT`] (`network/wsk-transport-list-query`).
pub const WSK_TRANSPORT_LIST_QUERY: ULONG = 2;
/// Completes when the list of transports changes (`network/wsk-transport-list-change`).
pub const WSK_TRANSPORT_LIST_CHANGE: ULONG = 3;
/// Caches a security descriptor for use with sockets (`network/wsk-cache-sd`).
pub const WSK_CACHE_SD: ULONG = 4;
/// Releases a cached security descriptor (`network/wsk-release-sd`).
pub const WSK_RELEASE_SD: ULONG = 5;
/// Maps transports to TDI devices, by a [`WSK_TDI_MAP_INFO`]
/// (`network/wsk-tdi-devicename-mapping`).
pub const WSK_TDI_DEVICENAME_MAPPING: ULONG = 6;
/// Enables event callbacks on all sockets that will be created, by a
/// [`super::WSK_EVENT_CALLBACK_CONTROL`] (`network/wsk-set-static-event-callbacks`).
pub const WSK_SET_STATIC_EVENT_CALLBACKS: ULONG = 7;
/// Says whether I/O is diverted to TDI when a TDI filter is there (`network/wsk-tdi-behavior`).
pub const WSK_TDI_BEHAVIOR: ULONG = 8;

/// Value for [`WSK_TDI_BEHAVIOR`]: do not divert to TDI (`network/wsk-tdi-behavior`).
pub const WSK_TDI_BEHAVIOR_BYPASS_TDI: ULONG = 0x0000_0001;

/// A transport that sockets can be created over (`wsk/ns-wsk-_wsk_transport`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WSK_TRANSPORT {
    /// Version, in the transport's own form.
    pub Version: USHORT,
    /// A `SOCK_` value.
    pub SocketType: USHORT,
    /// An `IPPROTO_` value.
    pub Protocol: ULONG,
    /// An `AF_` value, or AF_UNSPEC for all.
    pub AddressFamily: ADDRESS_FAMILY,
    /// The transport's provider.
    pub ProviderId: GUID,
}

/// Pointer to a [`WSK_TRANSPORT`].
pub type PWSK_TRANSPORT = *mut WSK_TRANSPORT;

/// A TDI device that carries a kind of socket (`wsk/ns-wsk-_wsk_tdi_map`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_TDI_MAP {
    /// A `SOCK_` value.
    pub SocketType: USHORT,
    /// An `AF_` value.
    pub AddressFamily: ADDRESS_FAMILY,
    /// An `IPPROTO_` value.
    pub Protocol: ULONG,
    /// Name of the device, NUL-terminated.
    pub TdiDeviceName: PCWSTR,
}

/// Pointer to a [`WSK_TDI_MAP`].
pub type PWSK_TDI_MAP = *mut WSK_TDI_MAP;

/// Input of [`WSK_TDI_DEVICENAME_MAPPING`] (`wsk/ns-wsk-_wsk_tdi_map_info`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_TDI_MAP_INFO {
    /// Elements of `Map`.
    pub ElementCount: ULONG,
    /// First element.
    pub Map: *const WSK_TDI_MAP,
}

/// Pointer to a [`WSK_TDI_MAP_INFO`].
pub type PWSK_TDI_MAP_INFO = *mut WSK_TDI_MAP_INFO;
