//! Small clients of Winsock Kernel, written against its tables of functions and nothing else.
//!
//! Each [`Program`] is given the provider and the ports of a peer on 127.0.0.1, and says line by line
//! what every call returned, when its IRP was completed and how. `tests/wine` runs them on the
//! profile `wine` of `wskhttp-ntsim`, and in a driver that Wine loads, and compares the lines: so the
//! simulator is measured against the real thing.
//!
//! A program must not depend on time: where it matters that something has arrived, it asks the peer
//! for it over a second connection, whose answer comes later than what the peer did before.
//!
//! # Safety
//! Calls keep the contracts of the DDI pages: what a request uses stays until its IRP is completed,
//! or for good.
#![no_std]

extern crate alloc;
// On other hosts the programs are linked into a test, whose panic handler is std's.
#[cfg(not(windows))]
extern crate std;

mod bench;
mod buffer;
mod client;
#[cfg(all(windows, not(test)))]
mod driver;
mod program;
mod request;
mod socket;
mod status;

pub use bench::{Bench, Ports};
pub use program::{Breach, PROGRAMS, Program};
