//! The matrix of TLS: servers of others, and with each the versions, suites, groups, kinds of keys,
//! ways to resume a session, with and without a client's certificate.
//!
//! [`rows`] is the whole matrix, [`chosen`] a few rows that have each value of each column. A runner
//! brings a client, which runs an [`Errand`] and says what it has [`Seen`]; [`Farm::check`] compares
//! that with the row and with what the server says of the same connections.
//!
//! Servers listen on 127.0.0.1 and end with the [`Farm`], or with the process.

mod farm;
mod papers;
mod process;
mod row;
mod server;

pub use farm::{Errand, Farm, Listeners, Seen};
pub use papers::Papers;
pub use process::{Process, free_port};
pub use row::{Group, Leaf, Peer, Resume, Row, Suite, Version, chosen, rows};
