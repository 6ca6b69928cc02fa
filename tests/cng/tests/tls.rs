//! The tests of the TLS client, but for those of the platform's randomness, on the set `cng`.
#![allow(missing_docs)]

#[path = "../../../tls/tests/tls/handshake.rs"]
mod handshake;
#[path = "../../../tls/tests/tls/hostile/mod.rs"]
mod hostile;
#[path = "../../../tls/tests/tls/identity.rs"]
mod identity;
#[path = "../../../tls/tests/tls/openssl.rs"]
mod openssl;
#[path = "../../../tls/tests/tls/records.rs"]
mod records;
#[path = "../../../tls/tests/tls/refuse.rs"]
mod refuse;
#[path = "../../../tls/tests/tls/sessions.rs"]
mod sessions;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../../../tls/tests/tls/support/mod.rs"]
mod support;
#[path = "../../../tls/tests/tls/timeout.rs"]
mod timeout;
#[path = "../../../tls/tests/tls/trust/mod.rs"]
mod trust;

/// The set that all of this runs on.
use wskhttp_cng::set;
