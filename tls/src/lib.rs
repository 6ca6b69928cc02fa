//! TLS 1.3 and 1.2 client over any [`Transport`](wskhttp_core::io::Transport), by rustls.
//!
//! - [`TlsConnect`] wraps a connector: `http` passes through, `https` shakes hands and verifies.
//! - [`TlsConfig`] is a policy made ready; one serves any number of connections.
//! - [`Policy`] says how servers are judged: roots, pins, revocation lists, the clock.
//! - [`Platform`] brings randomness and the wall clock. Nothing here asks an operating system.
//! - [`Session`] is the protocol without I/O.
//!
//! Everything fails closed: no randomness, no time, no trusted chain or no matching name means no
//! connection.
//!
//! ```
//! use core::time::Duration;
//! use wskhttp_core::io::{Error, Kind, Phase};
//! use wskhttp_tls::{Platform, Roots, TlsConfig};
//!
//! static PLATFORM: Platform = Platform::new(
//!     |_| Err(Error::new(Phase::Tls, Kind::TlsInternal, "no generator in this example")),
//!     || Duration::from_secs(1_767_225_600),
//! );
//!
//! let config = TlsConfig::new(&PLATFORM, Roots::BuiltIn)?;
//! // TlsConnect::new(tcp, clock).connect(&target, &TlsKey { config, inner: () }, &mut info).await
//! # let _ = config;
//! # Ok::<(), Error>(())
//! ```
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
mod identity;
mod platform;
mod protocol;
mod session;
mod sessions;
mod store;
mod transport;
mod trust;

pub use config::TlsConfig;
pub use connect::{MaybeTls, TlsConnect, TlsKey};
pub use identity::Identity;
pub use platform::{Crypto, Platform, Reserve, Stack};
pub use protocol::{Protocol, Versions};
pub use session::{Handshake, Session, Step};
pub use store::{BadBlob, StoredCertificate, each_list, each_root, signature_hash};
pub use transport::TlsTransport;
pub use trust::{ClockPolicy, Policy, Revocation, Roots, Stapling};
