//! A TCP connection.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::cursor::Cursor;
use super::op::{Completion, Op, Payload};
use super::provider::Provider;
use super::sender::Sender;
use super::socket::Socket;
use super::status;
use super::sys::WSK_BUF;
use crate::io::{Clock, Error, Kind, Phase, Transport};
use crate::nt::mdl::IoBuffer;
use crate::nt::pool::try_box;
use crate::nt::shared::Shared;
use crate::nt::timer::Sleep;

/// A connected TCP stream, with a buffer for each direction. Data is received when it is asked for,
/// straight into the buffer; the buffer grows once data comes fast. IRQL: PASSIVE_LEVEL.
pub struct TcpTransport {
    /// First, so that it is closed before its operations are given up. `None` once closed.
    socket: Option<Socket>,
    receive: Op<Buffer>,
    sender: Sender,
    input: Cursor,
    /// Where the receive in flight writes ends.
    offered: usize,
    /// The last receive filled everything that it was offered.
    filled: bool,
    end: Option<End>,
    closing: Closing,
}

/// Why nothing more will be received.
#[derive(Clone, Copy)]
enum End {
    Clean,
    Failed(Error),
}

/// How far a graceful close is.
enum Closing {
    No,
    /// Sending what is staged.
    Flush(Pin<Box<Sleep>>),
    /// Waiting for the FIN to be sent.
    Disconnect(Pin<Box<Sleep>>),
    /// Waiting for the server's.
    Drain(Pin<Box<Sleep>>),
    Over(Result<(), Error>),
}

/// Payload of a receive.
struct Buffer(IoBuffer);

impl Payload for Buffer {}

impl TcpTransport {
    /// Buffers and operations, before there is a socket.
    ///
    /// # Errors
    /// [`crate::nt::pool::NO_MEMORY`].
    pub(super) fn try_new(provider: &Shared<Provider>) -> Result<Self, Error> {
        Ok(Self {
            socket: None,
            receive: Op::try_new(provider, Buffer(IoBuffer::try_new(FIRST_INPUT, false)?))?,
            sender: Sender::try_new(provider)?,
            input: Cursor::default(),
            offered: 0,
            filled: false,
            end: None,
            closing: Closing::No,
        })
    }

    /// Gives the transport its connection.
    pub(super) fn connected(mut self, socket: Socket) -> Self {
        self.socket = Some(socket);
        self
    }

    fn receive_buffer(&self) -> &IoBuffer {
        &self.receive.payload().0
    }

    /// Makes room behind the input. Only while nothing is in flight.
    fn make_room(&mut self) -> Result<usize, Error> {
        self.input.rewind();
        let capacity = self.receive_buffer().len();
        let full = self.input.len() == capacity;
        if (self.filled || full) && capacity < LARGE_INPUT {
            match IoBuffer::try_new(LARGE_INPUT, false) {
                Ok(larger) => self.move_input(larger),
                Err(error) if full => return Err(error.in_phase(Phase::Receive)),
                // Slower, but it works.
                Err(_) => {}
            }
        }
        self.filled = false;
        let capacity = self.receive_buffer().len();
        if self.input.start() > 0 && self.input.room(capacity) < capacity / 2 {
            let memory = self.receive_buffer().as_ptr();
            let data = memory.wrapping_add(self.input.start());
            // SAFETY: both ranges lie in the buffer, which nobody else uses now.
            unsafe { core::ptr::copy(data, memory, self.input.len()) };
            self.input.moved_to_start();
        }
        match self.input.room(capacity) {
            0 => Err(FULL),
            room => Ok(room),
        }
    }

    /// Moves the input to `other`, which it fits, and which takes the place of the buffer.
    fn move_input(&mut self, other: IoBuffer) {
        let input = self.input;
        let Some(buffer) = self.receive.payload_mut() else {
            return;
        };
        let data = buffer.0.as_ptr().wrapping_add(input.start());
        // SAFETY: the data lies in the old buffer and fits the other, by the callers.
        unsafe { core::ptr::copy_nonoverlapping(data, other.as_ptr(), input.len()) };
        buffer.0 = other;
        self.input.moved_to_start();
    }

    fn start_receive(&mut self) -> Result<(), Error> {
        let room = self.make_room()?;
        let Some(socket) = &self.socket else {
            return Err(GONE);
        };
        self.offered = room;
        let mut buffer = WSK_BUF {
            Mdl: self.receive.payload().0.mdl(),
            Offset: self.input.end() as _,
            Length: room as _,
        };
        // SAFETY: the room of a buffer that the operation owns; nobody else touches it until the
        // operation is over.
        unsafe { socket.receive(&mut self.receive, &raw mut buffer) };
        Ok(())
    }

    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let late = match &mut self.closing {
                Closing::Flush(bound) | Closing::Disconnect(bound) | Closing::Drain(bound) => {
                    bound.as_mut().poll(cx).is_ready()
                }
                Closing::No | Closing::Over(_) => false,
            };
            match core::mem::replace(&mut self.closing, Closing::No) {
                Closing::Over(result) => {
                    self.closing = Closing::Over(result);
                    self.socket = None;
                    return Poll::Ready(result);
                }
                Closing::No => {
                    let clock = self.receive.provider().clock();
                    let until = clock.now().saturating_add(CLOSE_BOUND);
                    let bound = try_box(clock.sleep_until(until));
                    self.closing = match bound {
                        Ok(bound) => Closing::Flush(Box::into_pin(bound)),
                        Err(error) => Closing::Over(Err(error.in_phase(Phase::Close))),
                    };
                }
                Closing::Flush(_) if late => self.closing = Closing::Over(Err(UNSENT)),
                Closing::Flush(bound) => match self.poll_all_sent(cx) {
                    Poll::Pending => {
                        self.closing = Closing::Flush(bound);
                        return Poll::Pending;
                    }
                    Poll::Ready(Err(error)) => self.closing = Closing::Over(Err(error)),
                    Poll::Ready(Ok(())) => {
                        if let (Some(socket), Some(op)) = (&self.socket, self.sender.operation()) {
                            socket.disconnect(op);
                        }
                        self.closing = Closing::Disconnect(bound);
                    }
                },
                Closing::Disconnect(_) | Closing::Drain(_) if late => {
                    self.closing = Closing::Over(Ok(()));
                }
                Closing::Disconnect(bound) => {
                    let disconnected = match self.sender.operation() {
                        Some(op) => op.poll(cx).map(Completion::is_success),
                        None => Poll::Ready(false),
                    };
                    self.closing = match disconnected {
                        Poll::Pending => {
                            self.closing = Closing::Disconnect(bound);
                            return Poll::Pending;
                        }
                        Poll::Ready(true) => Closing::Drain(bound),
                        // Closing the socket sends the FIN then.
                        Poll::Ready(false) => Closing::Over(Ok(())),
                    };
                }
                Closing::Drain(bound) => {
                    self.consume(usize::MAX);
                    match self.poll_fill(cx) {
                        Poll::Pending => {
                            self.closing = Closing::Drain(bound);
                            return Poll::Pending;
                        }
                        Poll::Ready(Ok(1..)) => self.closing = Closing::Drain(bound),
                        Poll::Ready(_) => self.closing = Closing::Over(Ok(())),
                    }
                }
            }
        }
    }

    fn poll_all_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.sender.poll_flush(self.socket.as_ref(), cx) {
            Poll::Ready(Ok(())) => self.sender.poll_sent(self.socket.as_ref(), cx),
            other => other,
        }
    }

    /// Gives back the buffers that a long body has made grow.
    fn trim(&mut self) {
        self.sender.trim();
        if !self.input.is_empty() || !self.receive.is_idle() {
            return;
        }
        if self.receive_buffer().len() > FIRST_INPUT
            && let Ok(smaller) = IoBuffer::try_new(FIRST_INPUT, false)
        {
            self.move_input(smaller);
        }
    }
}

impl Transport for TcpTransport {
    fn input(&mut self) -> &mut [u8] {
        let data = self
            .receive_buffer()
            .as_ptr()
            .wrapping_add(self.input.start());
        // SAFETY: received, so initialised; a receive in flight writes behind it only.
        unsafe { core::slice::from_raw_parts_mut(data, self.input.len()) }
    }

    fn consume(&mut self, n: usize) {
        self.input.consume(n);
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        match self.end {
            Some(End::Clean) => return Poll::Ready(Ok(0)),
            Some(End::Failed(error)) => return Poll::Ready(Err(error)),
            None => {}
        }
        if self.receive.is_idle() {
            self.start_receive()?;
        }
        let Poll::Ready(done) = self.receive.poll(cx) else {
            return Poll::Pending;
        };
        if !done.is_success() {
            let error = status::map(Phase::Receive, done.status);
            self.end = Some(End::Failed(error));
            return Poll::Ready(Err(error));
        }
        let received = done.information.min(self.offered);
        if received == 0 {
            self.end = Some(End::Clean);
        }
        self.filled = received == self.offered;
        let capacity = self.receive_buffer().len();
        self.input.append(received, capacity);
        Poll::Ready(Ok(received))
    }

    fn output(&mut self) -> &mut [u8] {
        self.sender.output()
    }

    fn stage(&mut self, n: usize) {
        self.sender.stage(n);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if matches!(
            self.closing,
            Closing::Disconnect(_) | Closing::Drain(_) | Closing::Over(_)
        ) {
            return Poll::Ready(Err(GONE.in_phase(Phase::Send)));
        }
        self.sender.poll_flush(self.socket.as_ref(), cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_closing(cx)
    }

    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.trim();
        self.input.is_empty() && self.poll_fill(cx).is_pending()
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport")
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}

/// As large as the first buffer of [`Sender`].
const FIRST_INPUT: usize = 17 * 1024;
const LARGE_INPUT: usize = 64 * 1024;
/// How long a graceful close may take.
const CLOSE_BOUND: Duration = Duration::from_secs(3);

const FULL: Error = Error::new(
    Phase::Receive,
    Kind::BufferFull,
    "the receive buffer is full",
);
pub(super) const GONE: Error = Error::new(
    Phase::Receive,
    Kind::ConnectionAborted,
    "the connection was closed",
);
const UNSENT: Error = Error::new(
    Phase::Close,
    Kind::TimedOut,
    "the server did not take the last data in time",
);
