//! The response message.

use crate::Span;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Fixed part of a response message.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ResponseHeader {
    /// Bytes written to the output buffer, this part included.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// [`crate::ResponseFlags`].
    pub flags: u16,
    /// Bytes that the fixed part and the head need together.
    pub needed: u32,
    /// Status code.
    pub status: u16,
    /// 0 or 1: the minor version of HTTP.
    pub minor_version: u16,
    /// Reason phrase, bytes as received.
    pub reason: Span,
    /// Header lines, each `Name: value` CRLF, in the order received.
    pub headers: Span,
    /// Body bytes in this message.
    pub body: Span,
    /// Length of the body as declared; `u64::MAX` if not.
    pub content_length: u64,
    /// Microseconds of name resolution; these three are 0 on a reused connection.
    pub resolve_us: u32,
    /// Microseconds of the TCP connection.
    pub connect_us: u32,
    /// Microseconds of the TLS handshake.
    pub tls_us: u32,
    /// Microseconds from the request's arrival to the first byte of the response.
    pub first_byte_us: u32,
    /// Microseconds from the request's arrival until this message was written.
    pub total_us: u32,
    /// Peer's port.
    pub remote_port: u16,
    /// 4 or 6; 0 if unknown.
    pub remote_family: u16,
    /// Peer's address, network byte order; an IPv4 address is in the first four bytes.
    pub remote_address: [u8; 16],
    /// 0x0304, 0x0303, or 0 without TLS.
    pub tls_version: u16,
    /// Cipher suite, IANA number.
    pub tls_suite: u16,
    /// Named group, IANA number, or 0.
    pub tls_group: u16,
    /// Zero.
    pub reserved: u16,
}
