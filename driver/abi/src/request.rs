//! The request message.

use crate::Span;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Fixed part of a request message.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RequestHeader {
    /// Bytes of the whole message, variable parts included; equals the input buffer's length.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// [`RequestFlags`].
    pub flags: u16,
    /// Method token, ASCII.
    pub method: Span,
    /// Absolute http or https URL, ASCII (percent-encoded, host as A-labels).
    pub url: Span,
    /// Header lines, each `Name: value` CRLF. No Host, Content-Length, Transfer-Encoding.
    pub headers: Span,
    /// The whole body, if it is sent with the message.
    pub body: Span,
    /// Trust anchors that replace the built-in ones for this request: DER certificates, one after the
    /// other.
    pub roots: Span,
    /// With `STREAM_BODY`: bytes that will be written, or [`RequestHeader::CHUNKED`]. Else 0.
    pub body_length: u64,
    /// Bound for name resolution, connection and TLS together, in milliseconds; 0 means the default.
    pub connect_timeout_ms: u32,
    /// Bound for the whole exchange in milliseconds; 0 means none beyond the driver's own idle bound.
    pub total_timeout_ms: u32,
    /// Zero.
    pub reserved: [u32; 2],
}
