//! Results and hints of name resolution (`ws2def.h`, `ws2tcpip.h`).

use wdk_sys::{GUID, INT, PVOID, PWSTR, SIZE_T, ULONG};

use super::PSOCKADDR;

/// One address of a name, or the hints for a look-up (`ws2def/ns-ws2def-addrinfoexw`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ADDRINFOEXW {
    /// `AI_` values.
    pub ai_flags: INT,
    /// An `AF_` value.
    pub ai_family: INT,
    /// A `SOCK_` value, or 0.
    pub ai_socktype: INT,
    /// An `IPPROTO_` value, or 0.
    pub ai_protocol: INT,
    /// Bytes of `ai_addr`.
    pub ai_addrlen: SIZE_T,
    /// Canonical name, NUL-terminated, or NULL.
    pub ai_canonname: PWSTR,
    /// The address.
    pub ai_addr: PSOCKADDR,
    /// Data of the namespace provider, or NULL.
    pub ai_blob: PVOID,
    /// Bytes of `ai_blob`.
    pub ai_bloblen: SIZE_T,
    /// The namespace provider, or NULL.
    pub ai_provider: *mut GUID,
    /// Next address, NULL at the end.
    pub ai_next: PADDRINFOEXW,
}

/// Pointer to an [`ADDRINFOEXW`].
pub type PADDRINFOEXW = *mut ADDRINFOEXW;

impl ADDRINFOEXW {
    /// Hints that ask for anything; functions that take hints want the other members zero.
    pub const ZEROED: Self = Self {
        ai_flags: 0,
        ai_family: 0,
        ai_socktype: 0,
        ai_protocol: 0,
        ai_addrlen: 0,
        ai_canonname: core::ptr::null_mut(),
        ai_addr: core::ptr::null_mut(),
        ai_blob: core::ptr::null_mut(),
        ai_bloblen: 0,
        ai_provider: core::ptr::null_mut(),
        ai_next: core::ptr::null_mut(),
    };
}

/// The addresses will be bound for listening (`ws2def/ns-ws2def-addrinfoexw`, as are its
/// siblings).
pub const AI_PASSIVE: INT = 0x0000_0001;
/// Return the canonical name.
pub const AI_CANONNAME: INT = 0x0000_0002;
/// The name is a literal address; ask nobody.
pub const AI_NUMERICHOST: INT = 0x0000_0004;
/// The service is a port number.
pub const AI_NUMERICSERV: INT = 0x0000_0008;
/// Ask DNS only, no other protocol.
pub const AI_DNS_ONLY: INT = 0x0000_0010;
/// With AI_V4MAPPED: IPv6 addresses and mapped IPv4 ones.
pub const AI_ALL: INT = 0x0000_0100;
/// Only families that the machine has a global address of.
pub const AI_ADDRCONFIG: INT = 0x0000_0400;
/// IPv4 addresses as mapped IPv6 ones, if there is no IPv6 one.
pub const AI_V4MAPPED: INT = 0x0000_0800;
/// Answers need not be authoritative.
pub const AI_NON_AUTHORITATIVE: INT = 0x0000_4000;
/// Answers must come over a secure channel.
pub const AI_SECURE: INT = 0x0000_8000;
/// Preferred names of the namespace.
pub const AI_RETURN_PREFERRED_NAMES: INT = 0x0001_0000;
/// Return the fully qualified name that was resolved.
pub const AI_FQDN: INT = 0x0002_0000;
/// Hint that a file server is looked for.
pub const AI_FILESERVER: INT = 0x0004_0000;
/// Do not convert the name to Punycode.
pub const AI_DISABLE_IDN_ENCODING: INT = 0x0008_0000;

/// Name space: all that are installed (`wsk/nc-wsk-pfn_wsk_get_address_info`).
pub const NS_ALL: ULONG = 0;
/// Name space: DNS (`wsk/nc-wsk-pfn_wsk_get_address_info`).
pub const NS_DNS: ULONG = 12;

/// `WskGetNameInfo`: only the host part of a local name
/// (`wsk/nc-wsk-pfn_wsk_get_name_info`, as are its siblings).
pub const NI_NOFQDN: ULONG = 0x01;
/// The address in digits.
pub const NI_NUMERICHOST: ULONG = 0x02;
/// Fail if there is no name.
pub const NI_NAMEREQD: ULONG = 0x04;
/// The port in digits.
pub const NI_NUMERICSERV: ULONG = 0x08;
/// The service is a datagram one.
pub const NI_DGRAM: ULONG = 0x10;
