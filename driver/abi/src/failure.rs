//! Why a request failed.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Why the last request on a handle failed.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Failure {
    /// Bytes of this structure.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// Number of the phase (`wskhttp_core::io::Phase`).
    pub phase: u16,
    /// Number of the kind (`wskhttp_core::io::Kind`).
    pub kind: u16,
    /// Whose fault (`wskhttp_core::io::Fault`).
    pub fault: u16,
    /// The NTSTATUS that the request ended with.
    pub status: i32,
    /// Bytes of `cause` in use.
    pub cause_length: u32,
    /// Zero.
    pub reserved: u32,
    /// One readable English clause, UTF-8.
    pub cause: [u8; 128],
}
