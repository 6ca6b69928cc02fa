//! How a connection is made, and what is known about it.

use core::fmt;
use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;

use super::{Error, Transport};

/// Makes connections: TCP, or TLS over another connector.
pub trait Connect {
    /// What a connection gives.
    type Transport: Transport;
    /// What two requests must share, besides scheme, host and port, to share a connection: the TLS
    /// configuration and the caller's identity.
    type Key: Clone + PartialEq + 'static;

    /// Whether it heeds [`Target::via`]. One that does not is never given it.
    const PROXIES: bool = false;

    /// Connects to `target` and records in `info` what it learns and how long each phase took, also
    /// when it fails. Dropping the future aborts the attempt.
    ///
    /// # Errors
    /// Phase `Resolve`, `Connect` or `Tls`.
    fn connect(
        &self,
        target: &Target<'_>,
        key: &Self::Key,
        info: &mut ConnectionInfo,
    ) -> impl Future<Output = Result<Self::Transport, Error>>;
}

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain TCP, default port 80.
    Http,
    /// TLS, default port 443.
    Https,
}

impl Scheme {
    /// The port that a URL without one means.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Whether TLS is spoken.
    pub scheme: Scheme,
    /// A DNS name in ASCII (A-labels), or an IPv4 or IPv6 literal without brackets.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// Until when, by the connector's clock, the connection must be there.
    pub deadline: Option<Duration>,
    /// How long the TLS handshake may take, besides.
    pub handshake: Option<Duration>,
    /// The proxy through which to connect.
    pub via: Option<Via<'a>>,
}

/// A proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// How the proxy itself is spoken to.
    pub scheme: Scheme,
    /// As [`Target::host`].
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// The value of `Proxy-Authorization`; a secret.
    pub authorization: Option<&'a [u8]>,
}

impl fmt::Debug for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Via({:?} {} {})", self.scheme, self.host, self.port)
    }
}

/// What became known about a connection while it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The peer, once connected.
    pub remote: Option<SocketAddr>,
    /// What TLS negotiated, once the handshake is done.
    pub tls: Option<TlsInfo>,
    /// Time spent on name resolution.
    pub resolve: Duration,
    /// Time spent on the TCP connection.
    pub connect: Duration,
    /// Time spent on the TLS handshake.
    pub handshake: Duration,
}

/// What a TLS handshake negotiated, as numbers of the IANA registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// 0x0304 for TLS 1.3, 0x0303 for TLS 1.2.
    pub version: u16,
    /// Cipher suite.
    pub suite: u16,
    /// Named group of the key exchange; 0 if unknown.
    pub group: u16,
    /// Whether the session was resumed, so that no certificates were sent.
    pub resumed: bool,
}
