//! One send: its operation, its memory, and what of it is staged or in flight.

use core::task::{Context, Poll};

use wdk_sys::PMDL;

use super::cursor::Cursor;
use super::op::{Completion, Op, Payload};
use super::provider::Provider;
use super::socket::Socket;
use super::sys::{WSK_BUF, WSK_FLAG_NODELAY};
use crate::io::Error;
use crate::nt::mdl::IoBuffer;
use crate::nt::shared::Shared;

/// A buffer, perhaps with another one behind it, and the operation that sends both.
pub(super) struct Slot {
    pub(super) op: Op<SendBuffer>,
    /// What is staged or in flight, counted through both buffers.
    data: Cursor,
    /// How much of it is in flight.
    sent: usize,
    /// In flight with WSK_FLAG_NODELAY.
    pub(super) no_delay: bool,
    /// In flight as a chain of MDLs.
    pub(super) chained: bool,
}

/// Payload of a send.
///
/// # Invariants
/// The MDL of `second` follows that of `first`.
pub(super) struct SendBuffer {
    first: IoBuffer,
    second: Option<IoBuffer>,
}

impl Payload for SendBuffer {}

impl SendBuffer {
    fn second_len(&self) -> usize {
        self.second.as_ref().map_or(0, IoBuffer::len)
    }

    fn len(&self) -> usize {
        self.first.len() + self.second_len()
    }

    /// The buffer in which byte `at` lies, and where it begins.
    fn part(&self, at: usize) -> (&IoBuffer, usize) {
        match &self.second {
            Some(second) if at >= self.first.len() => (second, self.first.len()),
            _ => (&self.first, 0),
        }
    }
}

impl Slot {
    /// An empty buffer of `size` bytes.
    ///
    /// # Errors
    /// [`crate::nt::pool::NO_MEMORY`].
    pub(super) fn try_new(provider: &Shared<Provider>, size: usize) -> Result<Self, Error> {
        let buffer = SendBuffer {
            first: IoBuffer::try_new(size, true)?,
            second: None,
        };
        Ok(Self {
            op: Op::try_new(provider, buffer)?,
            data: Cursor::default(),
            sent: 0,
            no_delay: false,
            chained: false,
        })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.op.is_idle()
    }

    /// Whether nothing is staged or in flight.
    pub(super) fn is_unused(&self) -> bool {
        self.is_idle() && self.data.is_empty()
    }

    pub(super) fn staged(&self) -> usize {
        if self.is_idle() { self.data.len() } else { 0 }
    }

    pub(super) fn in_flight(&self) -> usize {
        if self.is_idle() { 0 } else { self.sent }
    }

    /// Whether less than all of it is in flight, so that a further send of it has to come next.
    pub(super) fn is_split(&self) -> bool {
        !self.is_idle() && self.sent < self.data.len()
    }

    /// Whether hardly any room is left.
    pub(super) fn is_filled(&self) -> bool {
        let capacity = self.op.payload().len();
        self.data.room(capacity) < capacity / 4
    }

    /// Room behind what is staged, as far as it is in one piece. Only while idle.
    pub(super) fn output(&mut self) -> &mut [u8] {
        let end = self.data.end();
        let (buffer, begins) = self.op.payload().part(end);
        let within = end - begins;
        let free = buffer.as_ptr().wrapping_add(within);
        let room = buffer.len().saturating_sub(within);
        // SAFETY: initialised when it was allocated; no send is in flight, and the borrow is ours.
        unsafe { core::slice::from_raw_parts_mut(free, room) }
    }

    /// Adds `n` bytes of the output to what is staged.
    pub(super) fn stage(&mut self, n: usize) {
        let room = self.output().len();
        let capacity = self.op.payload().len();
        self.data.append(n.min(room), capacity);
    }

    /// Puts another buffer of `size` bytes behind the first, unless there is one or no memory.
    pub(super) fn extend(&mut self, size: usize) {
        let Some(buffer) = self.op.payload_mut() else {
            return;
        };
        if buffer.second.is_none()
            && let Ok(second) = IoBuffer::try_new(size, true)
        {
            buffer.first.set_next(Some(&second));
            buffer.second = Some(second);
        }
    }

    /// Gives the second buffer back. Only while unused.
    pub(super) fn trim(&mut self) {
        if self.is_unused()
            && let Some(buffer) = self.op.payload_mut()
        {
            buffer.first.set_next(None);
            buffer.second = None;
        }
    }

    /// Whether what is staged goes over both buffers.
    pub(super) fn is_chain(&self) -> bool {
        let first = self.op.payload().first.len();
        self.data.start() < first && self.data.end() > first
    }

    /// Sends what is staged, or as much as lies in one buffer if there are to be no `chains`.
    pub(super) fn send(&mut self, socket: &Socket, chains: bool, no_delay: bool) {
        let mut buffer = self.next(chains);
        self.no_delay = no_delay;
        let flags = if no_delay { WSK_FLAG_NODELAY } else { 0 };
        // SAFETY: a part of the buffers that the operation owns; nobody touches them until the
        // operation is over.
        unsafe { socket.send(&mut self.op, &raw mut buffer, flags) };
    }

    /// Sends what is staged, and FIN behind it.
    pub(super) fn disconnect(&mut self, socket: &Socket, chains: bool) {
        let mut buffer = self.next(chains);
        // SAFETY: as for send.
        unsafe { socket.disconnect(&mut self.op, &raw mut buffer, 0) };
    }

    /// What is to be sent next, which counts as in flight.
    fn next(&mut self, chains: bool) -> WSK_BUF {
        let start = self.data.start();
        let is_chain = self.is_chain();
        let (part, begins) = self.op.payload().part(start);
        let mdl: PMDL = part.mdl();
        let offset = start - begins;
        let in_part = part.len() - offset;
        self.chained = is_chain && chains;
        self.sent = match self.chained {
            true => self.data.len(),
            false => self.data.len().min(in_part),
        };
        WSK_BUF {
            Mdl: mdl,
            Offset: offset as _,
            Length: self.sent as _,
        }
    }

    /// The result of what is in flight, if it is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        self.op.poll(cx)
    }

    /// The first `n` bytes have been sent.
    pub(super) fn has_sent(&mut self, n: usize) {
        self.data.consume(n);
        self.data.rewind();
        self.sent = 0;
    }
}
