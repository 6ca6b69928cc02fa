//! What the tests stand on: a transport over TCP, one that follows a script, and clocks.
#![allow(dead_code, reason = "each test uses a part")]

pub mod script;
pub mod tcp;

use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use wskhttp_core::io::Clock;
use wskhttp_http::{Client, Limits, Url};

pub type Lock = spin::mutex::SpinMutex<()>;

/// A client over a script.
pub type ScriptClient = Client<script::Connector, FakeClock, Lock>;

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn client(connect: script::Connector) -> (ScriptClient, FakeClock) {
    with_limits(connect, Limits::default())
}

pub fn with_limits(connect: script::Connector, limits: Limits) -> (ScriptClient, FakeClock) {
    let clock = FakeClock::default();
    let client = Client::new(connect, clock.clone(), limits).unwrap();
    (client, clock)
}

/// A clock that stands still unless a test moves it or somebody sleeps: then the time comes at once.
#[derive(Clone, Debug, Default)]
pub struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    type Sleep = Ready<()>;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix_time(&self) -> Duration {
        self.now()
    }

    fn sleep_until(&self, at: Duration) -> Self::Sleep {
        let at = u64::try_from(at.as_millis()).unwrap();
        self.0.fetch_max(at, Ordering::SeqCst);
        ready(())
    }
}

/// Runs a future that a script drives; panics if it waits without having been woken.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    struct Bell(mpsc::Sender<()>);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    let (sender, receiver) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(sender)));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        receiver
            .try_recv()
            .expect("the future waits for something that never comes");
    }
}

/// Polls a future once.
pub fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
