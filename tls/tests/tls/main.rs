//! The TLS client against servers of rustls (another crypto provider) in memory, and of OpenSSL.
#![allow(missing_docs)]

mod handshake;
mod hostile;
mod identity;
mod openssl;
mod randomness;
mod records;
mod refuse;
mod secrets;
mod sessions;
mod support;
mod timeout;
mod trust;

/// The set that all of this runs on.
use wskhttp_tls::crypto::rust as set;
