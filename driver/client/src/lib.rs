//! User-mode client of `wskhttp.sys`: HTTP/1.1 and TLS done by the kernel driver, over its device
//! interface.
//!
//! ```no_run
//! use std::io::Read;
//! use wskhttp_client::{Device, Request};
//!
//! let mut device = Device::open()?;
//! let mut response = device.send(Request::get("https://example.com/").header("Accept", "*/*"))?;
//! let mut body = String::new();
//! response.read_to_string(&mut body)?;
//! println!("{} {body}", response.head().status);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One [`Device`] is one handle and carries one request at a time; open several for several at once.
//! [`Device::ioctl`] and its siblings are the raw layer below.

mod cancel;
#[cfg(feature = "cli")]
pub mod cli;
mod device;
mod error;
mod head;
mod kind;
mod options;
mod request;
mod response;
mod roots;
pub mod setup;
mod sys;
mod tls;

// What the command calls this crate.
#[cfg(feature = "cli")]
extern crate self as wskhttp_client;

pub use cancel::Canceller;
pub use device::Device;
pub use error::Error;
pub use head::{Head, Timing, Tls};
pub use kind::{Fault, Kind, Phase, exit};
pub use options::Options;
pub use request::{Body, Request};
pub use response::Response;
pub use roots::certificates;
pub use sys::{Completion, Handle, Opener, Operation, Pending};
pub use tls::{Group, Revocation, Stapling, TlsOptions, TlsVersion};
pub use wskhttp_abi as abi;
