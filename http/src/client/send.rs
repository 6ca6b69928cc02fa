//! The sending half of an exchange.

use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;

use lock_api::RawMutex;
use wskhttp_core::io::{Clock, Connect, Error, Kind, Phase, Transport, deadline};

use super::bounded::{bounded, paced};
use super::exchange::Exchange;
use crate::proto::trailer::may_be_trailer;
use crate::proto::{SendBody, SendHead};
use crate::{CloseReason, Headers, Request};

impl<C: Connect, K: Clock, R: RawMutex> Exchange<'_, C, K, R> {
    /// Sends all of `data` as part of a streamed body. False: the response has come, the rest is not
    /// sent and nothing more will be; go on with [`Exchange::response`].
    ///
    /// Waits while the transport has no room: that is the back-pressure. When the future is dropped,
    /// part of `data` may have been taken; [`Exchange::write_some`] says how much.
    ///
    /// # Errors
    /// As [`Exchange::write_some`].
    pub async fn write(&mut self, data: &[u8]) -> Result<bool, Error> {
        let mut left = data;
        while !left.is_empty() {
            match self.write_some(left).await? {
                0 => return Ok(false),
                taken => left = left.get(taken..).unwrap_or_default(),
            }
        }
        Ok(self.sending != SendBody::Stopped)
    }

    /// Sends bytes of a streamed body as soon as there is room for some; gives how many were taken.
    /// 0 although there was data: the response has come, nothing more will be sent.
    ///
    /// Dropping the future takes nothing.
    ///
    /// # Errors
    /// Phase `Send`; kind `BodyLengthMismatch` for more bytes than declared, before any is taken;
    /// `TimedOut`, those of the transport; those of [`Exchange::response`] when a bad response comes
    /// meanwhile.
    pub async fn write_some(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.check()?;
        self.sending
            .check(data.len())
            .map_err(|error| self.fail(error))?;
        if data.is_empty() || self.sending == SendBody::Stopped {
            return Ok(0);
        }
        poll_fn(|cx| self.turns.poll(cx)).await;
        let mut flushed = false;
        loop {
            if self.look_for_response().await? {
                return Ok(0);
            }
            let transport = &mut self.connection.transport;
            let (used, staged) = self.sending.write(data, transport.output());
            self.stage(staged);
            if used > 0 {
                self.start_flush().await?;
                return Ok(used);
            }
            if flushed {
                return Err(self.fail(no_room()));
            }
            if !self.flush().await? {
                return Ok(0);
            }
            flushed = true;
        }
    }

    /// Ends a streamed body and sends what is left of it. Does nothing if there is no streamed body
    /// or the response has come.
    ///
    /// # Errors
    /// As [`Exchange::write_some`]; kind `BodyLengthMismatch` for fewer bytes than declared.
    pub async fn finish(&mut self) -> Result<(), Error> {
        self.finish_with(&Headers::new()).await
    }

    /// As [`Exchange::finish`], with trailer fields (RFC 9112 section 7.1.2) behind a chunked body.
    /// They must fit the transport's output together.
    ///
    /// # Errors
    /// As there; phase `Request`, kind `InvalidRequest` for trailers behind a body that is not
    /// chunked, or one that would change framing, routing or who the caller is (RFC 9110 section
    /// 6.5.1); nothing is sent then.
    pub async fn finish_with(&mut self, trailers: &Headers) -> Result<(), Error> {
        self.check()?;
        check_trailers(trailers, &self.sending)?;
        let mut flushed = false;
        while !matches!(self.sending, SendBody::Done | SendBody::Stopped) {
            let transport = &mut self.connection.transport;
            match self.sending.finish(trailers.lines(), transport.output()) {
                Ok(Some(staged)) => self.stage(staged),
                Ok(None) if flushed => return Err(self.fail(no_room())),
                Ok(None) => {
                    self.flush().await?;
                    flushed = true;
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
        match self.sending {
            SendBody::Done => self.flush().await.map(drop),
            _ => Ok(()),
        }
    }

    /// Sends the head and a body that is at hand.
    pub(super) async fn start(&mut self, request: &Request<'_>) -> Result<(), Error> {
        let mut head = SendHead::new(request);
        let mut flushed = false;
        while !head.is_done() {
            poll_fn(|cx| self.turns.poll(cx)).await;
            if head.is_held() {
                head.release();
                flushed = false;
                if !self.await_continue(request.expect()).await? {
                    return Ok(());
                }
            }
            let transport = &mut self.connection.transport;
            let staged = head.write(transport.output());
            self.stage(staged);
            self.started = head.is_done();
            let goes_on = staged > 0 && !self.started && !head.is_held();
            if goes_on && !self.connection.transport.output().is_empty() {
                // There is another buffer, which goes with the first in one send.
                continue;
            }
            if staged == 0 && flushed {
                return Err(self.fail(no_room()));
            }
            if !self.flush().await? {
                return Ok(());
            }
            flushed = staged == 0;
        }
        if self.reused && request.is_replayable() && self.body.is_none() {
            let (client, total) = (self.client, self.total);
            let stall = self.head_stall();
            let began = client.clock.now();
            let work = poll_fn(|cx| self.poll_first_byte(cx));
            bounded(&client.clock, total, stall, Phase::Head, work)
                .await
                .map_err(|error| self.fail(error))?;
            self.head_waited = client.clock.now().saturating_sub(began);
        }
        Ok(())
    }

    /// Waits until the server asks for the body, or for `timeout`; false if it has answered instead.
    async fn await_continue(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        let clock = &self.client.clock;
        let until = clock.now().saturating_add(timeout.unwrap_or_default());
        let until = self.total.map_or(until, |total| total.min(until));
        let late = no_room();
        let work = poll_fn(|cx| self.poll_continue(cx));
        match deadline(clock, Some(until), late, work).await {
            Ok(()) => {}
            Err(error) if error == late => {}
            Err(error) => return Err(self.fail(error)),
        }
        if self.body.is_some() {
            self.stop();
        }
        Ok(self.body.is_none())
    }

    /// Whether `error` says no more than that the idle connection was gone already.
    pub(super) fn is_stale(&self, error: &Error) -> bool {
        !self.answered
            && matches!(
                error.kind,
                Kind::EmptyResponse
                    | Kind::ConnectionReset
                    | Kind::ConnectionAborted
                    | Kind::IoFailed
                    | Kind::TlsTruncated
            )
    }

    /// Sends what is staged, watching for a response; false if one came first.
    async fn flush(&mut self) -> Result<bool, Error> {
        let (client, total) = (self.client, self.total);
        let stall = self.timeouts.send.unwrap_or(client.limits.stall);
        let (mut meter, bytes) = (self.send_meter, self.unsent);
        let work = poll_fn(|cx| self.poll_flush_or_head(cx));
        let sent = paced(&client.clock, total, stall, &mut meter, bytes, work).await;
        self.send_meter = meter;
        match sent {
            Ok(Sent::All) => {
                self.unsent = 0;
                Ok(true)
            }
            Ok(Sent::Answered) if self.is_staged() => Ok(true),
            Ok(Sent::Answered) => {
                self.stop();
                Ok(false)
            }
            Ok(Sent::Broken(error)) => self.rescue(error).await.map(|()| false),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Sets staged bytes moving without waiting for them.
    async fn start_flush(&mut self) -> Result<(), Error> {
        let transport = &mut self.connection.transport;
        let flushed = poll_fn(|cx| Poll::Ready(transport.poll_flush(cx))).await;
        match flushed {
            Poll::Ready(Err(error)) => self.rescue(error).await,
            Poll::Ready(Ok(())) => {
                self.unsent = 0;
                Ok(())
            }
            Poll::Pending => Ok(()),
        }
    }

    /// Declares bytes of the output to be sent.
    fn stage(&mut self, bytes: usize) {
        self.connection.transport.stage(bytes);
        self.unsent = self.unsent.saturating_add(bytes).min(MOST_UNSENT);
    }

    /// Whether the response has come already; does not wait.
    async fn look_for_response(&mut self) -> Result<bool, Error> {
        match poll_fn(|cx| Poll::Ready(self.poll_head(cx))).await {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(())) => {
                self.stop();
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(self.fail(error)),
        }
    }

    /// Sending failed: a response that the server sent before it stopped reading tells more.
    async fn rescue(&mut self, error: Error) -> Result<(), Error> {
        let (client, total) = (self.client, self.total);
        let work = poll_fn(|cx| self.poll_head(cx));
        match bounded(&client.clock, total, client.limits.close, Phase::Send, work).await {
            Ok(()) => {
                self.stop();
                Ok(())
            }
            Err(_) => Err(self.fail(error)),
        }
    }

    /// Whether the whole request is in the transport.
    pub(super) fn is_staged(&self) -> bool {
        self.started && self.sending == SendBody::Done
    }

    fn stop(&mut self) {
        self.sending = SendBody::Stopped;
        self.close = self.close.or(Some(CloseReason::EarlyResponse));
    }

    fn poll_flush_or_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Sent, Error>> {
        match self.connection.transport.poll_flush(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(Sent::All)),
            Poll::Ready(Err(error)) => Poll::Ready(Ok(Sent::Broken(error))),
            Poll::Pending => self.poll_head(cx).map_ok(|()| Sent::Answered),
        }
    }
}

fn check_trailers(trailers: &Headers, sending: &SendBody) -> Result<(), Error> {
    let refused = |cause| Error::new(Phase::Request, Kind::InvalidRequest, cause);
    let mut names = trailers.names().peekable();
    if names.peek().is_some() && !matches!(sending, SendBody::Chunked | SendBody::Stopped) {
        return Err(refused("trailers need a chunked body"));
    }
    match names.all(|name| may_be_trailer(name.as_bytes())) {
        true => Ok(()),
        false => Err(refused("a field that cannot be a trailer")),
    }
}

/// No transport holds more: what was staged before is sent.
const MOST_UNSENT: usize = 1 << 20;

enum Sent {
    All,
    Answered,
    Broken(Error),
}

const fn no_room() -> Error {
    Error::new(
        Phase::Send,
        Kind::BufferFull,
        "the transport's output is too small",
    )
}
