//! The event callbacks of a socket: how they are enabled, and the data that they have kept.

use core::ptr::{NonNull, null_mut};

use super::events::{self, Kept, NOTHING};
use super::socket::Socket;
use super::sys::{PWSK_DATA_INDICATION, SO_WSK_EVENT_CALLBACK, SOL_SOCKET, WSK_BUF, WskSetOption};
use crate::io::{Error, Kind, NtStatus, Phase};
use crate::nt::mdl::{byte_count, system_address};
use crate::nt::pool::NO_MEMORY;

impl Socket {
    /// Has the socket's callbacks called from now on, if it has some and the provider can
    /// (`network/so-wsk-event-callback`). Only once connected.
    pub(super) fn enable_events(&mut self) {
        let provider = self.handle.provider();
        if self.enabled || self.handle.callbacks().is_none() || !provider.events().is_possible() {
            return;
        }
        let mut control = events::all();
        let Some(function) = self.handle.basic().WskControlSocket else {
            provider.events().is_refused();
            return;
        };
        // SAFETY: by the invariant; without IRP the input is read during the call.
        let status = unsafe {
            function(
                self.as_ptr(),
                WskSetOption,
                SO_WSK_EVENT_CALLBACK,
                SOL_SOCKET,
                size_of_val(&control) as _,
                (&raw mut control).cast(),
                0,
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        match status {
            0.. => {
                provider.events().works();
                self.enabled = true;
            }
            STATUS_NOT_SUPPORTED | STATUS_NOT_IMPLEMENTED => provider.events().is_refused(),
            _ => {}
        }
    }

    /// Copies what the callbacks have kept, as far as there is room; gives how much, 0 if nothing is
    /// kept. What was copied to its end is given back.
    ///
    /// # Errors
    /// Phase `Receive`: nothing was taken. `Kind::NoResources`; `Kind::IoFailed` if less is kept than
    /// WSK said.
    ///
    /// # Safety
    /// `to` is valid for writes of `room` bytes.
    pub(super) unsafe fn take_kept(&self, to: *mut u8, room: usize) -> Result<usize, Error> {
        let Some(events) = self.events() else {
            return Ok(0);
        };
        let kept = events.kept();
        if kept.list.is_null() {
            return Ok(0);
        }
        // SAFETY: kept, so it is ours until it is given back; the room by the contract.
        let (copied, all) = unsafe { copy(kept, to, room) }?;
        if all {
            events.set_kept(NOTHING);
            self.release(kept.list);
        } else {
            let taken = kept.taken + copied;
            events.set_kept(Kept { taken, ..kept });
        }
        Ok(copied)
    }

    /// Gives back what the callbacks have kept, which closing does not
    /// (`wsk/nc-wsk-pfn_wsk_release_data_indication_list`), and has them keep nothing more.
    pub(super) fn give_back(&self) {
        let list = match self.handle.callbacks() {
            Some(events) => events.close(),
            None => null_mut(),
        };
        if !list.is_null() {
            self.release(list);
        }
    }

    fn release(&self, list: PWSK_DATA_INDICATION) {
        if let Some(function) = self.dispatch().WskRelease {
            // SAFETY: by the invariant; the head of a list that was kept, given back once.
            let _always_succeeds = unsafe { function(self.as_ptr(), list) };
        }
    }
}

/// Copies up to `room` bytes of what is left of `kept`; gives how many, and whether that is all.
///
/// # Safety
/// The list is kept, and `to` valid for writes of `room` bytes.
unsafe fn copy(kept: Kept, to: *mut u8, room: usize) -> Result<(usize, bool), Error> {
    let mut skip = kept.taken;
    let mut copied = 0;
    let mut next = kept.list;
    // SAFETY: by the contract.
    while let Some(node) = unsafe { next.as_ref() } {
        let part = node.Buffer;
        let len = part.Length as usize;
        let from = skip.min(len);
        skip -= from;
        let n = (len - from).min(room - copied);
        // SAFETY: a part of the list; there is that much room behind what was copied.
        unsafe { copy_part(part, from, to.wrapping_add(copied), n) }?;
        copied += n;
        if from + n < len {
            return Ok((copied, false));
        }
        next = node.Next;
    }
    Ok((copied, true))
}

/// Copies `n` bytes of `part`, from byte `from` on.
///
/// # Safety
/// `part` is valid and has that many, and `to` is valid for writes of them.
unsafe fn copy_part(part: WSK_BUF, from: usize, to: *mut u8, n: usize) -> Result<(), Error> {
    let mut skip = part.Offset as usize + from;
    let mut copied = 0;
    let mut mdl = part.Mdl;
    while copied < n {
        let this = NonNull::new(mdl).ok_or(SHORT)?;
        // SAFETY: an MDL of the chain.
        let here = unsafe { byte_count(this) };
        let from = skip.min(here);
        skip -= from;
        let len = (here - from).min(n - copied);
        if len > 0 {
            // SAFETY: an MDL of the chain, whose pages are locked or nonpaged.
            let memory = unsafe { system_address(this) };
            let memory = memory.ok_or(NO_MEMORY.in_phase(Phase::Receive))?;
            let memory = memory.as_ptr().wrapping_add(from);
            // SAFETY: within the MDL; the room by the contract; they are not the same memory.
            unsafe { memory.copy_to_nonoverlapping(to.wrapping_add(copied), len) };
            copied += len;
        }
        // SAFETY: an MDL of the chain.
        mdl = unsafe { (*mdl).Next };
    }
    Ok(())
}

const SHORT: Error = Error::new(
    Phase::Receive,
    Kind::IoFailed,
    "the network stack gave less data than it said",
);

const STATUS_NOT_IMPLEMENTED: NtStatus = 0xC000_0002_u32.cast_signed();
const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32.cast_signed();
