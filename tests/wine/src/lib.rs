//! Runs Windows programs and kernel drivers under Wine on a Linux host.
//!
//! A [`Wine`] is a Wine prefix of its own in private mount and PID namespaces. Its files are an overlay in
//! memory over a template that is made once, so it starts in about a second, and everything in it goes
//! when the value is dropped or this process ends, by whatever cause. Paths inside are the host's paths,
//! and the loopback network is the host's, so Linux servers on 127.0.0.1 can be reached.
#![forbid(unsafe_code)]

mod driver;
mod home;
mod program;
mod sandbox;
pub mod servers;
mod template;
mod wine;

pub use driver::{Driver, Status};
pub use home::{Home, cache_directory, host_version};
pub use program::{Output, Program, Running};
pub use wine::{Options, Wine};
