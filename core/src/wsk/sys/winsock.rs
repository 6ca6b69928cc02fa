//! Numbers of `ws2def.h`, `ws2ipdef.h` and `mstcpip.h` that WSK calls take: socket types,
//! protocols, options, I/O controls. Options have the type of `WskControlSocket`'s parameters.

use wdk_sys::{ULONG, USHORT};

/// Connection-oriented byte stream (`network/ws2def-h`).
pub const SOCK_STREAM: USHORT = 1;
/// Datagrams (`network/ws2def-h`).
pub const SOCK_DGRAM: USHORT = 2;
/// Raw access to the protocol (`network/ws2def-h`).
pub const SOCK_RAW: USHORT = 3;
/// Reliable datagrams (`network/ws2def-h`).
pub const SOCK_RDM: USHORT = 4;
/// Pseudo-stream packets (`network/ws2def-h`).
pub const SOCK_SEQPACKET: USHORT = 5;

/// Protocol and option level: IPv4 (`network/ws2def-h`).
pub const IPPROTO_IP: ULONG = 0;
/// Protocol: ICMP for IPv4 (`network/ws2def-h`).
pub const IPPROTO_ICMP: ULONG = 1;
/// Protocol and option level: TCP (`network/ws2def-h`).
pub const IPPROTO_TCP: ULONG = 6;
/// Protocol and option level: UDP (`network/ws2def-h`).
pub const IPPROTO_UDP: ULONG = 17;
/// Protocol and option level: IPv6 (`network/ws2def-h`).
pub const IPPROTO_IPV6: ULONG = 41;
/// Protocol: ICMP for IPv6 (`network/ws2def-h`).
pub const IPPROTO_ICMPV6: ULONG = 58;
/// Protocol: raw IP (`network/ws2def-h`).
pub const IPPROTO_RAW: ULONG = 255;

/// Option level of the socket itself (`wsk/nc-wsk-pfn_wsk_control_socket`).
pub const SOL_SOCKET: ULONG = 0xFFFF;

/// Whether the socket listens; ULONG, get (`winsock/sol-socket-socket-options`).
pub const SO_ACCEPTCONN: ULONG = 0x0002;
/// Share the local address; ULONG (`network/so-reuseaddr`).
pub const SO_REUSEADDR: ULONG = 0x0004;
/// Refuse to share the local address; ULONG (`network/so-exclusiveaddruse`).
pub const SO_EXCLUSIVEADDRUSE: ULONG = !SO_REUSEADDR;
/// Send keep-alive packets; ULONG (`network/so-keepalive`).
pub const SO_KEEPALIVE: ULONG = 0x0008;
/// Allow datagrams to broadcast addresses; ULONG (`network/so-broadcast`).
pub const SO_BROADCAST: ULONG = 0x0020;
/// Out-of-band data in line; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_OOBINLINE: ULONG = 0x0100;
/// Bytes of the transport's send buffer; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_SNDBUF: ULONG = 0x1001;
/// Bytes of the transport's receive buffer; ULONG (`network/so-rcvbuf`).
pub const SO_RCVBUF: ULONG = 0x1002;
/// Last error; ULONG, get (`winsock/sol-socket-socket-options`).
pub const SO_ERROR: ULONG = 0x1007;
/// Type of the socket; ULONG, get (`winsock/sol-socket-socket-options`).
pub const SO_TYPE: ULONG = 0x1008;
/// Conditional accept mode; ULONG (`network/so-conditional-accept`).
pub const SO_CONDITIONAL_ACCEPT: ULONG = 0x3002;
/// Pause accepting; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_PAUSE_ACCEPT: ULONG = 0x3003;
/// Network compartment; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_COMPARTMENT_ID: ULONG = 0x3004;
/// Random local port; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_RANDOMIZE_PORT: ULONG = 0x3005;
/// Local ports unique per remote end point; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_PORT_SCALABILITY: ULONG = 0x3006;
/// Local port chosen at connect; ULONG (`winsock/sol-socket-socket-options`).
pub const SO_REUSE_UNICASTPORT: ULONG = 0x3007;
/// First option that is WSK's own (`ws2def.h`).
pub const WSK_SO_BASE: ULONG = 0x4000;

/// At IPPROTO_TCP: no Nagle algorithm; ULONG (`winsock/ipproto-tcp-socket-options`).
pub const TCP_NODELAY: ULONG = 0x0001;
/// At IPPROTO_TCP: idle seconds before keep-alive; ULONG (`winsock/ipproto-tcp-socket-options`).
pub const TCP_KEEPALIVE: ULONG = 3;
/// At IPPROTO_TCP: fast open; ULONG (`winsock/ipproto-tcp-socket-options`).
pub const TCP_FASTOPEN: ULONG = 15;
/// At IPPROTO_TCP: unanswered keep-alives that end a connection; ULONG
/// (`winsock/ipproto-tcp-socket-options`).
pub const TCP_KEEPCNT: ULONG = 16;
/// At IPPROTO_TCP: seconds between keep-alives; ULONG (`winsock/ipproto-tcp-socket-options`).
pub const TCP_KEEPINTVL: ULONG = 17;
/// At IPPROTO_TCP: fail a connect on an ICMP error; ULONG
/// (`winsock/ipproto-tcp-socket-options`).
pub const TCP_FAIL_CONNECT_ON_ICMP_ERROR: ULONG = 18;

/// At IPPROTO_IP: interface of unicast packets, network byte order; ULONG
/// (`winsock/ipproto-ip-socket-options`).
pub const IP_UNICAST_IF: ULONG = 31;
/// At IPPROTO_IPV6: IPv6 only, or both; ULONG (`winsock/ipproto-ipv6-socket-options`).
pub const IPV6_V6ONLY: ULONG = 27;
/// At IPPROTO_IPV6: interface of unicast packets; ULONG (`winsock/ipproto-ipv6-socket-options`).
pub const IPV6_UNICAST_IF: ULONG = 31;

/// I/O control without parameters (`ws2def.h`, as are its siblings).
pub const IOC_VOID: ULONG = 0x2000_0000;
/// I/O control with output.
pub const IOC_OUT: ULONG = 0x4000_0000;
/// I/O control with input.
pub const IOC_IN: ULONG = 0x8000_0000;
/// I/O control with both.
pub const IOC_INOUT: ULONG = IOC_IN | IOC_OUT;
/// I/O controls of Winsock 2.
pub const IOC_WS2: ULONG = 0x0800_0000;
/// I/O controls of WSK.
pub const IOC_WSK: ULONG = IOC_WS2 | 0x0700_0000;
/// I/O controls of a vendor.
pub const IOC_VENDOR: ULONG = 0x1800_0000;

/// I/O control code without parameters (`ws2def.h`).
#[must_use]
pub const fn _WSAIO(x: ULONG, y: ULONG) -> ULONG {
    IOC_VOID | x | y
}

/// I/O control code with output (`ws2def.h`).
#[must_use]
pub const fn _WSAIOR(x: ULONG, y: ULONG) -> ULONG {
    IOC_OUT | x | y
}

/// I/O control code with input (`ws2def.h`).
#[must_use]
pub const fn _WSAIOW(x: ULONG, y: ULONG) -> ULONG {
    IOC_IN | x | y
}

/// I/O control code with both (`ws2def.h`).
#[must_use]
pub const fn _WSAIORW(x: ULONG, y: ULONG) -> ULONG {
    IOC_INOUT | x | y
}

/// Local address that reaches a remote one (`winsock/winsock-ioctls`).
pub const SIO_ROUTING_INTERFACE_QUERY: ULONG = _WSAIORW(IOC_WS2, 20);
/// List of the machine's addresses of a family (`network/sio-address-list-query`).
pub const SIO_ADDRESS_LIST_QUERY: ULONG = _WSAIOR(IOC_WS2, 22);
/// Completes when that list changes (`network/sio-address-list-change`).
pub const SIO_ADDRESS_LIST_CHANGE: ULONG = _WSAIO(IOC_WS2, 23);
/// Keep-alive time and interval in milliseconds (`winsock/sio-keepalive-vals`).
pub const SIO_KEEPALIVE_VALS: ULONG = _WSAIOW(IOC_VENDOR, 4);
/// Shorter way for loopback connections (`winsock/sio-loopback-fast-path`).
pub const SIO_LOOPBACK_FAST_PATH: ULONG = _WSAIOW(IOC_VENDOR, 16);

/// Flag of a received datagram: truncated (`wsk/nc-wsk-pfn_wsk_receive_from`, as are its
/// siblings).
pub const MSG_TRUNC: ULONG = 0x0100;
/// Control data truncated.
pub const MSG_CTRUNC: ULONG = 0x0200;
/// Received as a broadcast.
pub const MSG_BCAST: ULONG = 0x0400;
/// Received as a multicast.
pub const MSG_MCAST: ULONG = 0x0800;
