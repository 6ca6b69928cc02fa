//! Buffers of the client: ranges of MDL chains.

use std::hash::{DefaultHasher, Hasher as _};

use wskhttp_core::wsk::sys::WSK_BUF;

use super::*;

const LOCKED: i16 = crate::mdl::flag::PAGES_LOCKED;
const LOCKED_TO_WRITE: i16 = LOCKED | crate::mdl::flag::WRITE_OPERATION;

/// The memory that a WSK_BUF describes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    parts: Vec<Part>,
    /// Where the WSK_BUF was, and what it said.
    buffer: (usize, Description),
    /// The first MDL has a next one, needed or not.
    pub(super) goes_on: bool,
    pub(super) len: usize,
    /// How much was sent from it, or received into it.
    pub(super) done: usize,
    /// What it held when it was given, if that is to be sent.
    sum: Option<u64>,
}

/// MDL, offset and length of a WSK_BUF.
type Description = (usize, u32, u64);

/// # Safety
/// Readable.
unsafe fn describe(buffer: *const WSK_BUF) -> Description {
    // SAFETY: by the contract.
    let buffer = unsafe { buffer.read_volatile() };
    (buffer.Mdl.addr(), buffer.Offset, buffer.Length)
}

#[derive(Clone, Copy, Debug)]
struct Part {
    mdl: usize,
    address: usize,
    len: usize,
}

impl Chain {
    /// The memory of `buffer`, after the rules for buffers.
    ///
    /// # Safety
    /// `buffer` is readable.
    pub(super) unsafe fn new(name: &str, buffer: PWSK_BUF) -> Self {
        // SAFETY: by the contract.
        let said = unsafe { describe(buffer) };
        let at = buffer.expose_provenance();
        // SAFETY: by the contract.
        let buffer = unsafe { *buffer };
        let mut chain = Self {
            len: buffer.Length as usize,
            buffer: (at, said),
            ..Self::default()
        };
        let mut offset = buffer.Offset as usize;
        let mut left = chain.len;
        let mut mdl = buffer.Mdl;
        if mdl.is_null() && left == 0 {
            return chain;
        }
        loop {
            if mdl.is_null() && !chain.parts.is_empty() {
                rule::WSK_29.demand(false, || {
                    format!("{name} with a chain of MDLs shorter than Length")
                });
                chain.len -= left;
                return chain;
            }
            let known = with(|s| {
                let mdl = s.mdls.get(&mdl.addr())?;
                Some((mdl.address, mdl.len, mdl.resident, mdl.of_driver))
            });
            let Some((address, room, resident, of_driver)) = known else {
                breach(&format!("rule 29: {name} with an MDL that is not there"));
            };
            // SAFETY: an MDL that is there, looked up above.
            let for_reading = of_driver && unsafe { (*mdl).MdlFlags } & LOCKED_TO_WRITE == LOCKED;
            if for_reading && name == "WskReceive" {
                rule::WSK_32.broken("WskReceive into pages that are locked for reading");
            }
            if !resident {
                breach(&format!(
                    "rule 28: {name} with an MDL of memory that is neither locked nor nonpaged"
                ));
            }
            let first = chain.parts.is_empty();
            if first {
                // SAFETY: an MDL that is there, looked up above.
                chain.goes_on = unsafe { !(*mdl).Next.is_null() };
            }
            if first && offset >= room.max(1) {
                breach(&format!(
                    "rule 29: {name} with an offset outside the first MDL"
                ));
            }
            if of_driver && !with(|s| crate::ex::is_pool(s, address, room)) {
                breach(&format!(
                    "rule 30: {name} with an MDL of memory that is freed"
                ));
            }
            let len = left.min(room - offset);
            chain.parts.push(Part {
                mdl: mdl.addr(),
                address: address + offset,
                len,
            });
            left -= len;
            offset = 0;
            if left == 0 {
                return chain;
            }
            // SAFETY: an MDL that is there, looked up above.
            mdl = unsafe { (*mdl).Next };
        }
    }

    /// It is to be sent: nothing in it may change.
    pub(super) fn seal(mut self) -> Self {
        self.sum = Some(self.sum());
        self
    }

    /// Whether something has changed since it was sealed.
    pub(super) fn is_changed(&self) -> bool {
        self.sum.is_some_and(|sum| sum != self.sum())
    }

    /// Whether the WSK_BUF is still what it was (without rule 31).
    pub(super) fn is_described(&self) -> bool {
        let (at, said) = self.buffer;
        let buffer = std::ptr::with_exposed_provenance(at);
        // SAFETY: without rule 31 it stays until the request is over.
        at == 0 || unsafe { describe(buffer) } == said
    }

    fn sum(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for part in &self.parts {
            let from: *const u8 = std::ptr::with_exposed_provenance(part.address);
            // SAFETY: rules 28 to 30: memory that stays until the request is over.
            hasher.write(unsafe { std::slice::from_raw_parts(from, part.len) });
        }
        hasher.finish()
    }

    pub(super) fn left(&self) -> usize {
        self.len - self.done
    }

    /// Whether `mdl` is one of the chain's.
    pub(super) fn has(&self, mdl: usize) -> bool {
        self.parts.iter().any(|part| part.mdl == mdl)
    }

    /// Whether a part of it lies in the range.
    pub(super) fn overlaps(&self, address: usize, len: usize) -> bool {
        let meets = |part: &Part| part.address < address + len && address < part.address + part.len;
        self.parts.iter().any(meets)
    }

    /// The memory of the next `n` bytes, which count as done.
    fn next(&mut self, n: usize) -> Vec<(usize, usize)> {
        let mut ranges = Vec::new();
        let mut skip = self.done;
        let mut left = n;
        for part in &self.parts {
            let from = skip.min(part.len);
            skip -= from;
            let here = left.min(part.len - from);
            ranges.push((part.address + from, here));
            left -= here;
        }
        self.done += n - left;
        ranges
    }

    /// Moves the next `n` bytes to the end of `to`.
    pub(super) fn take(&mut self, n: usize, to: &mut VecDeque<u8>) {
        for (address, len) in self.next(n) {
            let from: *const u8 = std::ptr::with_exposed_provenance(address);
            // SAFETY: rules 28 to 30: memory that stays until the request is over.
            to.extend(unsafe { std::slice::from_raw_parts(from, len) });
        }
    }

    /// Writes the next bytes.
    pub(super) fn put(&mut self, mut from: &[u8]) {
        for (address, len) in self.next(from.len()) {
            let to: *mut u8 = std::ptr::with_exposed_provenance_mut(address);
            let (now, later) = from.split_at(len);
            // SAFETY: rules 28 to 30: memory that stays until the request is over.
            unsafe { to.copy_from_nonoverlapping(now.as_ptr(), len) };
            from = later;
        }
    }
}
