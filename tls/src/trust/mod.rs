//! Whom to trust, and how a server's certificates are judged by that.

mod anchors;
mod budget;
pub(crate) mod certificate;
mod clock;
mod disallowed;
pub(crate) mod fingerprint;
mod judge;
mod ocsp;
pub(crate) mod pem;
mod policy;
mod rejection;
pub(crate) mod revocation;
mod rules;
mod verifier;

pub use self::clock::ClockPolicy;
pub use self::policy::{Policy, Revocation, Roots, Stapling};
pub(crate) use self::rejection::Rejection;
pub(crate) use self::verifier::Verifier;
