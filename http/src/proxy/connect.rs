//! Connections through a proxy (RFC 9110 section 9.3.6).

use core::future::poll_fn;

use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Scheme, Target, Transport, TransportExt,
    Via, deadline,
};

use super::secret;
use crate::Limits;
use crate::proto::RecvHead;
use crate::proto::digits::Digits;

/// Connects with `C`: to the target, or to the proxy that it names, and for `https` through a tunnel.
///
/// TLS belongs above: `TlsConnect<ProxyConnect<..>>` speaks it with the target. For `https` proxies
/// there must be TLS below, too; without, they are refused.
#[derive(Clone, Debug)]
pub struct ProxyConnect<C, K> {
    inner: C,
    clock: K,
    tls_below: bool,
    limits: Limits,
}

impl<C: Connect, K: Clock> ProxyConnect<C, K> {
    /// Over a connector that speaks TCP.
    pub fn new(inner: C, clock: K) -> Self {
        Self {
            inner,
            clock,
            tls_below: false,
            limits: Limits::default(),
        }
    }

    /// Sets what a proxy may answer to CONNECT.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Over a connector that speaks TLS with what it connects to, if the scheme is `https`.
    pub fn over_tls(inner: C, clock: K) -> Self {
        Self {
            inner,
            clock,
            tls_below: true,
            limits: Limits::default(),
        }
    }
}

impl<C: Connect, K: Clock> Connect for ProxyConnect<C, K> {
    type Transport = C::Transport;
    type Key = C::Key;

    const PROXIES: bool = true;

    async fn connect(
        &self,
        target: &Target<'_>,
        key: &C::Key,
        info: &mut ConnectionInfo,
    ) -> Result<C::Transport, Error> {
        let Some(via) = target.via else {
            // TLS with the target is spoken above.
            let scheme = match self.tls_below {
                true => Scheme::Http,
                false => target.scheme,
            };
            let target = Target { scheme, ..*target };
            return self.inner.connect(&target, key, info).await;
        };
        if via.scheme == Scheme::Https && !self.tls_below {
            return Err(Error::new(
                Phase::Request,
                Kind::UnsupportedScheme,
                "a proxy that is spoken to over TLS is not supported",
            ));
        }
        let proxy = Target {
            scheme: via.scheme,
            host: via.host,
            port: via.port,
            via: None,
            ..*target
        };
        let mut transport = self.inner.connect(&proxy, key, info).await?;
        if target.scheme == Scheme::Https {
            let late = refused(Kind::TimedOut, "the proxy did not make the tunnel in time");
            let work = tunnel(&mut transport, target, &via, &self.limits);
            deadline(&self.clock, target.deadline, late, work).await?;
        }
        Ok(transport)
    }
}

/// Asks for a tunnel and waits until it is there.
async fn tunnel<T: Transport>(
    transport: &mut T,
    target: &Target<'_>,
    via: &Via<'_>,
    limits: &Limits,
) -> Result<(), Error> {
    ask(transport, target, via).await?;
    let mut head = RecvHead::to_connect();
    let mut interim: u32 = 0;
    loop {
        while transport.input().is_empty() {
            let filled = poll_fn(|cx| transport.poll_fill(cx)).await;
            if filled.map_err(|error| error.in_phase(Phase::Connect))? == 0 {
                return Err(refused(
                    Kind::ProxyRefused,
                    "the proxy closed the connection instead of making the tunnel",
                ));
            }
        }
        let pushed = head.push(transport.input(), limits);
        let (used, complete) = pushed.map_err(|error| error.in_phase(Phase::Connect))?;
        transport.consume(used);
        if !complete {
            continue;
        }
        match head.head().status() {
            101 => {
                return Err(refused(
                    Kind::ProxyRefused,
                    "the proxy switched protocols unasked",
                ));
            }
            100..=199 => {
                interim = interim.saturating_add(1);
                if interim > limits.interim {
                    return Err(refused(
                        Kind::ProxyRefused,
                        "the proxy sent more interim responses than the limit",
                    ));
                }
                head = RecvHead::to_connect();
            }
            200..=299 if transport.input().is_empty() => return Ok(()),
            // The target speaks second. What is here already could be made to look like its words.
            200..=299 => {
                return Err(refused(
                    Kind::ProxyRefused,
                    "the proxy sent bytes before the tunnel was used",
                ));
            }
            407 => {
                return Err(refused(
                    Kind::ProxyCredentials,
                    "the proxy asks for credentials, or for others",
                ));
            }
            _ => {
                return Err(refused(
                    Kind::ProxyRefused,
                    "the proxy refused to make the tunnel",
                ));
            }
        }
    }
}

async fn ask<T: Transport>(
    transport: &mut T,
    target: &Target<'_>,
    via: &Via<'_>,
) -> Result<(), Error> {
    let port = Digits::decimal(target.port.into());
    let (open, close): (&[u8], &[u8]) = match target.host.contains(':') {
        true => (b"[", b"]:"),
        false => (b"", b":"),
    };
    let none: &[u8] = b"";
    let host = [open, target.host.as_bytes(), close, port.as_bytes()];
    let authorization = match via.authorization {
        Some(value) => [b"\r\nProxy-Authorization: ", value],
        None => [none, none],
    };
    let parts = [&b"CONNECT "[..]]
        .into_iter()
        .chain(host)
        .chain([&b" HTTP/1.1\r\nHost: "[..]])
        .chain(host)
        .chain(authorization)
        .chain([&b"\r\n\r\n"[..]]);
    let mut request = secret(parts.clone().map(<[u8]>::len).sum())?;
    for part in parts {
        request.extend_from_slice(part);
    }
    let mut rest = request.as_slice();
    while !rest.is_empty() {
        let output = transport.output();
        let count = rest.len().min(output.len());
        let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        if let Some(room) = output.get_mut(..count) {
            room.copy_from_slice(now);
        }
        transport.stage(count);
        rest = later;
        let flushed = transport.flush().await;
        flushed.map_err(|error| error.in_phase(Phase::Connect))?;
    }
    Ok(())
}

const fn refused(kind: Kind, cause: &'static str) -> Error {
    Error::new(Phase::Connect, kind, cause)
}
