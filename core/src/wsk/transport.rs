//! A TCP connection.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::cursor::Cursor;
use super::op::{Op, Payload};
use super::provider::Provider;
use super::socket::Socket;
use super::status;
use super::sys::{WSK_BUF, WSK_FLAG_NODELAY};
use crate::io::{Clock, Error, Kind, NtStatus, Phase, Transport};
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
    send: Op<Buffer>,
    input: Cursor,
    output: Cursor,
    /// Where the receive in flight writes ends.
    offered: usize,
    /// The last receive filled everything that it was offered.
    filled: bool,
    end: Option<End>,
    send_failed: Option<Error>,
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

/// Payload of a transfer.
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
            send: Op::try_new(provider, Buffer(IoBuffer::try_new(OUTPUT, true)?))?,
            input: Cursor::default(),
            output: Cursor::default(),
            offered: 0,
            filled: false,
            end: None,
            send_failed: None,
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

    fn send_buffer(&self) -> &IoBuffer {
        &self.send.payload().0
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

    /// Moves the input to `larger`, which takes the place of the buffer.
    fn move_input(&mut self, larger: IoBuffer) {
        let input = self.input;
        let Some(buffer) = self.receive.payload_mut() else {
            return;
        };
        let data = buffer.0.as_ptr().wrapping_add(input.start());
        // SAFETY: the data lies in the old buffer and fits the new one, which is larger.
        unsafe { core::ptr::copy_nonoverlapping(data, larger.as_ptr(), input.len()) };
        buffer.0 = larger;
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

    fn start_send(&mut self) -> Result<(), Error> {
        let Some(socket) = &self.socket else {
            return Err(GONE.in_phase(Phase::Send));
        };
        let flags = if self.send.provider().no_delay() {
            WSK_FLAG_NODELAY
        } else {
            0
        };
        let mut buffer = WSK_BUF {
            Mdl: self.send.payload().0.mdl(),
            Offset: self.output.start() as _,
            Length: self.output.len() as _,
        };
        // SAFETY: the staged part of a buffer that the operation owns; only what is behind it is
        // written until the operation is over.
        unsafe { socket.send(&mut self.send, &raw mut buffer, flags) };
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
                    let clock = self.send.provider().clock();
                    let until = clock.now().saturating_add(CLOSE_BOUND);
                    let bound = try_box(clock.sleep_until(until));
                    self.closing = match bound {
                        Ok(bound) => Closing::Flush(Box::into_pin(bound)),
                        Err(error) => Closing::Over(Err(error.in_phase(Phase::Close))),
                    };
                }
                Closing::Flush(_) if late => self.closing = Closing::Over(Err(UNSENT)),
                Closing::Flush(bound) => match self.poll_flush(cx) {
                    Poll::Pending => {
                        self.closing = Closing::Flush(bound);
                        return Poll::Pending;
                    }
                    Poll::Ready(Err(error)) => self.closing = Closing::Over(Err(error)),
                    Poll::Ready(Ok(())) => {
                        if let Some(socket) = &self.socket {
                            socket.disconnect(&mut self.send);
                        }
                        self.closing = Closing::Disconnect(bound);
                    }
                },
                Closing::Disconnect(_) | Closing::Drain(_) if late => {
                    self.closing = Closing::Over(Ok(()));
                }
                Closing::Disconnect(bound) => match self.send.poll(cx) {
                    Poll::Pending => {
                        self.closing = Closing::Disconnect(bound);
                        return Poll::Pending;
                    }
                    Poll::Ready(done) if done.is_success() => self.closing = Closing::Drain(bound),
                    // Closing the socket sends the FIN then.
                    Poll::Ready(_) => self.closing = Closing::Over(Ok(())),
                },
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
        let capacity = self.send_buffer().len();
        let room = self.output.room(capacity);
        let free = self.send_buffer().as_ptr().wrapping_add(self.output.end());
        // SAFETY: initialised when it was allocated; a send in flight reads before it only.
        unsafe { core::slice::from_raw_parts_mut(free, room) }
    }

    fn stage(&mut self, n: usize) {
        let capacity = self.send_buffer().len();
        self.output.append(n, capacity);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(error) = self.send_failed {
            return Poll::Ready(Err(error));
        }
        if matches!(
            self.closing,
            Closing::Disconnect(_) | Closing::Drain(_) | Closing::Over(_)
        ) {
            return Poll::Ready(Err(GONE.in_phase(Phase::Send)));
        }
        loop {
            if self.send.is_idle() {
                if self.output.is_empty() {
                    self.output.rewind();
                    return Poll::Ready(Ok(()));
                }
                self.start_send()?;
            }
            let Poll::Ready(done) = self.send.poll(cx) else {
                return Poll::Pending;
            };
            if done.status == STATUS_NOT_SUPPORTED && self.send.provider().no_delay() {
                self.send.provider().forget_no_delay();
                continue;
            }
            if !done.is_success() || done.information == 0 {
                let error = status::map(Phase::Send, done.status);
                self.send_failed = Some(error);
                return Poll::Ready(Err(error));
            }
            self.output.consume(done.information);
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_closing(cx)
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport")
            .field("input", &self.input)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

/// A TLS record with its largest expansion has 16 KiB + 261 bytes.
const FIRST_INPUT: usize = 17 * 1024;
const LARGE_INPUT: usize = 64 * 1024;
const OUTPUT: usize = 17 * 1024;
/// How long a graceful close may take.
const CLOSE_BOUND: Duration = Duration::from_secs(3);

const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();

const FULL: Error = Error::new(
    Phase::Receive,
    Kind::BufferFull,
    "the receive buffer is full",
);
const GONE: Error = Error::new(
    Phase::Receive,
    Kind::ConnectionAborted,
    "the connection was closed",
);
const UNSENT: Error = Error::new(
    Phase::Close,
    Kind::TimedOut,
    "the server did not take the last data in time",
);
