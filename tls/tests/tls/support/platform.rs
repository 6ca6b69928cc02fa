use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::crypto::ring;
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_tls::Platform;

pub(crate) static PLATFORM: Platform = Platform::new(random, unix_time).with_crypto(crate::set);

/// 2026-01-01.
pub(crate) const NOW: Duration = Duration::from_secs(1_767_225_600);

thread_local! {
    /// How often randomness is given before it fails; `None` means always.
    pub(crate) static RANDOM_LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// Answers with zeros.
    pub(crate) static RANDOM_ZERO: Cell<bool> = const { Cell::new(false) };
    /// The wall clock.
    pub(crate) static WALL: Cell<Duration> = const { Cell::new(NOW) };
}

pub(crate) fn random(buffer: &mut [u8]) -> Result<(), Error> {
    if let Some(left) = RANDOM_LEFT.get() {
        let left = left.checked_sub(1).ok_or(Error::new(
            Phase::Tls,
            Kind::TlsInternal,
            "the test's source is dry",
        ))?;
        RANDOM_LEFT.set(Some(left));
    }
    if RANDOM_ZERO.get() {
        buffer.fill(0);
        return Ok(());
    }
    ring::default_provider()
        .secure_random
        .fill(buffer)
        .expect("randomness");
    Ok(())
}

pub(crate) fn unix_time() -> Duration {
    WALL.get()
}

/// A clock that stands still, one second after its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestClock;

impl Clock for TestClock {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn unix_time(&self) -> Duration {
        unix_time()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep(at <= self.now())
    }
}

/// Ready if what it waits for is past.
pub(crate) struct Sleep(bool);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
