//! Socket addresses and control messages (`ws2def.h`, `ws2ipdef.h`, `inaddr.h`, `in6addr.h`).
//! Ports and IPv4 addresses are in network byte order.

use wdk_sys::{CHAR, INT, LONGLONG, SIZE_T, UCHAR, ULONG, USHORT};

/// An `AF_` value (`network/ws2def-h`).
pub type ADDRESS_FAMILY = USHORT;

/// Any family, or none (`network/ws2def-h`).
pub const AF_UNSPEC: ADDRESS_FAMILY = 0;
/// IPv4 (`network/ws2def-h`).
pub const AF_INET: ADDRESS_FAMILY = 2;
/// IPv6 (`network/ws2def-h`).
pub const AF_INET6: ADDRESS_FAMILY = 23;

/// Head of every socket address (`ws2def/ns-ws2def-sockaddr`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SOCKADDR {
    /// Says which structure this is.
    pub sa_family: ADDRESS_FAMILY,
    /// The address, in the family's form.
    pub sa_data: [CHAR; 14],
}

/// Pointer to a [`SOCKADDR`] or any structure that begins like it.
pub type PSOCKADDR = *mut SOCKADDR;

/// IPv4 address as four bytes (`inaddr/ns-inaddr-in_addr`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IN_ADDR_BYTES {
    /// First byte as written.
    pub s_b1: UCHAR,
    /// Second byte.
    pub s_b2: UCHAR,
    /// Third byte.
    pub s_b3: UCHAR,
    /// Fourth byte.
    pub s_b4: UCHAR,
}

/// IPv4 address as two words (`inaddr/ns-inaddr-in_addr`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IN_ADDR_WORDS {
    /// First two bytes.
    pub s_w1: USHORT,
    /// Last two bytes.
    pub s_w2: USHORT,
}

/// The member `S_un` of [`IN_ADDR`]. All four bytes are defined by each view.
#[repr(C)]
#[derive(Clone, Copy)]
pub union IN_ADDR_UN {
    /// Four bytes.
    pub S_un_b: IN_ADDR_BYTES,
    /// Two words.
    pub S_un_w: IN_ADDR_WORDS,
    /// Network byte order.
    pub S_addr: ULONG,
}

/// IPv4 address (`inaddr/ns-inaddr-in_addr`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IN_ADDR {
    /// The address.
    pub S_un: IN_ADDR_UN,
}

/// The member `u` of [`IN6_ADDR`]. All sixteen bytes are defined by each view.
#[repr(C)]
#[derive(Clone, Copy)]
pub union IN6_ADDR_UN {
    /// Sixteen bytes, as written.
    pub Byte: [UCHAR; 16],
    /// Eight words in network byte order.
    pub Word: [USHORT; 8],
}

/// IPv6 address (`in6addr/ns-in6addr-in6_addr`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IN6_ADDR {
    /// The address.
    pub u: IN6_ADDR_UN,
}

/// IPv4 transport address (`ws2def/ns-ws2def-sockaddr_in`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SOCKADDR_IN {
    /// [`AF_INET`].
    pub sin_family: ADDRESS_FAMILY,
    /// Network byte order.
    pub sin_port: USHORT,
    /// Address.
    pub sin_addr: IN_ADDR,
    /// Must be 0.
    pub sin_zero: [CHAR; 8],
}

/// Pointer to a [`SOCKADDR_IN`].
pub type PSOCKADDR_IN = *mut SOCKADDR_IN;

impl SOCKADDR_IN {
    /// Any address, any port.
    pub const ANY: Self = Self {
        sin_family: AF_INET,
        sin_port: 0,
        sin_addr: IN_ADDR {
            S_un: IN_ADDR_UN { S_addr: 0 },
        },
        sin_zero: [0; 8],
    };
}

/// IPv6 transport address (`ws2ipdef/ns-ws2ipdef-sockaddr_in6_lh`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SOCKADDR_IN6 {
    /// [`AF_INET6`].
    pub sin6_family: ADDRESS_FAMILY,
    /// Network byte order.
    pub sin6_port: USHORT,
    /// Flow information.
    pub sin6_flowinfo: ULONG,
    /// Address.
    pub sin6_addr: IN6_ADDR,
    /// Zone of a link-local address, an interface index; C names it through an unnamed union
    /// with a `SCOPE_ID`.
    pub sin6_scope_id: ULONG,
}

/// Pointer to a [`SOCKADDR_IN6`].
pub type PSOCKADDR_IN6 = *mut SOCKADDR_IN6;

impl SOCKADDR_IN6 {
    /// Any address, any port.
    pub const ANY: Self = Self {
        sin6_family: AF_INET6,
        sin6_port: 0,
        sin6_flowinfo: 0,
        sin6_addr: IN6_ADDR {
            u: IN6_ADDR_UN { Byte: [0; 16] },
        },
        sin6_scope_id: 0,
    };
}

/// IPv4 or IPv6 transport address (`ws2ipdef/ns-ws2ipdef-sockaddr_inet`).
#[repr(C)]
#[derive(Clone, Copy)]
pub union SOCKADDR_INET {
    /// When `si_family` is [`AF_INET`].
    pub Ipv4: SOCKADDR_IN,
    /// When `si_family` is [`AF_INET6`].
    pub Ipv6: SOCKADDR_IN6,
    /// Says which.
    pub si_family: ADDRESS_FAMILY,
}

/// Pointer to a [`SOCKADDR_INET`].
pub type PSOCKADDR_INET = *mut SOCKADDR_INET;

/// Room for an address of any family (`ws2def/ns-ws2def-sockaddr_storage_lh`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SOCKADDR_STORAGE {
    /// Says which structure this is.
    pub ss_family: ADDRESS_FAMILY,
    /// Padding.
    pub __ss_pad1: [CHAR; 6],
    /// Forces the alignment.
    pub __ss_align: LONGLONG,
    /// Padding.
    pub __ss_pad2: [CHAR; 112],
}

/// Pointer to a [`SOCKADDR_STORAGE`].
pub type PSOCKADDR_STORAGE = *mut SOCKADDR_STORAGE;

impl SOCKADDR_STORAGE {
    /// No address: [`AF_UNSPEC`].
    pub const ZEROED: Self = Self {
        ss_family: AF_UNSPEC,
        __ss_pad1: [0; 6],
        __ss_align: 0,
        __ss_pad2: [0; 112],
    };
}

/// Head of a control object of a datagram (`ws2def/ns-ws2def-wsacmsghdr`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CMSGHDR {
    /// Bytes of head and data.
    pub cmsg_len: SIZE_T,
    /// Protocol that the object belongs to.
    pub cmsg_level: INT,
    /// Its type there.
    pub cmsg_type: INT,
}

/// Pointer to a [`CMSGHDR`].
pub type PCMSGHDR = *mut CMSGHDR;
