//! Servers on the loopback network besides the origin.

mod nginx;
mod resolver;
mod s_server;
mod tinyproxy;

pub use nginx::{Nginx, Request};
pub use resolver::Resolver;
pub use s_server::SServer;
pub use tinyproxy::Tinyproxy;
pub use wskhttp_interop::free_port;

use std::path::PathBuf;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tls {
    /// 1.1: no client of today takes it.
    V1_1,
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

/// A certificate of a server and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}
