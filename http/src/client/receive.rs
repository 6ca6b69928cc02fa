//! The receiving half of an exchange: the head.

use core::task::{Context, Poll, ready};

use lock_api::RawMutex;
use wskhttp_core::io::{Clock, Connect, Error, Kind, Phase, Transport};

use super::exchange::{Exchange, in_phase};
use crate::CloseReason;
use crate::proto::Next;

impl<C: Connect, K: Clock, R: RawMutex> Exchange<'_, C, K, R> {
    /// Receives until the final head is complete. Keeps what has come when dropped.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let limits = self.limits();
        while self.body.is_none() {
            let transport = &mut self.connection.transport;
            let input = transport.input();
            if input.is_empty() {
                ready!(self.poll_fill(cx))?;
                continue;
            }
            self.answered = true;
            let (used, complete) = self.receiving.push(input, limits)?;
            transport.consume(used);
            if complete {
                self.end_of_head()?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until the server asks for the body, or has answered.
    pub(super) fn poll_continue(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.poll_head(cx) {
            Poll::Pending if self.continued => Poll::Ready(Ok(())),
            other => other,
        }
    }

    /// Waits for the first byte of a response.
    pub(super) fn poll_first_byte(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.connection.transport.input().is_empty() && !self.answered {
            ready!(self.poll_fill(cx))?;
        }
        self.answered = true;
        Poll::Ready(Ok(()))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(match ready!(self.connection.transport.poll_fill(cx)) {
            Ok(0) if self.answered => Err(Error::new(
                Phase::Head,
                Kind::HeadTruncated,
                "the connection ended before the response's head was complete",
            )),
            Ok(0) => Err(Error::new(
                Phase::Head,
                Kind::EmptyResponse,
                "the connection ended before any byte of a response",
            )),
            Ok(_) => Ok(()),
            Err(error) => Err(in_phase(error, Phase::Head)),
        })
    }

    fn end_of_head(&mut self) -> Result<(), Error> {
        let limits = self.limits();
        self.continued |= self.receiving.head().status() == 100;
        let received = core::mem::take(&mut self.receiving);
        let (body, close) = match received.finish(self.to_head, limits)? {
            Next::Head(next) => {
                self.receiving = next;
                return Ok(());
            }
            Next::Body(head, body, close) => {
                self.head = head;
                (body, close)
            }
        };
        self.body = Some(body);
        self.close = self.close.or(close);
        if !self.is_staged() {
            self.close = self.close.or(Some(CloseReason::EarlyResponse));
        }
        Ok(())
    }
}
