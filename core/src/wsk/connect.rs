//! Making connections.

use core::net::SocketAddr;
use core::time::Duration;

use super::address::Addresses;
use super::attempt::{self, How, Method};
use super::eyeballs;
use super::options::SocketOptions;
use super::provider::Wsk;
use super::resolve::resolve;
use super::security::SocketSecurity;
use super::transport::TcpTransport;
use crate::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, Transport, TransportExt, deadline,
};
use crate::nt::process::Process;

/// Connects over WSK: looks the name up and connects to the first of its addresses that
/// answers (RFC 8305).
#[derive(Clone, Debug)]
pub struct WskConnect {
    wsk: Wsk,
    how: How,
}

impl WskConnect {
    /// A connector of this registration, whose sockets belong to the system. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn new(wsk: Wsk) -> Self {
        Self::for_process(wsk, None)
    }

    /// A connector whose sockets belong to `owner`, whose rules the firewall then applies to them
    /// (`OwningProcess` of `wsk/nc-wsk-pfn_wsk_socket`). It keeps the reference as long as it lives.
    /// IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn for_process(wsk: Wsk, owner: Option<Process>) -> Self {
        let how = How {
            owner,
            ..How::default()
        };
        Self { wsk, how }
    }

    /// Has connections made by `method`.
    #[must_use]
    pub fn by(mut self, method: Method) -> Self {
        self.how.method = method;
        self
    }

    /// Has sockets told `options`.
    #[must_use]
    pub fn with(mut self, options: SocketOptions) -> Self {
        self.how.options = options;
        self
    }

    /// Has sockets made with a cached security descriptor.
    #[must_use]
    pub fn secured(mut self, security: SocketSecurity) -> Self {
        self.how.security = Some(security);
        self
    }

    /// Connects as [`Connect::connect`] and sends `first`: with the connection itself where the network
    /// stack has `WskConnectEx` (`wsk/nc-wsk-pfn_wsk_connect_ex`), otherwise once it is there. With
    /// [`SocketOptions::fast_open`] it saves a round trip. More than one of the host's addresses may
    /// get `first`: it must be something that may, as a ClientHello. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// As there; phase `Send`.
    pub async fn connect_with(
        &self,
        target: &Target<'_>,
        first: &[u8],
        info: &mut ConnectionInfo,
    ) -> Result<TcpTransport, Error> {
        let (mut transport, sent) = self.make(target, first, info).await?;
        let mut rest = first.get(sent..).unwrap_or_default();
        while !rest.is_empty() {
            let room = transport.output();
            let n = room.len().min(rest.len());
            let (now, later) = rest.split_at(n);
            if let Some(room) = room.get_mut(..n) {
                room.copy_from_slice(now);
            }
            transport.stage(n);
            rest = later;
            transport.flush().await?;
        }
        Ok(transport)
    }

    async fn make(
        &self,
        target: &Target<'_>,
        first: &[u8],
        info: &mut ConnectionInfo,
    ) -> Result<(TcpTransport, usize), Error> {
        self.wsk.ready(target.deadline).await?;
        let provider = self.wsk.provider();
        let clock = provider.clock();

        let start = clock.now();
        let bound = start.saturating_add(RESOLVE_BOUND);
        let until = target.deadline.map_or(bound, |at| at.min(bound));
        let lookup = resolve(provider, target.host, target.port);
        let addresses = deadline(clock, Some(until), LATE_RESOLVE, lookup).await;
        let resolved = clock.now();
        info.resolve = resolved.saturating_sub(start);

        let result = self.connect_any(&addresses?, target.deadline, first).await;
        info.connect = clock.now().saturating_sub(resolved);
        let (transport, sent, remote) = result?;
        info.remote = Some(remote);
        Ok((transport, sent))
    }

    async fn connect_any(
        &self,
        addresses: &Addresses,
        until: Option<Duration>,
        first: &[u8],
    ) -> Result<(TcpTransport, usize, SocketAddr), Error> {
        let provider = self.wsk.provider();
        let clock = provider.clock();
        let transport = TcpTransport::try_new(provider).map_err(|e| e.in_phase(Phase::Connect))?;
        let attempt = |address| async move {
            let bound = clock.now().saturating_add(ATTEMPT_BOUND);
            let until = until.map_or(bound, |until| until.min(bound));
            let work = attempt::connect(provider, address, &self.how, first);
            deadline(clock, Some(until), LATE_CONNECT, work).await
        };
        let ((socket, sent), address) = eyeballs::first(clock, addresses, attempt).await?;
        Ok((transport.connected(socket), sent, address))
    }
}

impl Connect for WskConnect {
    type Transport = TcpTransport;
    type Key = ();

    async fn connect(
        &self,
        target: &Target<'_>,
        (): &(),
        info: &mut ConnectionInfo,
    ) -> Result<TcpTransport, Error> {
        let (transport, _) = self.make(target, &[], info).await?;
        Ok(transport)
    }
}

/// A connection attempt can be part of a task.
const _: fn(&WskConnect, &Target<'_>, &mut ConnectionInfo) = |connector, target, info| {
    fn is_send<T: Send>(_: &T) {}
    is_send(&connector.connect(target, &(), info));
};

/// How long a name is looked up, whatever the deadline.
const RESOLVE_BOUND: Duration = Duration::from_secs(60);
/// How long one address is tried, whatever the deadline.
const ATTEMPT_BOUND: Duration = Duration::from_secs(60);

const LATE_RESOLVE: Error = Error::new(
    Phase::Resolve,
    Kind::TimedOut,
    "the name look-up took too long",
);
const LATE_CONNECT: Error = Error::new(
    Phase::Connect,
    Kind::TimedOut,
    "the connection took too long",
);
