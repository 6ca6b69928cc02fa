//! The sending half of a connection: what is staged, and what is in flight.

use core::task::{Context, Poll};

use super::capability::Known;
use super::cursor::Cursor;
use super::op::{Op, Payload};
use super::provider::Provider;
use super::socket::Socket;
use super::status;
use super::sys::{WSK_BUF, WSK_FLAG_NODELAY};
use crate::io::{Error, NtStatus, Phase};
use crate::nt::mdl::IoBuffer;
use crate::nt::shared::Shared;

/// Buffers to send from. There is one; once a caller fills it, more are added, so that several
/// sends are in flight: WSK completes a send when the server has it, so one at a time would give
/// one buffer for each round trip.
pub(super) struct Sender {
    slots: [Option<Slot>; MAX_SLOTS],
    /// The slot that is being filled; idle, unless every slot is in flight.
    current: usize,
    failed: Option<Error>,
}

struct Slot {
    op: Op<SendBuffer>,
    /// What is staged, or in flight.
    data: Cursor,
    /// Sent with WSK_FLAG_NODELAY.
    no_delay: bool,
}

/// Payload of a send.
pub(super) struct SendBuffer(IoBuffer);

impl Payload for SendBuffer {}

impl Sender {
    /// One empty buffer.
    ///
    /// # Errors
    /// [`crate::nt::pool::NO_MEMORY`].
    pub(super) fn try_new(provider: &Shared<Provider>) -> Result<Self, Error> {
        let mut slots = [const { None }; MAX_SLOTS];
        if let Some(first) = slots.first_mut() {
            *first = Some(Slot::try_new(provider, FIRST_SIZE)?);
        }
        Ok(Self {
            slots,
            current: 0,
            failed: None,
        })
    }

    /// Room in the buffer that is being filled; none while all are in flight.
    pub(super) fn output(&mut self) -> &mut [u8] {
        match self.slots.get_mut(self.current) {
            Some(Some(slot)) if slot.op.is_idle() => slot.output(),
            _ => &mut [],
        }
    }

    /// Adds `n` bytes of the output to what is staged.
    pub(super) fn stage(&mut self, n: usize) {
        if let Some(Some(slot)) = self.slots.get_mut(self.current)
            && slot.op.is_idle()
        {
            let capacity = slot.op.payload().0.len();
            slot.data.append(n, capacity);
        }
    }

    /// Hands what is staged to the network stack; ready once there is room again.
    pub(super) fn poll_flush(
        &mut self,
        socket: Option<&Socket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        loop {
            self.look_at_all(socket, cx)?;
            let Some(Some(slot)) = self.slots.get_mut(self.current) else {
                return Poll::Pending;
            };
            if slot.op.is_idle() {
                if slot.data.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let untried = slot.op.provider().no_delay().known() == Known::Untried;
                if untried && self.slots.iter().flatten().any(|slot| !slot.op.is_idle()) {
                    // A send that is refused must be alone, to be sent again in its place.
                    return Poll::Pending;
                }
                let Some(Some(slot)) = self.slots.get_mut(self.current) else {
                    return Poll::Pending;
                };
                let capacity = slot.op.payload().0.len();
                let was_filled = slot.data.room(capacity) < capacity / 4;
                slot.submit(socket)?;
                // It may have completed within the call.
                self.look_at_all(socket, cx)?;
                if was_filled && self.idle().is_none() {
                    self.add_slot();
                }
            }
            match self.idle() {
                Some(index) => self.current = index,
                // Each that is in flight will wake.
                None => return Poll::Pending,
            }
        }
    }

    /// Ready once nothing is in flight.
    pub(super) fn poll_sent(
        &mut self,
        socket: Option<&Socket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.look_at_all(socket, cx)?;
        if self.slots.iter().flatten().all(|slot| slot.op.is_idle()) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// An idle operation for another use, if nothing is in flight.
    pub(super) fn operation(&mut self) -> Option<&mut Op<SendBuffer>> {
        let first = self.slots.first_mut()?.as_mut()?;
        Some(&mut first.op)
    }

    /// Gives back the buffers that were added, if nothing is staged or in flight.
    pub(super) fn trim(&mut self) {
        let unused = |slot: &Slot| slot.op.is_idle() && slot.data.is_empty();
        if self.slots.iter().flatten().all(unused) {
            self.slots.iter_mut().skip(1).for_each(|slot| *slot = None);
            self.current = 0;
        }
    }

    /// Takes the results that are there, and has the others wake.
    fn look_at_all(&mut self, socket: Option<&Socket>, cx: &mut Context<'_>) -> Result<(), Error> {
        let in_flight = |slot: &&Slot| !slot.op.is_idle();
        let alone = self.slots.iter().flatten().filter(in_flight).count() == 1;
        for slot in self.slots.iter_mut().flatten() {
            if self.failed.is_none()
                && let Err(error) = slot.look(alone, socket, cx)
            {
                self.failed = Some(error);
            }
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn idle(&self) -> Option<usize> {
        let idle = |slot: &Option<Slot>| slot.as_ref().is_some_and(|slot| slot.op.is_idle());
        self.slots.iter().position(idle)
    }

    /// Adds a buffer, if there is memory and there are not too many.
    fn add_slot(&mut self) {
        let Some(Some(first)) = self.slots.first() else {
            return;
        };
        let provider = first.op.provider().clone();
        if let Some(free) = self.slots.iter_mut().find(|slot| slot.is_none()) {
            *free = Slot::try_new(&provider, FURTHER_SIZE).ok();
        }
    }
}

impl Slot {
    fn try_new(provider: &Shared<Provider>, size: usize) -> Result<Self, Error> {
        Ok(Self {
            op: Op::try_new(provider, SendBuffer(IoBuffer::try_new(size, true)?))?,
            data: Cursor::default(),
            no_delay: false,
        })
    }

    /// Only while idle.
    fn output(&mut self) -> &mut [u8] {
        let buffer = &self.op.payload().0;
        let room = self.data.room(buffer.len());
        let free = buffer.as_ptr().wrapping_add(self.data.end());
        // SAFETY: initialised when it was allocated; no send is in flight, and the borrow is ours.
        unsafe { core::slice::from_raw_parts_mut(free, room) }
    }

    fn submit(&mut self, socket: Option<&Socket>) -> Result<(), Error> {
        let socket = socket.ok_or(super::transport::GONE.in_phase(Phase::Send))?;
        self.no_delay = self.op.provider().no_delay().is_possible();
        let flags = if self.no_delay { WSK_FLAG_NODELAY } else { 0 };
        let mut buffer = WSK_BUF {
            Mdl: self.op.payload().0.mdl(),
            Offset: self.data.start() as _,
            Length: self.data.len() as _,
        };
        // SAFETY: a part of a buffer that the operation owns; nobody touches it until the
        // operation is over.
        unsafe { socket.send(&mut self.op, &raw mut buffer, flags) };
        Ok(())
    }

    /// Takes the result of a send, if there is one to take. `alone`: no other is in flight.
    fn look(
        &mut self,
        alone: bool,
        socket: Option<&Socket>,
        cx: &mut Context<'_>,
    ) -> Result<(), Error> {
        while !self.op.is_idle() {
            let Poll::Ready(done) = self.op.poll(cx) else {
                return Ok(());
            };
            if done.status == STATUS_NOT_SUPPORTED && self.no_delay && alone {
                self.op.provider().no_delay().is_refused();
                self.submit(socket)?;
                continue;
            }
            // A send is over when everything was sent.
            if !done.is_success() || done.information != self.data.len() {
                return Err(status::map(Phase::Send, done.status));
            }
            if self.no_delay {
                self.op.provider().no_delay().works();
            }
            self.data = Cursor::default();
        }
        Ok(())
    }
}

const MAX_SLOTS: usize = 4;
/// A TLS record with its largest expansion has 16 KiB + 261 bytes.
const FIRST_SIZE: usize = 17 * 1024;
const FURTHER_SIZE: usize = 64 * 1024;

const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();
