//! The messages between `wskhttp.sys` and its callers.
//!
//! Every message is a fixed part followed by variable data that the fixed part points into by
//! offset and length, counted from the start of the message. All fields are little-endian and
//! naturally aligned, so the layout is the same for 32-bit and 64-bit callers. Reserved fields are
//! zero.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod cookies;
mod error;
mod failure;
mod headers;
mod ioctl;
mod options;
mod request;
mod response;
mod roots;
mod span;
mod status;
mod tls;

pub use cookies::CookiesHeader;
pub use error::{
    Field, ParseError, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER,
};
pub use failure::Failure;
pub use headers::HeaderLines;
pub use ioctl::*;
pub use options::{OptionFlags, Options, OptionsHeader};
pub use request::{Request, RequestFlags, RequestHeader};
pub use response::{Response, ResponseFlags, ResponseHeader, WriteError};
pub use roots::Certificates;
pub use span::Span;
pub use status::Status;
pub use tls::{Tls, TlsFlags, TlsHeader};

/// Version of this contract. A message with another one is refused.
pub const VERSION: u16 = 1;
