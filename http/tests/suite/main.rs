//! The protocol and the client, against scripted peers.

mod admission;
mod auth;
mod body;
mod content_digest;
mod cookie;
mod decode;
mod exchange;
mod expect;
mod form;
mod head;
mod limits;
mod pool;
mod proxy;
mod random;
mod range;
mod redirect;
mod refusals;
mod request;
mod retry;
mod rfc9112;
mod send;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod upload;
mod url;
