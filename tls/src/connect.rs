//! A connector that speaks TLS where the scheme asks for it.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;

use rustls_pki_types::ServerName;
use wskhttp_core::fallible::{Boxed, copied_text};
use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Scheme, Target, Transport, deadline,
};

use crate::error;
use crate::{Session, TlsConfig, TlsTransport};

/// How long the alert that explains a failed handshake may take to be sent.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Connects with `C`, and speaks TLS over the connection if the scheme is `https`.
#[derive(Clone, Debug)]
pub struct TlsConnect<C, K> {
    inner: C,
    clock: K,
}

impl<C, K> TlsConnect<C, K> {
    /// TLS over the connections of `inner`, its deadlines by `clock`.
    pub const fn new(inner: C, clock: K) -> Self {
        Self { inner, clock }
    }
}

/// What two requests must share to share a connection.
#[derive(Clone, Debug)]
pub struct TlsKey<I> {
    /// Whom to trust. Not looked at for `http`.
    pub config: Arc<TlsConfig>,
    /// The key of the connector below.
    pub inner: I,
}

impl<I: PartialEq> PartialEq for TlsKey<I> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
            && (Arc::ptr_eq(&self.config, &other.config) || self.config == other.config)
    }
}

impl<C: Connect, K: Clock> Connect for TlsConnect<C, K> {
    type Transport = MaybeTls<C::Transport>;
    type Key = TlsKey<C::Key>;

    const PROXIES: bool = C::PROXIES;

    async fn connect(
        &self,
        target: &Target<'_>,
        key: &Self::Key,
        info: &mut ConnectionInfo,
    ) -> Result<Self::Transport, Error> {
        let name = match target.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(server_name(target.host)?),
        };
        let inner = self.inner.connect(target, &key.inner, info).await?;
        let Some(name) = name else {
            return Ok(MaybeTls::Plain(inner));
        };
        let start = self.clock.now();
        let own = target.handshake.map(|most| start.saturating_add(most));
        let until = [target.deadline, own].into_iter().flatten().min();
        let mut transport = begin(inner, &key.config, name, target.port)?;
        let done = deadline(
            &self.clock,
            until,
            late(),
            poll_fn(|cx| transport.poll_handshake(cx)),
        )
        .await;
        info.handshake = self.clock.now().saturating_sub(start);
        if let Err(error) = done {
            if error.kind != Kind::TimedOut && transport.has_last_words() {
                let until = self.clock.now().saturating_add(LAST_WORDS);
                let until = target.deadline.map_or(until, |at| at.min(until));
                // The handshake's error is the one that counts.
                let _ = deadline(
                    &self.clock,
                    Some(until),
                    late(),
                    poll_fn(|cx| transport.poll_last_words(cx)),
                )
                .await;
            }
            return Err(error);
        }
        info.tls = transport.info();
        Ok(MaybeTls::Tls(transport))
    }
}

/// A session over `inner`, in memory of its own. Not in the frame of the future that speaks it, which
/// is there when the handshake is at its deepest: twice, if there is TLS in TLS.
#[inline(never)]
fn begin<T: Transport>(
    inner: T,
    config: &TlsConfig,
    name: ServerName<'static>,
    port: u16,
) -> Result<Boxed<TlsTransport<T>>, Error> {
    let session = Session::new(config, name, port)?;
    Boxed::new(TlsTransport::new(inner, session)).map_err(|_| error::no_memory())
}

/// A connection with or without TLS.
pub enum MaybeTls<T> {
    /// Plain, for `http`.
    Plain(T),
    /// TLS, for `https`.
    Tls(Boxed<TlsTransport<T>>),
}

impl<T: Transport> MaybeTls<T> {
    /// The TLS session, to look at.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(transport) => Some(transport.session()),
        }
    }
}

impl<T: Transport> Transport for MaybeTls<T> {
    fn input(&mut self) -> &mut [u8] {
        match self {
            Self::Plain(transport) => transport.input(),
            Self::Tls(transport) => transport.input(),
        }
    }

    fn consume(&mut self, n: usize) {
        match self {
            Self::Plain(transport) => transport.consume(n),
            Self::Tls(transport) => transport.consume(n),
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        match self {
            Self::Plain(transport) => transport.poll_fill(cx),
            Self::Tls(transport) => transport.poll_fill(cx),
        }
    }

    fn output(&mut self) -> &mut [u8] {
        match self {
            Self::Plain(transport) => transport.output(),
            Self::Tls(transport) => transport.output(),
        }
    }

    fn stage(&mut self, n: usize) {
        match self {
            Self::Plain(transport) => transport.stage(n),
            Self::Tls(transport) => transport.stage(n),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self {
            Self::Plain(transport) => transport.poll_flush(cx),
            Self::Tls(transport) => transport.poll_flush(cx),
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self {
            Self::Plain(transport) => transport.poll_close(cx),
            Self::Tls(transport) => transport.poll_close(cx),
        }
    }

    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Plain(transport) => transport.is_idle_and_open(cx),
            Self::Tls(transport) => transport.is_idle_and_open(cx),
        }
    }
}

/// The name that a server at `host` must prove: without the dot that ends a name from the root, which
/// neither SNI nor certificates have (RFC 6066 section 3, RFC 9525 section 6.3).
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let relative = host.strip_suffix('.').unwrap_or(host);
    let name = copied_text(relative).map_err(|_| error::no_memory())?;
    match ServerName::try_from(name) {
        Ok(ServerName::IpAddress(_)) if relative.len() < host.len() => Err(NO_HOST),
        Ok(name) => Ok(name),
        Err(_) => Err(NO_HOST),
    }
}

const NO_HOST: Error = Error::new(
    Phase::Request,
    Kind::InvalidUrl,
    "the host is neither a DNS name nor an IP address",
);

const fn late() -> Error {
    Error::new(
        Phase::Tls,
        Kind::TimedOut,
        "the TLS handshake took too long",
    )
}
