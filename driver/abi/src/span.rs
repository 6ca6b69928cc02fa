//! A stretch of bytes inside a message.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Where a variable part of a message lies. An empty part has both fields zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Span {
    /// Bytes from the start of the message.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}
