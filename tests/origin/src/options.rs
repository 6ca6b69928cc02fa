//! How a server is to be.

use rustls::version::{TLS12, TLS13};

use crate::{KeyKind, LeafFault};

/// How a server is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The key of its certificate.
    pub key: KeyKind,
    /// What is wrong with its certificate.
    pub fault: Option<LeafFault>,
    /// The TLS versions it speaks.
    pub versions: Versions,
    /// TCP port for TLS; 0 lets the system choose.
    pub https_port: u16,
    /// TCP port without TLS; 0 lets the system choose.
    pub http_port: u16,
}

/// TLS versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// 1.2 and 1.3.
    #[default]
    Both,
    /// 1.2 only.
    Tls12,
    /// 1.3 only.
    Tls13,
}

impl Versions {
    pub(crate) fn protocols(self) -> Vec<&'static rustls::SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&TLS13, &TLS12],
            Self::Tls12 => vec![&TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}
