//! A TLS server for the simulation. Key, certificates and randomness are the same in every run of a
//! seed, and so is every byte that it sends.

#[path = "../../../../../tls/tests/tls/support/hybrid.rs"]
pub(crate) mod hybrid;
#[path = "../../../../../tls/tests/tls/support/ocsp.rs"]
mod ocsp;
mod pki;
mod roles;
mod stream;

use std::time::Duration;

use wskhttp_ntsim::lot;
use wskhttp_tls::Platform;

pub(crate) use self::pki::root;
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use self::pki::{key, papers, params, revocation_list, serving};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use self::roles::{Now, One};
pub(crate) use self::stream::TlsStream;

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing is kept, nothing is asked for.
    Plain,
    /// Sessions can be resumed.
    Resuming,
    /// What it staples says that its certificate is good.
    Stapling,
    /// What it staples says that its certificate was revoked.
    Revoked,
    /// A client has to have a certificate of the authority's.
    Mutual,
}

/// Random numbers of the simulation.
pub(crate) static PLATFORM: Platform = Platform::new(
    |buffer| {
        for byte in buffer {
            *byte = lot(256) as u8;
        }
        Ok(())
    },
    || Duration::from_secs(1_767_225_600),
);
