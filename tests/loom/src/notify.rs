//! After `Notify` in core's `exec/notify.rs`, with loom's primitives and a thread in the place of a
//! task.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};

#[derive(Debug)]
pub(crate) struct Notify {
    notified: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self {
            notified: AtomicBool::new(false),
            waker: Mutex::new(None),
        }
    }

    pub(crate) fn notify(&self) {
        // A store in the source. To loom a swap may miss a store between it and the swap before, which
        // the order of modifications of one atomic excludes.
        self.notified.swap(true, Ordering::Release);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn poll_notified(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.notified.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let old = self.waker.lock().unwrap().replace(waker);
        drop(old);
        if self.notified.swap(false, Ordering::AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Runs a future on this thread, which sleeps until it is woken and never wakes by itself.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let event = Arc::new(Event::new());
    let waker = Waker::from(event.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        event.wait();
    }
}

/// A synchronization event. (`park` of loom's threads also wakes one that waits for a mutex.)
#[derive(Debug)]
pub(crate) struct Event {
    is_set: Mutex<bool>,
    waiter: Condvar,
}

impl Event {
    pub(crate) fn new() -> Self {
        Self {
            is_set: Mutex::new(false),
            waiter: Condvar::new(),
        }
    }

    pub(crate) fn set(&self) {
        *self.is_set.lock().unwrap() = true;
        self.waiter.notify_one();
    }

    pub(crate) fn wait(&self) {
        let mut is_set = self.is_set.lock().unwrap();
        while !*is_set {
            is_set = self.waiter.wait(is_set).unwrap();
        }
        *is_set = false;
    }
}

impl Wake for Event {
    fn wake(self: Arc<Self>) {
        self.set();
    }
}
