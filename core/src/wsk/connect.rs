//! Making connections.

use core::net::SocketAddr;
use core::time::Duration;

use super::address::Addresses;
use super::attempt::{self, How, Method};
use super::eyeballs;
use super::options::SocketOptions;
use super::provider::Wsk;
use super::resolve::resolve;
use super::transport::TcpTransport;
use crate::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, deadline};
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

    async fn connect_any(
        &self,
        addresses: &Addresses,
        until: Option<Duration>,
    ) -> Result<(TcpTransport, SocketAddr), Error> {
        let provider = self.wsk.provider();
        let clock = provider.clock();
        let transport = TcpTransport::try_new(provider).map_err(|e| e.in_phase(Phase::Connect))?;
        let attempt = |address| async move {
            let bound = clock.now().saturating_add(ATTEMPT_BOUND);
            let until = until.map_or(bound, |until| until.min(bound));
            let work = attempt::connect(provider, address, &self.how);
            deadline(clock, Some(until), LATE_CONNECT, work).await
        };
        let (socket, address) = eyeballs::first(clock, addresses, attempt).await?;
        Ok((transport.connected(socket), address))
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
        self.wsk.ready(target.deadline).await?;
        let provider = self.wsk.provider();
        let clock = provider.clock();

        let start = clock.now();
        let until = target
            .deadline
            .unwrap_or(start.saturating_add(RESOLVE_BOUND));
        let lookup = resolve(provider, target.host, target.port);
        let addresses = deadline(clock, Some(until), LATE_RESOLVE, lookup).await;
        let resolved = clock.now();
        info.resolve = resolved.saturating_sub(start);

        let result = self.connect_any(&addresses?, target.deadline).await;
        info.connect = clock.now().saturating_sub(resolved);
        let (transport, remote) = result?;
        info.remote = Some(remote);
        Ok(transport)
    }
}

/// A connection attempt can be part of a task.
const _: fn(&WskConnect, &Target<'_>, &mut ConnectionInfo) = |connector, target, info| {
    fn is_send<T: Send>(_: &T) {}
    is_send(&connector.connect(target, &(), info));
};

/// Where the caller has set no deadline.
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
