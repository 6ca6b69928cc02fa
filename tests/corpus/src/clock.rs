//! A clock that stands still until there is nothing left to do but wait, and the loop that moves it.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use wskhttp_core::io;

/// The time of one case, from 1,000 s on.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Rc<Times>);

#[derive(Debug)]
struct Times {
    now: Cell<Duration>,
    /// The earliest time that somebody waits for.
    next: Cell<Option<Duration>>,
}

#[derive(Debug)]
pub(crate) struct Sleep {
    clock: Clock,
    at: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Rc::new(Times {
            now: Cell::new(Duration::from_secs(1000)),
            next: Cell::new(None),
        }))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.now.set(self.0.now.get().saturating_add(by));
    }

    /// Somebody has to be polled at `at`.
    pub(crate) fn wait_for(&self, at: Duration) {
        let next = self.0.next.get().map_or(at, |next| next.min(at));
        self.0.next.set(Some(next));
    }

    /// Runs `work` to its end; `None` if it waits for something that never comes, or spins.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        let mut work = pin!(work);
        for _ in 0..MOST_POLLS {
            self.0.next.set(None);
            if let Poll::Ready(done) = work.as_mut().poll(&mut cx) {
                return Some(done);
            }
            if !flag.0.swap(false, Ordering::Relaxed) {
                let next = self.0.next.take()?;
                self.0.now.set(self.0.now.get().max(next));
            }
        }
        None
    }
}

impl io::Clock for Clock {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn unix_time(&self) -> Duration {
        // 2026-01-01, so that dates in responses have a meaning.
        self.now()
            .saturating_add(Duration::from_secs(1_767_225_600))
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep {
            clock: self.clone(),
            at,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if io::Clock::now(&self.clock) >= self.at {
            return Poll::Ready(());
        }
        self.clock.wait_for(self.at);
        Poll::Pending
    }
}

/// More than a case of 64 MiB takes byte by byte.
const MOST_POLLS: u64 = 1 << 28;
