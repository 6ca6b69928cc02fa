//! HTTP/1.1 client over any [`Transport`](wskhttp_core::io::Transport), `no_std`.
//!
//! [`proto`] is the protocol: plain state machines over byte slices, one file a state, no I/O. The
//! client on top moves bytes between them and a transport: [`Client`] connects or takes an idle
//! connection from its pool, [`Exchange`] is one request and its response.
//!
//! ```text
//! Client::send --> Exchange: write* finish --> response --> data/consume* --> done
//!                  (Empty, Full: sent by send)              (empty = end)      |
//!                                                                    pool <----+----> close
//! ```
//!
//! Above it [`Agent`] does what a user of curl expects: it takes a [`Call`] through redirects as its
//! [`Policy`] says, and gives the [`Response`] that ends it.
//!
//! Dropping an [`Exchange`] or any future of it aborts its connection or loses nothing; each method
//! says which. IRQL: PASSIVE_LEVEL throughout.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]

extern crate alloc;

mod agent;
mod auth;
mod client;
mod content_digest;
mod cookie;
mod cookie_date;
mod date;
mod decode;
mod entropy;
mod form;
mod headers;
mod limits;
pub mod proto;
mod proxy;
mod range;
mod redirect;
mod request;
mod retry;
mod timeouts;
mod url;

pub use agent::{Agent, Call, Keys, Policy, Response, Upload};
pub use auth::Credentials;
pub use client::{Client, Deadlines, Exchange, Outcome};
pub use content_digest::BodyDigest;
pub use cookie::Jar;
pub use decode::{Decode, Decoder};
pub use form::{BytePart, ByteRanges, Form};
pub use headers::Headers;
pub use limits::Limits;
pub use proto::{CloseReason, ResponseHead};
pub use proxy::{Proxies, Proxy, ProxyConnect, WinHttpSettings};
pub use range::{PartHead, Resume, Resumed, Wanted, content_range, parse_range};
pub use redirect::{Redirect, Redirects};
pub use request::{Body, Request};
pub use retry::{Retries, RetryBudget};
pub use timeouts::{LowSpeed, Timeouts};
pub use url::Url;
