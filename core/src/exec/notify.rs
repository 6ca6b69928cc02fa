//! Waking a task from anywhere.

use core::fmt;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

use crate::nt::lock::SpinLock;

/// A place for one waker. IRQL of every method: <= DISPATCH_LEVEL.
pub struct AtomicWaker(SpinLock<Option<Waker>>);

impl AtomicWaker {
    /// An empty place.
    #[must_use]
    pub const fn new() -> Self {
        Self(SpinLock::new(None))
    }

    /// Puts a clone of `waker` into the place of what was there. Register, then look at the
    /// condition: a wake-up before that is for nobody.
    pub fn register(&self, waker: &Waker) {
        let waker = waker.clone();
        let old = self.0.lock().replace(waker);
        drop(old);
    }

    /// Takes the waker and calls it.
    pub fn wake(&self) {
        let waker = self.0.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Default for AtomicWaker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for AtomicWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AtomicWaker")
    }
}

/// Tells one task that something has changed. A notification that comes while nobody waits is
/// kept; several are kept as one.
#[derive(Debug, Default)]
pub struct Notify {
    notified: AtomicBool,
    waker: AtomicWaker,
}

impl Notify {
    /// Nothing is notified yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            notified: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Wakes the one who waits, or who waits next. IRQL <= DISPATCH_LEVEL.
    pub fn notify(&self) {
        self.notified.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Ready once notified, which it takes away. One task at a time may wait.
    pub fn poll_notified(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.notified.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        if self.notified.swap(false, Ordering::AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Waits for a notification. Dropping the future loses none.
    pub async fn notified(&self) {
        poll_fn(|cx| self.poll_notified(cx)).await;
    }
}
