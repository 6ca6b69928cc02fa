//! The run queue: work that is linked in, never allocated for.

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::nt::lock::SpinLock;
use crate::nt::semaphore::Semaphore;

/// The head of a block of memory that can wait in the run queue.
///
/// # Invariants
/// It is the first field of the block, which is `repr(C)`; `run` takes over the reference to the
/// block that the queue held.
#[repr(C)]
pub(crate) struct Item {
    /// Guarded by the queue's lock.
    next: UnsafeCell<*mut Item>,
    run: unsafe fn(ItemRef),
}

impl Item {
    pub(crate) const fn new(run: unsafe fn(ItemRef)) -> Self {
        Self {
            next: UnsafeCell::new(null_mut()),
            run,
        }
    }
}

/// A block that waits in the run queue, or was just taken out.
#[derive(Clone, Copy)]
pub(crate) struct ItemRef(pub(crate) NonNull<Item>);

impl ItemRef {
    /// Does the work. IRQL: PASSIVE_LEVEL.
    ///
    /// # Safety
    /// The item was taken out of the queue, and is run once for that.
    pub(crate) unsafe fn run(self) {
        // SAFETY: items in the queue are alive.
        let run = unsafe { self.0.as_ref() }.run;
        // SAFETY: by the contract.
        unsafe { run(self) };
    }
}

/// First in, first out; wakes sleeping workers.
pub(crate) struct RunQueue {
    list: SpinLock<List>,
    permits: Semaphore,
}

// SAFETY: the links are only followed under the lock; items are alive while they are linked.
unsafe impl Send for RunQueue {}
// SAFETY: as above.
unsafe impl Sync for RunQueue {}

struct List {
    first: *mut Item,
    last: *mut Item,
    /// Workers that wait for a permit, or will, and have not been given one.
    sleepers: u16,
    closed: bool,
}

/// What a worker does next.
pub(crate) enum Next {
    /// Run it.
    Run(ItemRef),
    /// Wait for a permit.
    Sleep,
    /// End: the queue is empty and closed.
    End,
}

impl RunQueue {
    pub(crate) fn new(permits: Semaphore) -> Self {
        Self {
            list: SpinLock::new(List {
                first: null_mut(),
                last: null_mut(),
                sleepers: 0,
                closed: false,
            }),
            permits,
        }
    }

    /// Appends `item`. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// The item is not linked, and its block stays until it has been run.
    pub(crate) unsafe fn push(&self, item: ItemRef) {
        let wake;
        {
            let mut list = self.list.lock();
            // SAFETY: the item is alive; links are guarded by the lock.
            let next = unsafe { item.0.as_ref() }.next.get();
            // SAFETY: guarded by the lock.
            unsafe { *next = null_mut() };
            // SAFETY: linked items are alive.
            match unsafe { list.last.as_ref() } {
                // SAFETY: guarded by the lock.
                Some(last) => unsafe { *last.next.get() = item.0.as_ptr() },
                None => list.first = item.0.as_ptr(),
            }
            list.last = item.0.as_ptr();
            wake = list.sleepers > 0;
            if wake {
                list.sleepers = list.sleepers.saturating_sub(1);
            }
        }
        if wake {
            self.permits.release(1);
        }
    }

    /// Takes the first item. A worker that is told to sleep is counted as asleep from then on.
    pub(crate) fn pop(&self) -> Next {
        let mut list = self.list.lock();
        let Some(first) = NonNull::new(list.first) else {
            if list.closed {
                return Next::End;
            }
            list.sleepers = list.sleepers.saturating_add(1);
            return Next::Sleep;
        };
        // SAFETY: linked items are alive.
        let next = unsafe { first.as_ref() }.next.get();
        // SAFETY: guarded by the lock.
        list.first = unsafe { *next };
        if list.first.is_null() {
            list.last = null_mut();
        }
        Next::Run(ItemRef(first))
    }

    /// What a worker waits on when it is told to sleep.
    pub(crate) fn permits(&self) -> &Semaphore {
        &self.permits
    }

    /// Whether [`RunQueue::close`] was called. IRQL <= DISPATCH_LEVEL.
    pub(crate) fn is_closed(&self) -> bool {
        self.list.lock().closed
    }

    /// Ends every worker that finds the queue empty. IRQL <= DISPATCH_LEVEL.
    pub(crate) fn close(&self) {
        let sleepers = {
            let mut list = self.list.lock();
            list.closed = true;
            core::mem::take(&mut list.sleepers)
        };
        self.permits.release(sleepers);
    }
}

impl fmt::Debug for RunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunQueue")
    }
}
