//! Connections, their pool, and the exchange over one of them.

mod admission;
mod bounded;
mod connection;
mod exchange;
mod pool;
mod receive;
mod send;
mod tend;

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use lock_api::{Mutex, RawMutex};
use wskhttp_core::fallible::Boxed;
use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, Transport, TransportExt, deadline,
};

use crate::{Body, Limits, Proxy, Request};
use admission::Admission;
use connection::{Connection, Origin};
use pool::Pool;

pub use exchange::{Exchange, Outcome};

/// Makes exchanges and keeps their connections.
///
/// `R` guards the pool; it is held for a few comparisons and moves, never across a wait, a transport
/// call or a drop of a connection.
#[derive(Debug)]
pub struct Client<C: Connect, K: Clock, R: RawMutex> {
    connect: C,
    clock: K,
    limits: Limits,
    pool: Mutex<R, Pool<C::Transport, C::Key>>,
    admission: Admission<R>,
}

/// Until when, by the client's clock, something must be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// The connection must be there: name, TCP and TLS together.
    pub connect: Option<Duration>,
    /// The last byte of the response must be there.
    pub total: Option<Duration>,
}

impl<C: Connect, K: Clock, R: RawMutex> Client<C, K, R> {
    /// A client with an empty pool, all of whose memory is taken now.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn new(connect: C, clock: K, limits: Limits) -> Result<Self, Error> {
        Ok(Self {
            connect,
            clock,
            limits,
            pool: Mutex::new(Pool::new(&limits)?),
            admission: Admission::new(&limits),
        })
    }

    /// Sends `request` over an idle connection of the same origin, `key` and proxy, or a new one.
    ///
    /// [`Body::Empty`](crate::Body::Empty) and [`Body::Full`](crate::Body::Full) are sent completely,
    /// unless the response comes first. On an idle connection a request that is
    /// [replayable](Request::is_replayable) also waits for the first byte of the response: if the
    /// connection dies before it, the request is sent once more over a new connection. A streamed
    /// body follows with [`Exchange::write`].
    ///
    /// Dropping the future aborts the connection.
    ///
    /// # Errors
    /// Phase `Wait` with kind `TimedOut` or `TooManyRequests`; those of the connector; phase `Connect` or
    /// `Send` with kind `TimedOut`; those of
    /// [`Exchange::response`]. Phase `Head`, kind `MalformedHead`: a new connection had bytes on it before
    /// the request (RFC 9112 section 9.2). Phase `Request`, kind `InvalidRequest`: a chunked body for a
    /// server whose last response on the connection was one of HTTP/1.0 (RFC 9112 section 6.1).
    pub async fn send<'c>(
        &'c self,
        request: &Request<'_>,
        key: &C::Key,
        deadlines: Deadlines,
    ) -> Result<Exchange<'c, C, K, R>, Error> {
        let own = self.clock.now().checked_add(self.limits.stall);
        let until = [deadlines.connect, deadlines.total, own];
        let until = until.into_iter().flatten().min();
        let permit = self.admission.admit(request.url(), &self.clock, until);
        let mut permit = permit.await?;
        if let Some(connection) = self.reuse(request, key).await {
            if connection.is_http10 && request.body() == Body::Chunked {
                return Err(Error::new(
                    Phase::Request,
                    Kind::InvalidRequest,
                    "the server speaks HTTP/1.0, in which a body has a length",
                ));
            }
            let mut exchange = Exchange::new(self, connection, request, true, deadlines.total);
            exchange.permit = permit.take();
            match exchange.start(request).await {
                Ok(()) => return Ok(exchange),
                Err(error) if !request.is_replayable() || !exchange.is_stale(&error) => {
                    return Err(error);
                }
                Err(_) => permit = exchange.permit.take(),
            }
        }
        let connection = self.open(request, key, deadlines).await?;
        let mut exchange = Exchange::new(self, connection, request, false, deadlines.total);
        exchange.permit = permit;
        exchange.start(request).await?;
        Ok(exchange)
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &K {
        &self.clock
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many idle connections the pool holds.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.pool.lock().len()
    }

    /// Aborts all idle connections.
    pub fn close_idle(&self) {
        loop {
            let taken = self.pool.lock().pop();
            if taken.is_none() {
                return;
            }
        }
    }

    /// Closes all idle connections gracefully, those that are slow to close within
    /// [`Limits::close`] altogether; the rest are aborted.
    pub async fn drain_idle(&self) {
        let at = self.clock.now().saturating_add(self.limits.close);
        loop {
            // The guard must be gone before the wait.
            let taken = self.pool.lock().pop();
            let Some(mut connection) = taken else {
                return;
            };
            let late = Error::new(Phase::Close, Kind::TimedOut, "the close took too long");
            // The connection is gone either way.
            let _ = deadline(&self.clock, Some(at), late, connection.transport.close()).await;
        }
    }

    /// Aborts the idle connections whose time is up; gives the time of the clock at which the next
    /// one's will be. For a timer of the owner: without it a connection that has been idle for too long is
    /// not used again but stays open until the pool is asked for its origin.
    pub fn close_expired(&self) -> Option<Duration> {
        loop {
            let now = self.clock.now();
            let (taken, next) = {
                let mut pool = self.pool.lock();
                let taken = pool.take_expired(now);
                (taken, pool.next_expiry())
            };
            if taken.is_none() {
                return next;
            }
        }
    }

    async fn reuse(
        &self,
        request: &Request<'_>,
        key: &C::Key,
    ) -> Option<Boxed<Connection<C::Transport, C::Key>>> {
        let (url, proxy) = (request.url(), request.proxy().map(Proxy::identity));
        loop {
            self.close_expired();
            // The guard must be gone before the wait.
            let taken = self.pool.lock().take(url, key, proxy.as_ref());
            let mut connection = taken?;
            let open = poll_fn(|cx| Poll::Ready(connection.transport.is_idle_and_open(cx))).await;
            if open {
                return Some(connection);
            }
        }
    }

    async fn open(
        &self,
        request: &Request<'_>,
        key: &C::Key,
        deadlines: Deadlines,
    ) -> Result<Boxed<Connection<C::Transport, C::Key>>, Error> {
        let url = request.url();
        let proxy = request.proxy().map(Proxy::identity);
        if proxy.is_some() && !C::PROXIES {
            return Err(Error::new(
                Phase::Request,
                Kind::InvalidRequest,
                "the connector knows no proxies",
            ));
        }
        let origin = Origin::new(url)?;
        let own = self.clock.now().checked_add(self.limits.stall);
        let at = [deadlines.connect, deadlines.total, own]
            .into_iter()
            .flatten()
            .min();
        let target = Target {
            scheme: url.scheme(),
            host: url.host(),
            port: url.port(),
            deadline: at,
            handshake: request.timeouts().handshake,
            via: request.proxy().map(Proxy::via),
        };
        let mut info = ConnectionInfo::default();
        // The connector keeps the deadline and knows in which phase it passed; this one is for a
        // connector that does not.
        let late = Error::new(
            Phase::Connect,
            Kind::TimedOut,
            "the connection was not there in time",
        );
        let guard = at.and_then(|at| at.checked_add(GRACE));
        let work = self.connect.connect(&target, key, &mut info);
        let mut transport = deadline(&self.clock, guard, late, work).await?;
        // One that has ended already says so when the request is sent.
        let _ = poll_fn(|cx| Poll::Ready(transport.is_idle_and_open(cx))).await;
        if !transport.input().is_empty() {
            return Err(Error::new(
                Phase::Head,
                Kind::MalformedHead,
                "the server spoke before it was asked",
            ));
        }
        let connection = Connection::new(transport, origin, key.clone(), proxy, info);
        Boxed::new(connection).map_err(|_| connection::no_memory())
    }
}

const GRACE: Duration = Duration::from_secs(1);
