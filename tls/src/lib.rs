//! TLS 1.3 and 1.2 client over any [`Transport`](wskhttp_core::io::Transport), by rustls.
//!
//! - [`TlsConnect`] wraps a connector: `http` passes through, `https` shakes hands and verifies.
//! - [`TlsConfig`] says whom to trust; one serves any number of connections.
//! - [`Platform`] brings randomness and the wall clock. Nothing here asks an operating system.
//! - [`Session`] is the protocol without I/O.
//!
//! Everything fails closed: no randomness, no time, no trusted chain or no matching name means no
//! connection.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]

extern crate alloc;

mod config;
mod connect;
pub mod crypto;
mod error;
mod platform;
mod roots;
mod session;
mod transport;

pub use config::TlsConfig;
pub use connect::{MaybeTls, TlsConnect, TlsKey};
pub use platform::Platform;
pub use roots::Roots;
pub use session::{Session, Step};
pub use transport::TlsTransport;
