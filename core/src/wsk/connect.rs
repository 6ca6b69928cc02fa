//! Making connections.

use core::net::SocketAddr;
use core::time::Duration;

use super::provider::Wsk;
use super::resolve::resolve;
use super::socket;
use super::status::more_telling;
use super::transport::TcpTransport;
use crate::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, deadline};
use crate::nt::process::Process;

/// Connects over WSK: looks the name up and tries its addresses in turn.
#[derive(Clone, Debug)]
pub struct WskConnect {
    wsk: Wsk,
    owner: Option<Process>,
}

impl WskConnect {
    /// A connector of this registration, whose sockets belong to the system. IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn new(wsk: Wsk) -> Self {
        Self { wsk, owner: None }
    }

    /// A connector whose sockets belong to `owner`, whose rules the firewall then applies to them
    /// (`OwningProcess` of `wsk/nc-wsk-pfn_wsk_socket`). It keeps the reference as long as it lives.
    /// IRQL <= DISPATCH_LEVEL.
    #[must_use]
    pub fn for_process(wsk: Wsk, owner: Option<Process>) -> Self {
        Self { wsk, owner }
    }

    async fn connect_any(
        &self,
        addresses: &[SocketAddr],
        until: Option<Duration>,
    ) -> Result<(TcpTransport, SocketAddr), Error> {
        let provider = self.wsk.provider();
        let clock = provider.clock();
        let transport = TcpTransport::try_new(provider).map_err(|e| e.in_phase(Phase::Connect))?;
        let mut failed: Option<Error> = None;
        for (tried, &address) in addresses.iter().enumerate() {
            let now = clock.now();
            let left = addresses.len().saturating_sub(tried);
            let until = attempt_deadline(now, until, left);
            let attempt = socket::connect(provider, address, self.owner.as_ref());
            match deadline(clock, Some(until), LATE_CONNECT, attempt).await {
                Ok(socket) => return Ok((transport.connected(socket), address)),
                Err(error) => {
                    failed = Some(failed.map_or(error, |first| more_telling(first, error)));
                }
            }
        }
        Err(failed.unwrap_or(NO_ADDRESS))
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

        let result = self
            .connect_any(addresses?.as_slice(), target.deadline)
            .await;
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

/// When the attempt on the first of `left` addresses has to give way to the next: each gets an
/// equal part of the time that is left.
fn attempt_deadline(now: Duration, until: Option<Duration>, left: usize) -> Duration {
    let bound = now.saturating_add(CONNECT_BOUND);
    let Some(until) = until else { return bound };
    let parts = u32::try_from(left).unwrap_or(1).max(1);
    let part = until.saturating_sub(now) / parts;
    now.saturating_add(part).min(bound)
}

/// Bounds where the caller has set none.
const RESOLVE_BOUND: Duration = Duration::from_secs(60);
const CONNECT_BOUND: Duration = Duration::from_secs(60);

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
const NO_ADDRESS: Error = Error::new(
    Phase::Connect,
    Kind::ConnectFailed,
    "there is no address to connect to",
);
