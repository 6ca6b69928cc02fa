//! Timers: one thread, and a list of sleepers that live inside their futures.
//!
//! A `KTIMER` for each sleeper would need its DPC flushed before the memory may go, which only
//! PASSIVE_LEVEL allows and which costs a wait. Here a sleeper is unlinked under a spin lock, and
//! nothing can touch it afterwards.

use core::cell::UnsafeCell;
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::clock::TimeSource;
use super::event::{Event, EventKind};
use super::irql::Passive;
use super::lock::SpinLock;
use super::shared::Shared;
use crate::io::Error;

/// The sleepers, in the order in which they wake.
pub(crate) struct TimerQueue {
    source: TimeSource,
    sleepers: SpinLock<List>,
    /// Set when the earliest sleeper has changed, or to stop.
    changed: Event,
    stop: AtomicBool,
}

// SAFETY: the list's pointers are only followed under its lock, and each points to a pinned node
// that unlinks itself before it goes.
unsafe impl Send for TimerQueue {}
// SAFETY: as above.
unsafe impl Sync for TimerQueue {}

impl TimerQueue {
    pub(crate) fn try_new(source: TimeSource) -> Result<Shared<Self>, Error> {
        Shared::try_new(Self {
            source,
            sleepers: SpinLock::new(List {
                first: null_mut(),
                last: null_mut(),
            }),
            changed: Event::try_new(EventKind::Synchronization)?,
            stop: AtomicBool::new(false),
        })
    }

    pub(crate) fn source(&self) -> &TimeSource {
        &self.source
    }

    /// Wakes sleepers until [`TimerQueue::stop`].
    pub(crate) fn run(&self, passive: Passive) {
        while !self.stop.load(Ordering::Acquire) {
            let bound = self.wake_due();
            self.changed.wait(passive, bound);
        }
    }

    /// Ends [`TimerQueue::run`]. Those who sleep then are not woken any more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.changed.set();
    }

    /// Wakes who is due, and gives the time until the next is.
    fn wake_due(&self) -> Option<Duration> {
        loop {
            let now = self.source.now();
            let mut due: [Option<Waker>; 16] = [const { None }; 16];
            let mut full = true;
            let mut next = None;
            {
                let mut list = self.sleepers.lock();
                for slot in &mut due {
                    let first = list.first;
                    if first.is_null() {
                        full = false;
                        break;
                    }
                    // SAFETY: linked nodes are alive, and guarded by the lock.
                    let node = unsafe { &mut *first };
                    if node.at > now {
                        next = Some(node.at.saturating_sub(now));
                        full = false;
                        break;
                    }
                    *slot = node.waker.take();
                    list.unlink(node);
                }
            }
            due.into_iter().flatten().for_each(Waker::wake);
            if !full {
                return next;
            }
        }
    }
}

impl fmt::Debug for TimerQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimerQueue")
    }
}

/// A future that is ready once its time has come. See [`crate::io::Clock::sleep_until`].
pub struct Sleep {
    queue: Shared<TimerQueue>,
    at: Duration,
    /// Whether the node may be linked; known to the owner alone.
    registered: bool,
    node: UnsafeCell<Node>,
}

// SAFETY: the node is accessed under the queue's lock once it was linked.
unsafe impl Send for Sleep {}
// SAFETY: nothing is done with a shared reference.
unsafe impl Sync for Sleep {}

impl Sleep {
    pub(crate) fn new(queue: Shared<TimerQueue>, at: Duration) -> Self {
        Self {
            queue,
            at,
            registered: false,
            node: UnsafeCell::new(Node {
                at,
                linked: false,
                waker: None,
                previous: null_mut(),
                next: null_mut(),
                _pinned: PhantomPinned,
            }),
        }
    }

    /// Unlinks the node and gives its waker back, to be dropped without the lock.
    fn unlink(&self) -> Option<Waker> {
        let mut list = self.queue.sleepers.lock();
        // SAFETY: guarded by the lock.
        let node = unsafe { &mut *self.node.get() };
        if node.linked {
            list.unlink(node);
        }
        node.waker.take()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved out.
        let this = unsafe { self.get_unchecked_mut() };
        if this.queue.source.now() >= this.at {
            if this.registered {
                this.registered = false;
                drop(this.unlink());
            }
            return Poll::Ready(());
        }
        this.registered = true;
        let waker = cx.waker().clone();
        let old;
        let first;
        {
            let mut list = this.queue.sleepers.lock();
            // SAFETY: guarded by the lock.
            let node = unsafe { &mut *this.node.get() };
            old = node.waker.replace(waker);
            first = !node.linked && list.link(node);
        }
        drop(old);
        if first {
            this.queue.changed.set();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if self.registered {
            drop(self.unlink());
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sleep({:?})", self.at)
    }
}

struct Node {
    at: Duration,
    linked: bool,
    waker: Option<Waker>,
    previous: *mut Node,
    next: *mut Node,
    _pinned: PhantomPinned,
}

/// Doubly linked, earliest first.
///
/// # Invariants
/// Every linked node is alive and pinned: [`Sleep`] unlinks its own before it goes.
struct List {
    first: *mut Node,
    last: *mut Node,
}

impl List {
    /// Links `node`, looking from the end: most sleeps are as long as the one before. True if it
    /// is the earliest now.
    fn link(&mut self, node: &mut Node) -> bool {
        let mut before = self.last;
        // SAFETY: linked nodes are alive.
        while let Some(other) = unsafe { before.as_ref() } {
            if other.at <= node.at {
                break;
            }
            before = other.previous;
        }
        node.linked = true;
        node.previous = before;
        let this: *mut Node = node;
        // SAFETY: linked nodes are alive, and `before` is not `node`.
        let after = match unsafe { before.as_mut() } {
            Some(before) => core::mem::replace(&mut before.next, this),
            None => core::mem::replace(&mut self.first, this),
        };
        node.next = after;
        // SAFETY: linked nodes are alive, and `after` is not `node`.
        match unsafe { after.as_mut() } {
            Some(after) => after.previous = this,
            None => self.last = this,
        }
        before.is_null()
    }

    fn unlink(&mut self, node: &mut Node) {
        // SAFETY: linked nodes are alive, and a neighbour is not `node`.
        match unsafe { node.previous.as_mut() } {
            Some(previous) => previous.next = node.next,
            None => self.first = node.next,
        }
        // SAFETY: linked nodes are alive, and a neighbour is not `node`.
        match unsafe { node.next.as_mut() } {
            Some(next) => next.previous = node.previous,
            None => self.last = node.previous,
        }
        node.linked = false;
        node.previous = null_mut();
        node.next = null_mut();
    }
}
