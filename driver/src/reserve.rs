//! Memory for code that cannot be told that there is none.
//!
//! rustls and webpki allocate as if memory never ended; where it does, Rust stops the machine. So they
//! are entered through [`promise`] alone, which first sets an arena of nonpaged pool aside for the
//! calling thread. While pool has memory the arena is not touched. When it has none, the allocator
//! takes from the arena. If something of it is still in use when the call has returned, `promise` says
//! so: what was made is given up then, and with it the connection that it belongs to, whose memory
//! goes back to the arena.
//!
//! ```text
//! promise(need) ── is an arena free that is large enough? ── no ──► one from pool ──► none: no memory
//!                    │ yes                                             │
//!                    └────────────────► work ◄─────────────────────────┘
//!                                        │ pool fails: Allocator ──► take
//!                           still in use? ── yes: no memory ── no: done
//! ```
//! The standing arenas are as many as threads enter rustls at a time, so that a call with an ordinary
//! need is refused only while connections that failed still hold them.

use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use linked_list_allocator::Heap;
use wdk_sys::ntddk::PsGetCurrentThreadId;
use wskhttp_core::io::Error;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::lock::SpinLock;
use wskhttp_core::nt::pool::{NO_MEMORY, NonPaged};

/// Makes `count` standing arenas. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// No memory; there are none then.
pub(crate) fn fill(passive: Passive, count: usize) -> Result<(), Error> {
    for _ in 0..count {
        let added = Arena::new(STANDING, NOBODY, true).and_then(add);
        if let Err(error) = added {
            empty(passive);
            return Err(error);
        }
    }
    Ok(())
}

/// Frees the standing arenas. Nothing of them is in use any more.
pub(crate) fn empty(_passive: Passive) {
    loop {
        let taken = ARENAS.lock().iter_mut().find_map(Place::take);
        if taken.is_none() {
            return;
        }
    }
}

/// Runs `work`, which may have `need` bytes in use without being able to fail: a quarter of that is
/// for holes. IRQL: PASSIVE_LEVEL, and not
/// within `work`.
///
/// # Errors
/// No memory: `work` was not run, or what it made is to be dropped.
pub(crate) fn promise(need: usize, work: &mut dyn FnMut()) -> Result<(), Error> {
    let thread = current_thread();
    if !claim(thread, need) {
        add(Arena::new(need, thread, false)?)?;
    }
    work();
    release(thread)
}

/// A block from the calling thread's arena; null if it has none, or not as much. IRQL <=
/// DISPATCH_LEVEL.
pub(crate) fn take(layout: Layout) -> *mut u8 {
    let thread = current_thread();
    let mut arenas = ARENAS.lock();
    let mut all = arenas.iter_mut().filter_map(|place| place.arena.as_mut());
    all.find(|arena| arena.owner == thread)
        .map_or(null_mut(), |arena| arena.take(layout))
}

/// Gives a block back; false if it is not from here. IRQL <= DISPATCH_LEVEL.
///
/// # Safety
/// `block` was allocated with `layout`, and is used no more.
pub(crate) unsafe fn give_back(block: *mut u8, layout: Layout) -> bool {
    // Whoever has a block of an arena has seen it counted.
    if BLOCKS.load(Relaxed) == 0 || !RANGES.iter().any(|range| range.has(block)) {
        return false;
    }
    let mut over = None;
    for place in &mut *ARENAS.lock() {
        if let Some(arena) = &mut place.arena
            && arena.has(block)
        {
            // SAFETY: the arena's, by the contract.
            unsafe { arena.give_back(block, layout) };
            over = place.take_if_over();
            break;
        }
    }
    drop(over);
    true
}

/// A piece of nonpaged pool.
struct Arena {
    heap: Heap,
    memory: NonPaged,
    /// What is to be seen of it without the lock.
    range: &'static Range,
    /// The thread that it is promised to.
    owner: usize,
    standing: bool,
    /// Blocks in use.
    blocks: usize,
}

impl Arena {
    fn new(size: usize, owner: usize, standing: bool) -> Result<Self, Error> {
        let memory = NonPaged::try_new(size, false)?;
        let mut heap = Heap::empty();
        // SAFETY: memory that stays as long as the heap, and that nothing else uses.
        unsafe { heap.init(memory.as_ptr(), memory.len()) };
        Ok(Self {
            heap,
            memory,
            range: &NOWHERE,
            owner,
            standing,
            blocks: 0,
        })
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        let Ok(block) = self.heap.allocate_first_fit(layout) else {
            return null_mut();
        };
        self.blocks = self.blocks.saturating_add(1);
        BLOCKS.fetch_add(1, Relaxed);
        block.as_ptr()
    }

    /// # Safety
    /// `block` came from `take` with `layout`, and is used no more.
    unsafe fn give_back(&mut self, block: *mut u8, layout: Layout) {
        if let Some(block) = NonNull::new(block) {
            // SAFETY: by the contract.
            unsafe { self.heap.deallocate(block, layout) };
            self.blocks = self.blocks.saturating_sub(1);
            BLOCKS.fetch_sub(1, Relaxed);
        }
    }

    fn has(&self, block: *mut u8) -> bool {
        (block as usize).wrapping_sub(self.memory.as_ptr() as usize) < self.memory.len()
    }

    fn is_free(&self) -> bool {
        self.owner == NOBODY && self.blocks == 0
    }

    fn is_over(&self) -> bool {
        self.is_free() && !self.standing
    }
}

/// A place for an arena.
struct Place {
    arena: Option<Arena>,
}

impl Place {
    fn take(&mut self) -> Option<Arena> {
        if let Some(arena) = &self.arena {
            arena.range.hide();
        }
        self.arena.take()
    }

    fn take_if_over(&mut self) -> Option<Arena> {
        let over = self.arena.as_ref().is_some_and(Arena::is_over);
        if over { self.take() } else { None }
    }
}

/// Where an arena lies. An arena stays as long as one of its blocks: who asks for a block of their own
/// gets the right answer, whatever else happens to the place.
struct Range {
    base: AtomicUsize,
    size: AtomicUsize,
}

impl Range {
    const fn new() -> Self {
        Self {
            base: AtomicUsize::new(0),
            size: AtomicUsize::new(0),
        }
    }

    /// Under the lock.
    fn show(&self, base: *mut u8, size: usize) {
        self.size.store(size, Release);
        self.base.store(base as usize, Release);
    }

    /// Under the lock.
    fn hide(&self) {
        self.base.store(0, Release);
    }

    fn has(&self, block: *mut u8) -> bool {
        let base = self.base.load(Acquire);
        let size = self.size.load(Acquire);
        base != 0 && (block as usize).wrapping_sub(base) < size && self.base.load(Acquire) == base
    }
}

/// Promises an arena that is there to `thread`, if one fits.
fn claim(thread: usize, need: usize) -> bool {
    let mut arenas = ARENAS.lock();
    let mut all = arenas.iter_mut().filter_map(|place| place.arena.as_mut());
    let Some(arena) = all.find(|arena| arena.is_free() && arena.memory.len() >= need) else {
        return false;
    };
    arena.owner = thread;
    true
}

/// Ends the promise to `thread`. An error if something of its arena is still in use.
fn release(thread: usize) -> Result<(), Error> {
    let mut held = false;
    let mut over = None;
    for place in &mut *ARENAS.lock() {
        if let Some(arena) = &mut place.arena
            && arena.owner == thread
        {
            arena.owner = NOBODY;
            held = arena.blocks > 0;
            over = place.take_if_over();
            break;
        }
    }
    drop(over);
    if held { Err(NO_MEMORY) } else { Ok(()) }
}

fn add(arena: Arena) -> Result<(), Error> {
    let mut arenas = ARENAS.lock();
    let (place, range) = arenas
        .iter_mut()
        .zip(&RANGES)
        .find(|(place, _)| place.arena.is_none())
        .ok_or(NO_MEMORY)?;
    range.show(arena.memory.as_ptr(), arena.memory.len());
    place.arena = Some(Arena { range, ..arena });
    Ok(())
}

fn current_thread() -> usize {
    // SAFETY: no argument; callable at any IRQL.
    unsafe { PsGetCurrentThreadId() }.addr()
}

const NOBODY: usize = 0;

/// Bytes of a standing arena.
const STANDING: usize = 128 * 1024;

const MOST: usize = 16;

static NOWHERE: Range = Range::new();

static RANGES: [Range; MOST] = [const { Range::new() }; MOST];

static ARENAS: SpinLock<[Place; MOST]> = SpinLock::new([const { Place { arena: None } }; MOST]);

/// Blocks of all arenas that are in use.
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
