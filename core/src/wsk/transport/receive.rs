//! Receiving: into the buffer of the operation, and what callbacks have kept.

use core::task::{Context, Poll};

use super::{End, GONE, TcpTransport};
use crate::io::{Error, Kind, NtStatus, Phase};
use crate::nt::mdl::IoBuffer;
use crate::wsk::events::Watched;
use crate::wsk::socket::Socket;
use crate::wsk::status;
use crate::wsk::sys::{WSK_BUF, WSK_FLAG_WAITALL};

impl TcpTransport {
    pub(super) fn receive_buffer(&self) -> &IoBuffer {
        &self.receive.payload().0
    }

    /// Makes room behind the input, for `needed` bytes if that is possible. Only while nothing writes
    /// there.
    fn make_room(&mut self, needed: usize) -> Result<usize, Error> {
        self.input.rewind();
        let capacity = self.receive_buffer().len();
        let full = self.input.len() == capacity;
        let short = capacity.saturating_sub(self.input.len()) < needed;
        if (self.filled || full || short) && capacity < LARGE_INPUT {
            match IoBuffer::try_new(LARGE_INPUT, false) {
                Ok(larger) => self.move_input(larger),
                Err(error) if full => return Err(error.in_phase(Phase::Receive)),
                // Slower, but it works.
                Err(_) => {}
            }
        }
        self.filled = false;
        let capacity = self.receive_buffer().len();
        if self.input.start() > 0 && self.input.room(capacity) < needed.max(capacity / 2) {
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
    pub(super) fn move_input(&mut self, other: IoBuffer) {
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

    /// Adds what the callbacks have kept to the input; gives how much. Only while nothing is in flight.
    pub(super) fn take_kept(&mut self) -> Result<usize, Error> {
        let Some(events) = self.socket.as_ref().and_then(Socket::events) else {
            return Ok(0);
        };
        if events.kept().list.is_null() {
            return Ok(0);
        }
        let room = self.make_room(0)?;
        let to = self
            .receive_buffer()
            .as_ptr()
            .wrapping_add(self.input.end());
        let Some(socket) = &self.socket else {
            return Ok(0);
        };
        // SAFETY: the room of the buffer, which nobody else uses now.
        let kept = unsafe { socket.take_kept(to, room) }?;
        let capacity = self.receive_buffer().len();
        self.input.append(kept, capacity);
        Ok(kept)
    }

    /// Whether the callbacks watch the connection, so that nothing needs to be posted. `None` if they
    /// cannot.
    pub(super) fn watch(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        let _ = self.poll_empty(cx);
        let events = self.socket.as_ref().and_then(Socket::events)?;
        if self.end.is_some() || !self.receive.is_idle() && !self.empty {
            return None;
        }
        match events.watch(cx) {
            Watched::Quiet => Some(true),
            Watched::Deaf => {
                self.listen_again();
                Some(true)
            }
            Watched::Data => None,
            Watched::Ended => Some(false),
        }
    }

    /// Has WSK tell what comes, after a callback has not taken something: a receive of no bytes
    /// (`wsk/nc-wsk-pfn_wsk_receive_event`).
    fn listen_again(&mut self) {
        let Some(socket) = &self.socket else { return };
        let mut nothing = WSK_BUF {
            Mdl: core::ptr::null_mut(),
            Offset: 0,
            Length: 0,
        };
        self.empty = true;
        // SAFETY: no buffer.
        unsafe { socket.receive(&mut self.receive, &raw mut nothing, 0) };
    }

    /// Ready once no receive of no bytes is in flight.
    fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.empty {
            if self.receive.poll(cx).is_pending() {
                return Poll::Pending;
            }
            // A receive of some bytes will tell of an error.
            self.empty = false;
        }
        Poll::Ready(())
    }

    /// Starts a receive: of `all` bytes, if that is not 0 and the provider can, or of some.
    fn start_receive(&mut self, all: usize) -> Result<(), Error> {
        let can = all > 0 && self.receive.provider().wait_all().is_possible();
        let room = self.make_room(all)?;
        let Some(socket) = &self.socket else {
            return Err(GONE);
        };
        self.all = can && all <= room;
        self.offered = if self.all { all } else { room };
        if let Some(events) = socket.events() {
            events.receives();
        }
        let mut buffer = WSK_BUF {
            Mdl: self.receive.payload().0.mdl(),
            Offset: self.input.end() as _,
            Length: self.offered as _,
        };
        let flags = if self.all { WSK_FLAG_WAITALL } else { 0 };
        // SAFETY: the room of a buffer that the operation owns; nobody else touches it until the
        // operation is over.
        unsafe { socket.receive(&mut self.receive, &raw mut buffer, flags) };
        Ok(())
    }

    /// Waits until some has come, or `all` bytes if that is not 0 and the provider can.
    pub(super) fn poll_receive(
        &mut self,
        all: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, Error>> {
        match self.end {
            Some(End::Clean) => return Poll::Ready(Ok(0)),
            Some(End::Failed(error)) => return Poll::Ready(Err(error)),
            None => {}
        }
        let done = loop {
            if self.receive.is_idle() || self.empty {
                let kept = self.take_kept()?;
                if kept > 0 {
                    return Poll::Ready(Ok(kept));
                }
                if self.poll_empty(cx).is_pending() {
                    return Poll::Pending;
                }
                self.start_receive(all)?;
            }
            let Poll::Ready(done) = self.receive.poll(cx) else {
                return Poll::Pending;
            };
            if !self.all || done.status != STATUS_NOT_SUPPORTED {
                break done;
            }
            self.receive.provider().wait_all().is_refused();
        };
        if !done.is_success() {
            let error = status::map(Phase::Receive, done.status);
            self.end = Some(End::Failed(error));
            self.is_lost(&error);
            return Poll::Ready(Err(error));
        }
        let received = done.information.min(self.offered);
        if received == 0 {
            self.end = Some(End::Clean);
        }
        self.filled = received == self.offered && !self.all;
        let capacity = self.receive_buffer().len();
        self.input.append(received, capacity);
        Poll::Ready(Ok(received))
    }
}

/// How far the buffer grows.
const LARGE_INPUT: usize = 64 * 1024;

const FULL: Error = Error::new(
    Phase::Receive,
    Kind::BufferFull,
    "the receive buffer is full",
);

const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();
