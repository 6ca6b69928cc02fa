//! Paged pool: memory that is taken away while the thread that runs is at DISPATCH_LEVEL or above, as
//! Driver Verifier's Force IRQL Checking does.

use std::ptr::null_mut;

use crate::asan;
use crate::sched::DISPATCH;
use crate::state::State;

/// The paged pool of a run. What is freed is not used again.
pub(crate) struct Paged {
    start: *mut u8,
    used: usize,
    hidden: bool,
}

/// Address space for it.
const ROOM: usize = 4 << 20;

impl Paged {
    fn new() -> Option<Self> {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, ANONYMOUS);
        // SAFETY: new memory, wherever there is room.
        let start = unsafe { libc::mmap(null_mut(), ROOM, access, kind, -1, 0) };
        let new = Self {
            start: start.cast(),
            used: 0,
            hidden: false,
        };
        (start != libc::MAP_FAILED).then_some(new)
    }

    fn contains(&self, address: usize) -> bool {
        (self.start.addr()..self.start.addr() + ROOM).contains(&address)
    }
}

impl Drop for Paged {
    fn drop(&mut self) {
        asan::allow(self.start, ROOM);
        // SAFETY: mapped by `new`, and the run is over.
        unsafe { libc::munmap(self.start.cast(), ROOM) };
    }
}

/// Memory of the paged pool; null if there is no more.
pub(crate) fn allocate(s: &mut State, size: usize) -> *mut u8 {
    if s.paged.is_none() {
        s.paged = Paged::new();
    }
    let Some(paged) = &mut s.paged else {
        return null_mut();
    };
    let size = size.next_multiple_of(16);
    if size > ROOM - paged.used {
        return null_mut();
    }
    // SAFETY: within the mapping.
    let memory = unsafe { paged.start.add(paged.used) };
    paged.used += size;
    memory
}

/// Whether the address is pageable.
pub(crate) fn is_paged(s: &State, address: usize) -> bool {
    s.paged
        .as_ref()
        .is_some_and(|paged| paged.contains(address))
}

/// Takes the memory away or gives it back, by the IRQL of the thread that runs.
pub(crate) fn follow(s: &mut State) {
    let high = s.current.is_some_and(|id| s.threads[id].irql >= DISPATCH);
    let Some(paged) = &mut s.paged else {
        return;
    };
    if paged.hidden != high {
        paged.hidden = high;
        let access = if high {
            libc::PROT_NONE
        } else {
            libc::PROT_READ | libc::PROT_WRITE
        };
        // SAFETY: mapped by `new`.
        unsafe { libc::mprotect(paged.start.cast(), ROOM, access) };
    }
}

const ANONYMOUS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
