//! Transport of wskhttp: owned-buffer byte streams, and their implementation over Winsock Kernel.
//!
//! [`io`] holds the traits that TLS and HTTP are written against; it has no FFI and builds on any
//! host. Feature `nt` adds the layers over `wdk-sys`: the NT objects, the executor and WSK.
#![no_std]
#![cfg_attr(not(feature = "nt"), forbid(unsafe_code))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]

extern crate alloc;

#[cfg(any(test, feature = "nt"))]
pub mod exec;
pub mod fallible;
pub mod io;
#[cfg(feature = "nt")]
pub mod nt;
#[cfg(any(test, feature = "nt"))]
pub mod wsk;
