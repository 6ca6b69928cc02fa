//! One request and its response.

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use lock_api::RawMutex;
use wskhttp_core::fallible::Boxed;
use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Transport, TransportExt, Turns, deadline,
};

use super::Client;
use super::admission::Permit;
use super::bounded::{bounded, metered};
use super::connection::Connection;
use crate::proto::{RecvBody, RecvHead, SendBody, Step};
use crate::timeouts::Meter;
use crate::{CloseReason, Limits, Request, ResponseHead, Timeouts};

/// One request and its response, over a connection of its own.
///
/// Dropping it, or any future of its methods together with it, aborts the connection. Dropping only
/// the future of a method loses nothing: call the method again. After an error every method fails
/// with the same error.
#[derive(Debug)]
pub struct Exchange<'c, C: Connect, K: Clock, R: RawMutex> {
    pub(super) client: &'c Client<C, K, R>,
    pub(super) connection: Boxed<Connection<C::Transport, C::Key>>,
    /// Its place among those that run at once.
    pub(super) permit: Option<Permit<'c, R>>,
    pub(super) reused: bool,
    pub(super) total: Option<Duration>,
    pub(super) timeouts: Timeouts,
    pub(super) meter: Meter,
    pub(super) send_meter: Meter,
    /// Bytes that were staged since all were sent.
    pub(super) unsent: usize,
    /// Time of the wait for the head that has passed already.
    pub(super) head_waited: Duration,
    pub(super) sending: SendBody,
    pub(super) turns: Turns,
    /// The head, and a body at hand, is in the transport.
    pub(super) started: bool,
    pub(super) to_head: bool,
    pub(super) receiving: RecvHead,
    /// Of the response, once `body` is set.
    pub(super) head: ResponseHead,
    /// The server has said `100 (Continue)`.
    pub(super) continued: bool,
    /// A byte of the response has come.
    pub(super) answered: bool,
    /// Set once the final head is complete.
    pub(super) body: Option<RecvBody>,
    /// Bytes at the beginning of the transport's input that are data of the body.
    pub(super) offered: usize,
    pub(super) close: Option<CloseReason>,
    pub(super) failed: Option<Error>,
}

/// What became of an exchange's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is idle in the pool.
    Pooled,
    /// It was closed, and why.
    Closed(CloseReason),
}

impl<'c, C: Connect, K: Clock, R: RawMutex> Exchange<'c, C, K, R> {
    pub(super) fn new(
        client: &'c Client<C, K, R>,
        mut connection: Boxed<Connection<C::Transport, C::Key>>,
        request: &Request<'_>,
        reused: bool,
        total: Option<Duration>,
    ) -> Self {
        let spare = core::mem::take(&mut connection.spare);
        Self {
            client,
            connection,
            permit: None,
            reused,
            total,
            timeouts: *request.timeouts(),
            meter: Meter::new(request.timeouts().lowest()),
            send_meter: Meter::new(request.timeouts().lowest()),
            unsent: 0,
            head_waited: Duration::ZERO,
            sending: SendBody::new(request.body()),
            turns: Turns::default(),
            started: false,
            to_head: request.method() == "HEAD",
            receiving: RecvHead::with_memory(spare),
            head: ResponseHead::default(),
            continued: false,
            answered: false,
            body: None,
            offered: 0,
            close: request.wants_close().then_some(CloseReason::RequestClose),
            failed: None,
        }
    }

    /// What is known about the connection.
    #[must_use]
    pub fn info(&self) -> &ConnectionInfo {
        &self.connection.info
    }

    /// The connection itself, to look at.
    #[must_use]
    pub fn transport(&self) -> &C::Transport {
        &self.connection.transport
    }

    /// Whether the connection had served another exchange before.
    #[must_use]
    pub const fn reused(&self) -> bool {
        self.reused
    }

    /// Whether the final response's head is there.
    #[must_use]
    pub const fn has_response(&self) -> bool {
        self.body.is_some()
    }

    /// Waits for the final response's head; interim responses are skipped. May be called again.
    ///
    /// # Errors
    /// Phase `Head`; kinds `EmptyResponse`, `HeadTruncated`, `MalformedHead`, `MalformedFraming`,
    /// `HeadTooLarge`, `UnsupportedResponse`, `BodyTooLarge`, `TimedOut`, those of the transport.
    pub async fn response(&mut self) -> Result<&ResponseHead, Error> {
        self.check()?;
        if self.body.is_none() {
            let (client, total) = (self.client, self.total);
            let stall = self.head_stall();
            let work = poll_fn(|cx| self.poll_head(cx));
            let done = bounded(&client.clock, total, stall, Phase::Head, work).await;
            done.map_err(|error| self.fail(error))?;
        }
        Ok(&self.head)
    }

    /// The head that [`Exchange::response`] gave; status 0 before.
    #[must_use]
    pub const fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// Waits for the next bytes of the body, decoded, where they lie in the transport; empty at the
    /// end of the body. The same bytes come again until [`Exchange::consume`]. Trailer fields are
    /// checked and dropped, as RFC 9112 section 7.1.2 allows: no caller of this client asks for them.
    ///
    /// # Errors
    /// Phase `Body`; kinds `BodyTruncated`, `MalformedChunk`, `MalformedFraming`, `BodyTooLarge`,
    /// `TimedOut`, those of the transport; those of [`Exchange::response`], which it awaits.
    pub async fn data(&mut self) -> Result<&[u8], Error> {
        if self.body.is_none() {
            self.response().await?;
        }
        self.check()?;
        while !self.next_data()? {
            let (clock, total) = (&self.client.clock, self.total);
            let stall = self.timeouts.body.unwrap_or(self.client.limits.stall);
            let fill = self.connection.transport.fill();
            let meter = &mut self.meter;
            match metered(clock, total, stall, Phase::Body, meter, fill).await {
                Ok(Some(0)) => self.end_of_body()?,
                Ok(_) => {}
                Err(error) => return Err(self.fail(in_phase(error, Phase::Body))),
            }
        }
        let input = self.connection.transport.input();
        Ok(input.get(..self.offered).unwrap_or_default())
    }

    /// Removes the first `n` bytes of what [`Exchange::data`] gave; more than it gave removes them
    /// all.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.offered);
        self.offered = self.offered.saturating_sub(n);
        self.connection.transport.consume(n);
        if let Some(body) = &mut self.body {
            body.consume(n);
        }
    }

    /// Ends the exchange. A connection that may serve another one goes to the pool; one that may
    /// not, although the exchange is complete, is closed gracefully within [`Limits::close`] and the
    /// exchange's deadline; any other, also one that still has bytes to send, is aborted.
    ///
    /// Dropping the future aborts the connection.
    pub async fn done(self) -> Outcome {
        let within = self.client.limits.close;
        self.end(within).await
    }

    async fn end(mut self, within: Duration) -> Outcome {
        let client = self.client;
        let until = client.clock.now().saturating_add(within);
        let until = self.total.map_or(until, |total| total.min(until));
        let mut reason = self.close_reason();
        if reason.is_none() {
            let transport = &mut self.connection.transport;
            reason = client.why_not_keep(transport, until).await;
        }
        let Some(reason) = reason else {
            self.connection.keep(self.head);
            let now = client.clock.now();
            // The guard must be gone before the wait.
            let (kept, homeless) = client.pool.lock().put(self.connection, now);
            if let Some(mut homeless) = homeless {
                client.close(&mut homeless.transport, until).await;
            }
            return match kept {
                true => Outcome::Pooled,
                false => Outcome::Closed(CloseReason::PoolFull),
            };
        };
        let abort = matches!(
            reason,
            CloseReason::Failed
                | CloseReason::EarlyResponse
                | CloseReason::RequestUnfinished
                | CloseReason::ResponseUnfinished
        );
        if !abort {
            client.close(&mut self.connection.transport, until).await;
        }
        Outcome::Closed(reason)
    }

    /// Ends the exchange, its response unwanted: reads what is left of it, within
    /// [`Limits::drain`] and [`Limits::close`], so that the connection can be used again. Content
    /// codings are not decoded. Then as [`Exchange::done`], but that a close takes no longer than a
    /// quarter of a second, since something else is to come.
    pub async fn discard(mut self) -> Outcome {
        let client = self.client;
        let late = Error::new(Phase::Body, Kind::TimedOut, "the body was unwanted");
        let at = client.clock.now().saturating_add(client.limits.close);
        let mut left = match &self.body {
            Some(body) if !body.exceeds(client.limits.drain) => client.limits.drain,
            _ => 0,
        };
        while left > 0 {
            let found = deadline(&client.clock, Some(at), late, self.data()).await;
            let count = found.map_or(0, <[u8]>::len);
            left = left.saturating_sub(count as u64);
            self.consume(count);
            if count == 0 {
                break;
            }
        }
        self.end(client.limits.close.min(HURRIED)).await
    }

    /// How much longer the end of the head may be waited for.
    pub(super) fn head_stall(&self) -> Duration {
        let stall = self.timeouts.head.unwrap_or(self.client.limits.stall);
        let lowest = self.timeouts.lowest().map(|lowest| lowest.over);
        let stall = lowest.map_or(stall, |over| over.min(stall));
        stall.saturating_sub(self.head_waited)
    }

    pub(super) fn limits(&self) -> &'c Limits {
        &self.client.limits
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)
    }

    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        error
    }

    fn close_reason(&self) -> Option<CloseReason> {
        if self.failed.is_some() {
            return Some(CloseReason::Failed);
        }
        match &self.body {
            Some(body) if body.is_done() => {}
            _ => return Some(CloseReason::ResponseUnfinished),
        }
        match self.sending {
            SendBody::Done => self.close,
            SendBody::Stopped => self.close.or(Some(CloseReason::EarlyResponse)),
            SendBody::Sized(_) | SendBody::Chunked => Some(CloseReason::RequestUnfinished),
        }
    }

    /// Finds the next data of the body in the input; true if there is some, or the end.
    fn next_data(&mut self) -> Result<bool, Error> {
        let limits = self.limits();
        let Some(body) = &mut self.body else {
            return Err(no_head());
        };
        loop {
            let transport = &mut self.connection.transport;
            match body.step(transport.input(), limits) {
                Ok(Step::Need) => return Ok(false),
                Ok(Step::Skip(n)) => transport.consume(n),
                Ok(Step::Data(n)) => {
                    self.offered = n;
                    return Ok(true);
                }
                Ok(Step::End) => {
                    self.offered = 0;
                    return Ok(true);
                }
                Err(error) => {
                    self.failed = Some(error);
                    return Err(error);
                }
            }
        }
    }

    fn end_of_body(&mut self) -> Result<(), Error> {
        let ended = match &mut self.body {
            Some(body) => body.end_of_stream(),
            None => Err(no_head()),
        };
        ended.map_err(|error| self.fail(error))
    }
}

impl<C: Connect, K: Clock, R: RawMutex> Client<C, K, R> {
    /// Why a connection whose exchange is complete cannot serve another one.
    async fn why_not_keep(
        &self,
        transport: &mut C::Transport,
        until: Duration,
    ) -> Option<CloseReason> {
        if !transport.input().is_empty() {
            return Some(CloseReason::Leftover);
        }
        // The response may have been seen before the completion of the last send.
        let late = Error::new(Phase::Send, Kind::TimedOut, "the request is not sent yet");
        let sent = deadline(&self.clock, Some(until), late, transport.flush()).await;
        if sent.is_err() {
            return Some(CloseReason::EarlyResponse);
        }
        if poll_fn(|cx| Poll::Ready(transport.is_idle_and_open(cx))).await {
            return None;
        }
        Some(match transport.input().is_empty() {
            true => CloseReason::PeerClosed,
            false => CloseReason::Leftover,
        })
    }

    pub(super) async fn close(&self, transport: &mut C::Transport, until: Duration) {
        let late = Error::new(Phase::Close, Kind::TimedOut, "the close took too long");
        // The connection is gone either way.
        let _ = deadline(&self.clock, Some(until), late, transport.close()).await;
    }
}

/// The transport's error, in a phase that it does not know.
pub(super) fn in_phase(error: Error, phase: Phase) -> Error {
    match error.phase {
        Phase::Receive => error.in_phase(phase),
        _ => error,
    }
}

const fn no_head() -> Error {
    Error::new(Phase::Body, Kind::MalformedHead, "there is no response yet")
}

/// How long a close may take that something else waits for.
const HURRIED: Duration = Duration::from_millis(250);
