//! The driver's judgement of certificate chains, for collections in the [x509-limbo] v1 format.
//!
//! The code that judges is `TlsConfig::verify_chain`, the one that a handshake calls.
//!
//! [x509-limbo]: https://x509-limbo.com

mod case;
mod verdict;

pub use case::{Case, Expected, PeerName, load};
pub use verdict::{Summary, Verdict, judge};
