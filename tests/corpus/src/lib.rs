//! Runs files that say what a server sends and what the client must make of it.
//!
//! ```text
//! DIR/**/*.json --> Case --> Server (in memory) <== bytes, 1, 7 or all at once ==> Client
//!                    |                                                            |
//!                    +--> Expect ------------------ check ---------------- Seen --+
//! ```
//!
//! The format is in README.md. Nothing here touches a network or a real clock.

mod case;
mod check;
mod clock;
mod outcome;
mod report;
mod run;
mod seeds;
mod server;
mod transport;

pub use case::{Case, Ending, Expect, Write, read_file};
pub use check::check;
pub use outcome::Class;
pub use report::{Summary, files, run_directory};
pub use run::{Played, Seen, play};
pub use seeds::write_seeds;
pub use server::Heard;
