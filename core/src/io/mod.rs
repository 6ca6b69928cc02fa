//! What TLS and HTTP need from below: a byte stream that owns its buffers, a connector, a clock.
//!
//! Memory that a kernel may write belongs to the operation, never to a future, so nobody lends a
//! `&mut [u8]` across an await: the transport owns its buffers and the caller looks into them.

mod clock;
mod connect;
mod error;
mod transport;
mod turns;

pub use clock::{Clock, deadline};
pub use connect::{Connect, ConnectionInfo, Scheme, Target, TlsInfo, Via};
pub use error::{Error, Fault, Kind, NtStatus, Phase};
pub use transport::{Transport, TransportExt};
pub use turns::Turns;
