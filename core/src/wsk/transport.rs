//! A TCP connection.

mod receive;

use core::fmt;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::task::{Context, Poll, ready};

use super::closing::Closing;
use super::cursor::Cursor;
use super::op::{Op, Payload};
use super::options;
use super::provider::Provider;
use super::sender::Sender;
use super::socket::Socket;
use crate::io::{Error, Kind, NtStatus, Phase, Transport, Turns};
use crate::nt::mdl::IoBuffer;
use crate::nt::shared::Shared;

/// A connected TCP stream, with a buffer for each direction. Data is received when it is asked for,
/// straight into the buffer; the buffer grows once data comes fast. IRQL: PASSIVE_LEVEL, but what
/// stages, sends and receives may be called at <= DISPATCH_LEVEL.
pub struct TcpTransport {
    /// First, so that it is closed before its operations are given up. `None` once closed.
    pub(super) socket: Option<Socket>,
    pub(super) receive: Op<Buffer>,
    pub(super) sender: Sender,
    input: Cursor,
    /// Where the receive in flight writes ends.
    offered: usize,
    /// The last receive filled everything that it was offered.
    filled: bool,
    pub(super) end: Option<End>,
    turns: Turns,
    pub(super) closing: Closing,
    /// The receive in flight is to let go what comes.
    pub(super) draining: bool,
    /// The receive in flight is of no bytes.
    empty: bool,
    /// The receive in flight is for all that was offered.
    all: bool,
}

/// Why nothing more will be received.
#[derive(Clone, Copy)]
pub(super) enum End {
    Clean,
    Failed(Error),
}

/// Payload of a receive.
pub(super) struct Buffer(IoBuffer);

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
            turns: Turns::default(),
            closing: Closing::No,
            draining: false,
            empty: false,
            all: false,
        })
    }

    /// Gives the transport its connection.
    pub(super) fn connected(mut self, socket: Socket) -> Self {
        self.socket = Some(socket);
        self
    }

    /// The local address and port, as the network stack has it now.
    ///
    /// # Errors
    /// Phase `Connect`; where the network stack cannot tell, `Kind::ConnectFailed`.
    pub async fn local_address(&self) -> Result<SocketAddr, Error> {
        let socket = self.socket.as_ref().ok_or(GONE)?;
        let function = socket.dispatch().WskGetLocalAddress;
        // SAFETY: the socket's.
        unsafe { options::address(&socket.handle, function) }.await
    }

    /// The address and port of the peer, as the network stack has it now.
    ///
    /// # Errors
    /// As [`TcpTransport::local_address`].
    pub async fn remote_address(&self) -> Result<SocketAddr, Error> {
        let socket = self.socket.as_ref().ok_or(GONE)?;
        let function = socket.dispatch().WskGetRemoteAddress;
        // SAFETY: the socket's.
        unsafe { options::address(&socket.handle, function) }.await
    }

    /// Waits until `input` has `n` bytes, at most 64 KiB; false if the peer closes its side before.
    /// They come by one request where the network stack has WSK_FLAG_WAITALL
    /// (`wsk/nc-wsk-pfn_wsk_receive`), so that `poll_fill` may wait for as many once this was asked.
    ///
    /// # Errors
    /// As [`Transport::poll_fill`].
    pub fn poll_fill_to(&mut self, n: usize, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        loop {
            let missing = n.saturating_sub(self.input.len());
            if missing == 0 {
                return Poll::Ready(Ok(true));
            }
            match self.poll_receive(missing, cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(false)),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// [`TcpTransport::poll_fill_to`] as a future. Dropping it loses nothing.
    ///
    /// # Errors
    /// As there.
    pub async fn fill_to(&mut self, n: usize) -> Result<bool, Error> {
        poll_fn(|cx| self.poll_fill_to(n, cx)).await
    }

    /// Closes the socket, and does not wait for it.
    pub(super) fn close(&mut self) {
        self.socket = None;
    }

    /// An error that ends the connection: a socket that the network stack has let go must be closed as
    /// soon as possible (`wsk/nc-wsk-pfn_wsk_receive`).
    fn is_lost(&mut self, error: &Error) {
        if error.raw_status == STATUS_FILE_FORCED_CLOSED {
            self.close();
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
        if self.end.is_none() {
            // A peer that is fast enough is never waited for.
            ready!(self.turns.poll(cx));
        }
        self.poll_receive(0, cx)
    }

    fn output(&mut self) -> &mut [u8] {
        self.sender.output()
    }

    fn stage(&mut self, n: usize) {
        self.sender.stage(n);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.closing.has_ended_sending() {
            return Poll::Ready(Err(GONE.in_phase(Phase::Send)));
        }
        let flushed = self.sender.poll_flush(self.socket.as_ref(), cx);
        if let Poll::Ready(Err(error)) = &flushed {
            self.is_lost(error);
        }
        flushed
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_closing(cx)
    }

    fn is_idle_and_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.trim();
        if !self.input.is_empty() {
            return false;
        }
        match self.watch(cx) {
            Some(open) => open,
            None => self.poll_receive(0, cx).is_pending(),
        }
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
pub(super) const GONE: Error = Error::new(
    Phase::Receive,
    Kind::ConnectionAborted,
    "the connection was closed",
);

const STATUS_FILE_FORCED_CLOSED: NtStatus = 0xC000_00B6_u32.cast_signed();
