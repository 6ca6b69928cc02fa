//! The graceful end of a connection: what is staged, FIN, the peer's FIN, close. Bounded: what hangs is
//! ended by closing the socket, which nobody waits for.

use alloc::boxed::Box;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::status;
use super::sys::{WSK_BUF, WSK_FLAG_DRAIN};
use super::transport::{End, TcpTransport};
use crate::io::{Clock, Error, Kind, NtStatus, Phase, Transport};
use crate::nt::pool::try_box;
use crate::nt::timer::Sleep;

/// How far a graceful close is.
pub(super) enum Closing {
    No,
    /// Sending what is staged.
    Flush(Pin<Box<Sleep>>),
    /// Waiting for the FIN to be sent; with last data or without.
    Disconnect(Pin<Box<Sleep>>, Data),
    /// Waiting for the server's.
    Drain(Pin<Box<Sleep>>),
    Over(Result<(), Error>),
}

/// Whether a disconnect carries the last data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    Last,
    None,
}

impl Closing {
    /// Whether nothing can be sent any more.
    pub(super) fn has_ended_sending(&self) -> bool {
        matches!(self, Self::Disconnect(..) | Self::Drain(_) | Self::Over(_))
    }

    fn bound(&mut self) -> Option<&mut Pin<Box<Sleep>>> {
        match self {
            Self::Flush(bound) | Self::Disconnect(bound, _) | Self::Drain(bound) => Some(bound),
            Self::No | Self::Over(_) => None,
        }
    }
}

impl TcpTransport {
    pub(super) fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let bound = self.closing.bound();
            let late = bound.is_some_and(|bound| bound.as_mut().poll(cx).is_ready());
            let closing = core::mem::replace(&mut self.closing, Closing::No);
            let (next, progress) = match closing {
                Closing::Over(result) => {
                    self.closing = Closing::Over(result);
                    self.close();
                    return Poll::Ready(result);
                }
                Closing::No => (self.begin(), Poll::Ready(())),
                Closing::Flush(_) | Closing::Disconnect(_, Data::Last) if late => {
                    (Closing::Over(Err(UNSENT)), Poll::Ready(()))
                }
                Closing::Disconnect(..) | Closing::Drain(_) if late => {
                    (Closing::Over(Ok(())), Poll::Ready(()))
                }
                Closing::Flush(bound) => self.poll_flushed(bound, cx),
                Closing::Disconnect(bound, data) => self.poll_disconnected(bound, data, cx),
                Closing::Drain(bound) => match self.poll_drained(cx) {
                    Poll::Pending => (Closing::Drain(bound), Poll::Pending),
                    Poll::Ready(()) => (Closing::Over(Ok(())), Poll::Ready(())),
                },
            };
            self.closing = next;
            if progress.is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn begin(&self) -> Closing {
        let clock = self.receive.provider().clock();
        let until = clock.now().saturating_add(CLOSE_BOUND);
        match try_box(clock.sleep_until(until)) {
            Ok(bound) => Closing::Flush(Box::into_pin(bound)),
            Err(error) => Closing::Over(Err(error.in_phase(Phase::Close))),
        }
    }

    fn poll_flushed(
        &mut self,
        bound: Pin<Box<Sleep>>,
        cx: &mut Context<'_>,
    ) -> (Closing, Poll<()>) {
        let can_disconnect = self.receive.provider().quirks().has_disconnect();
        if let (Some(socket), true) = (&self.socket, can_disconnect)
            && self.sender.disconnect_with_last(socket)
        {
            return (Closing::Disconnect(bound, Data::Last), Poll::Ready(()));
        }
        let next = match self.poll_all_sent(cx) {
            Poll::Pending => return (Closing::Flush(bound), Poll::Pending),
            Poll::Ready(Err(error)) => Closing::Over(Err(error)),
            Poll::Ready(Ok(())) => match &self.socket {
                Some(socket) if can_disconnect && self.sender.disconnect(socket) => {
                    Closing::Disconnect(bound, Data::None)
                }
                // Closing the socket sends the FIN then.
                _ => Closing::Over(Ok(())),
            },
        };
        (next, Poll::Ready(()))
    }

    fn poll_disconnected(
        &mut self,
        bound: Pin<Box<Sleep>>,
        data: Data,
        cx: &mut Context<'_>,
    ) -> (Closing, Poll<()>) {
        let next = match self.sender.poll_disconnected(cx) {
            Poll::Pending => return (Closing::Disconnect(bound, data), Poll::Pending),
            Poll::Ready(done) if done.is_success() => Closing::Drain(bound),
            Poll::Ready(done) if data == Data::Last => {
                Closing::Over(Err(status::map(Phase::Close, done.status)))
            }
            Poll::Ready(_) => Closing::Over(Ok(())),
        };
        (next, Poll::Ready(()))
    }

    fn poll_all_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.sender.poll_flush(self.socket.as_ref(), cx) {
            Poll::Ready(Ok(())) => self.sender.poll_sent(self.socket.as_ref(), cx),
            other => other,
        }
    }

    /// Waits for the server's FIN, and lets go what comes before.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.consume(usize::MAX);
            if self.end.is_none() && self.receive.is_idle() {
                self.start_drain();
            }
            if !self.draining {
                match self.poll_fill(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(1..)) => continue,
                    Poll::Ready(_) => return Poll::Ready(()),
                }
            }
            let Poll::Ready(done) = self.receive.poll(cx) else {
                return Poll::Pending;
            };
            self.draining = false;
            if done.status != STATUS_NOT_SUPPORTED {
                self.end = Some(End::Clean);
                return Poll::Ready(());
            }
            self.receive.provider().drain().is_refused();
        }
    }

    /// Has WSK let go what comes, if it can.
    fn start_drain(&mut self) {
        if !self.receive.provider().drain().is_possible() {
            return;
        }
        let Some(socket) = &self.socket else { return };
        let mut nothing = WSK_BUF {
            Mdl: core::ptr::null_mut(),
            Offset: 0,
            Length: 0,
        };
        if let Some(events) = socket.events() {
            events.receives();
        }
        self.draining = true;
        // SAFETY: no buffer.
        unsafe { socket.receive(&mut self.receive, &raw mut nothing, WSK_FLAG_DRAIN) };
    }
}

/// How long a graceful close may take.
const CLOSE_BOUND: Duration = Duration::from_secs(3);

const UNSENT: Error = Error::new(
    Phase::Close,
    Kind::TimedOut,
    "the server did not take the last data in time",
);

const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();
