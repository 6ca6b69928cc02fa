//! The sending half of a connection: what is staged, and what is in flight.

use core::task::{Context, Poll};

use super::backlog::{Backlog, MOST};
use super::capability::Known;
use super::events::Events;
use super::op::Completion;
use super::provider::Provider;
use super::send_slot::Slot;
use super::socket::Socket;
use super::status;
use crate::io::{Error, Kind, NtStatus, Phase};
use crate::nt::shared::Shared;

/// Buffers to send from. There is one; once a caller fills it, more are added, so that several
/// sends are in flight: WSK completes a send when the server has it, so one at a time would give
/// one buffer for each round trip. How much is in flight is up to the transport's ideal send backlog.
///
/// Sends complete in order, so what follows a send that has failed is lost; one that may be sent
/// again, because it was refused for its form or sent in part, must therefore be alone in flight.
pub(super) struct Sender {
    slots: [Option<Slot>; MAX_SLOTS],
    /// The slot that is being filled; idle, unless every slot is in flight.
    current: usize,
    backlog: Backlog,
    /// Whether the socket takes WSK_FLAG_NODELAY: one socket may, and another of the provider not.
    no_delay: Known,
    /// The slot whose operation disconnects.
    ending: Option<usize>,
    failed: Option<Error>,
}

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
        let no_delay = match provider.no_delay().is_possible() {
            true => Known::Untried,
            false => Known::Lacks,
        };
        Ok(Self {
            slots,
            current: 0,
            backlog: Backlog::new(),
            no_delay,
            ending: None,
            failed: None,
        })
    }

    /// Room behind what is staged; none while all buffers are in flight. What fills the first and
    /// is not flushed goes on in another one, to be sent with it as one chain.
    pub(super) fn output(&mut self) -> &mut [u8] {
        match self.slots.get_mut(self.current) {
            Some(Some(slot)) if slot.is_idle() => {
                let chains = self.current == 0 && slot.op.provider().chains().is_possible();
                if chains && slot.output().is_empty() {
                    slot.extend(FURTHER_SIZE);
                }
                slot.output()
            }
            _ => &mut [],
        }
    }

    /// Adds `n` bytes of the output to what is staged.
    pub(super) fn stage(&mut self, n: usize) {
        if let Some(Some(slot)) = self.slots.get_mut(self.current)
            && slot.is_idle()
        {
            slot.stage(n);
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
            let Some(Some(slot)) = self.slots.get(self.current) else {
                return Poll::Pending;
            };
            if slot.is_idle() {
                if slot.is_unused() {
                    return Poll::Ready(Ok(()));
                }
                if !self.may_send(slot) {
                    // Each that is in flight will wake.
                    return Poll::Pending;
                }
                self.send(socket)?;
                // It may have completed within the call.
                self.look_at_all(socket, cx)?;
            }
            match self.idle() {
                Some(index) => self.current = index,
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
        if self.in_flight().next().is_none() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// Sends what is staged and FIN behind it, if that is all that is left to be sent and the provider
    /// surely takes it in one piece.
    pub(super) fn disconnect_with_last(&mut self, socket: &Socket) -> bool {
        let busy = self.failed.is_some() || self.in_flight().next().is_some();
        let Some(Some(slot)) = self.slots.get_mut(self.current) else {
            return false;
        };
        let chains = slot.op.provider().chains().known() == Known::Has;
        if busy || slot.staged() == 0 || slot.is_chain() && !chains {
            return false;
        }
        slot.disconnect(socket, chains);
        self.ending = Some(self.current);
        true
    }

    /// Sends FIN, if nothing is staged or in flight.
    pub(super) fn disconnect(&mut self, socket: &Socket) -> bool {
        if !self.slots.iter().flatten().all(Slot::is_unused) {
            return false;
        }
        let Some(Some(first)) = self.slots.first_mut() else {
            return false;
        };
        // SAFETY: there is no buffer.
        unsafe { socket.disconnect(&mut first.op, core::ptr::null_mut(), 0) };
        self.ending = Some(0);
        true
    }

    /// The result of what one of the two has begun.
    pub(super) fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        let slot = self.ending.and_then(|index| self.slots.get_mut(index));
        match slot {
            Some(Some(slot)) => slot.poll(cx),
            _ => Poll::Pending,
        }
    }

    /// Gives back the buffers that were added, if nothing is staged or in flight.
    pub(super) fn trim(&mut self) {
        if self.slots.iter().flatten().all(Slot::is_unused) {
            self.slots.iter_mut().skip(1).for_each(|slot| *slot = None);
            self.current = 0;
            if let Some(Some(first)) = self.slots.first_mut() {
                first.trim();
            }
            self.backlog.trim();
        }
    }

    fn in_flight(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten().filter(|slot| !slot.is_idle())
    }

    /// Whether what is staged in `slot` may be sent besides what is in flight.
    fn may_send(&self, slot: &Slot) -> bool {
        let chains = slot.op.provider().chains().known();
        let mut bytes = 0;
        for other in self.in_flight() {
            let refusable = other.no_delay && self.no_delay == Known::Untried
                || other.chained && chains == Known::Untried;
            if refusable || other.is_split() {
                return false;
            }
            bytes += other.in_flight();
        }
        let untried =
            self.no_delay == Known::Untried || slot.is_chain() && chains == Known::Untried;
        bytes == 0 || !untried && bytes < self.backlog.bytes()
    }

    fn send(&mut self, socket: Option<&Socket>) -> Result<(), Error> {
        let socket = socket.ok_or(super::transport::GONE.in_phase(Phase::Send))?;
        let no_delay = self.no_delay != Known::Lacks;
        let Some(Some(slot)) = self.slots.get_mut(self.current) else {
            return Ok(());
        };
        let provider = slot.op.provider().clone();
        let filled = slot.is_filled();
        slot.send(socket, provider.chains().is_possible(), no_delay);
        if filled {
            self.backlog.ask(&provider, socket);
            let bytes: usize = self.in_flight().map(Slot::in_flight).sum();
            if self.idle().is_none() && bytes < self.backlog.bytes() {
                self.add_slot(&provider);
            }
        }
        Ok(())
    }

    /// Takes the results that are there, and has the others wake.
    fn look_at_all(&mut self, socket: Option<&Socket>, cx: &mut Context<'_>) -> Result<(), Error> {
        self.backlog.look(cx);
        if let Some(bytes) = socket.and_then(Socket::events).and_then(Events::backlog) {
            self.backlog.is_told(bytes);
        }
        let mut index = 0;
        while self.failed.is_none() && index < MAX_SLOTS {
            if let Err(error) = self.look(index, socket, cx) {
                self.failed = Some(error);
            }
            index += 1;
        }
        self.failed.map_or(Ok(()), Err)
    }

    /// Takes the result of a send, if there is one to take, and sends again what was refused for its
    /// form, and what is left of it.
    fn look(
        &mut self,
        index: usize,
        socket: Option<&Socket>,
        cx: &mut Context<'_>,
    ) -> Result<(), Error> {
        if self.ending.is_some() {
            return Ok(());
        }
        let alone = self.in_flight().count() == 1;
        let Some(Some(slot)) = self.slots.get_mut(index) else {
            return Ok(());
        };
        while !slot.is_idle() {
            let wanted = slot.in_flight();
            let Poll::Ready(done) = slot.poll(cx) else {
                return Ok(());
            };
            let provider = slot.op.provider();
            if !done.is_success() {
                if !alone || done.information > 0 {
                    return Err(status::map(Phase::Send, done.status));
                }
                if slot.no_delay
                    && self.no_delay == Known::Untried
                    && done.status == STATUS_NOT_SUPPORTED
                {
                    self.no_delay = Known::Lacks;
                    provider.no_delay().is_refused();
                } else if slot.chained
                    && provider.chains().known() == Known::Untried
                    && is_refusal(done.status)
                {
                    provider.chains().is_refused();
                } else {
                    return Err(status::map(Phase::Send, done.status));
                }
                slot.has_sent(0);
            } else {
                if slot.no_delay {
                    self.no_delay = Known::Has;
                }
                if slot.chained {
                    provider.chains().works();
                }
                check(done, wanted, alone)?;
                slot.has_sent(done.information);
            }
            if slot.staged() > 0 {
                let chains = slot.op.provider().chains().is_possible();
                let socket = socket.ok_or(super::transport::GONE.in_phase(Phase::Send))?;
                slot.send(socket, chains, self.no_delay != Known::Lacks);
            }
        }
        Ok(())
    }

    fn idle(&self) -> Option<usize> {
        let idle = |slot: &Option<Slot>| slot.as_ref().is_some_and(Slot::is_idle);
        self.slots.iter().position(idle)
    }

    /// Adds a buffer, if there is memory and there are not too many.
    fn add_slot(&mut self, provider: &Shared<Provider>) {
        if let Some(free) = self.slots.iter_mut().find(|slot| slot.is_none()) {
            *free = Slot::try_new(provider, FURTHER_SIZE).ok();
        }
    }
}

/// A send that has succeeded has sent all, or must have been alone for the rest to follow.
fn check(done: Completion, wanted: usize, alone: bool) -> Result<(), Error> {
    let all = done.information == wanted;
    let part = done.information > 0 && done.information < wanted;
    if all || part && alone {
        Ok(())
    } else {
        Err(PARTLY)
    }
}

/// Whether a chain of MDLs may be the reason. Wine has the last.
const fn is_refusal(status: NtStatus) -> bool {
    matches!(
        status,
        STATUS_NOT_SUPPORTED | STATUS_INVALID_PARAMETER | STATUS_UNSUCCESSFUL
    )
}

const PARTLY: Error = Error::new(
    Phase::Send,
    Kind::IoFailed,
    "the network stack has sent less than it was given",
);

const MAX_SLOTS: usize = MOST / FURTHER_SIZE;
/// A TLS record with its largest expansion has 16 KiB + 261 bytes.
const FIRST_SIZE: usize = 17 * 1024;
const FURTHER_SIZE: usize = 64 * 1024;

const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();
const STATUS_INVALID_PARAMETER: NtStatus = 0xC000_000D_u32.cast_signed();
const STATUS_UNSUCCESSFUL: NtStatus = 0xC000_0001_u32.cast_signed();
