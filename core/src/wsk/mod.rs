//! Winsock Kernel: the bindings, and the transport over them.
//!
//! # Ownership
//! - One `op::Op` is one block of nonpaged memory with its IRP; what the kernel may touch is
//!   inside. Its completion routine alone says that it is over.
//! - A socket has one owner, and every call on it takes that owner's borrow, so that none can be
//!   executing when it is closed. Closing takes the socket; nobody waits for it but
//!   [`Wsk::shutdown`].
//!
//! # What providers lack
//! Flags of send and receive, chains of MDLs, `WskSocketConnect`, `WskConnectEx` and event callbacks are
//! tried once: what refuses them with STATUS_NOT_SUPPORTED or its like is done without from then on,
//! and nothing that the caller sees has failed. Wine, which never completes some of them, is known by
//! name (`quirks`).

mod cursor;
pub mod status;

#[cfg(feature = "nt")]
mod abort;
#[cfg(feature = "nt")]
mod address;
#[cfg(feature = "nt")]
mod attempt;
#[cfg(feature = "nt")]
mod backlog;
#[cfg(feature = "nt")]
mod capability;
#[cfg(feature = "nt")]
mod client_control;
#[cfg(feature = "nt")]
mod closing;
#[cfg(feature = "nt")]
mod connect;
#[cfg(feature = "nt")]
mod counters;
#[cfg(feature = "nt")]
mod events;
#[cfg(feature = "nt")]
mod eyeballs;
#[cfg(feature = "nt")]
mod handle;
#[cfg(feature = "nt")]
mod listen;
#[cfg(feature = "nt")]
pub(crate) mod op;
#[cfg(feature = "nt")]
mod options;
#[cfg(feature = "nt")]
mod provider;
#[cfg(feature = "nt")]
mod quirks;
#[cfg(feature = "nt")]
mod registration;
#[cfg(feature = "nt")]
mod resolve;
#[cfg(feature = "nt")]
mod security;
#[cfg(feature = "nt")]
mod send_slot;
#[cfg(feature = "nt")]
mod sender;
#[cfg(feature = "nt")]
mod setup;
#[cfg(feature = "nt")]
mod socket;
#[cfg(feature = "nt")]
mod socket_events;
#[cfg(feature = "nt")]
pub mod sys;
#[cfg(feature = "nt")]
mod transport;
#[cfg(feature = "nt")]
mod transports;

#[cfg(feature = "nt")]
pub use attempt::Method;
#[cfg(feature = "nt")]
pub use connect::WskConnect;
#[cfg(feature = "nt")]
pub use counters::Counters;
#[cfg(feature = "nt")]
pub use listen::WskListener;
#[cfg(feature = "nt")]
pub use options::SocketOptions;
#[cfg(feature = "nt")]
pub use provider::Wsk;
#[cfg(feature = "nt")]
pub use security::SocketSecurity;
#[cfg(feature = "nt")]
pub use transport::TcpTransport;
