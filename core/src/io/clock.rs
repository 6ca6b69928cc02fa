//! Time: one clock for deadlines, one for certificates.

use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use super::Error;

/// The clocks a client needs.
pub trait Clock: Clone {
    /// What [`Clock::sleep_until`] returns.
    type Sleep: Future<Output = ()>;

    /// Monotonic time since an unspecified start (boot, in the kernel). IRQL <= DISPATCH_LEVEL.
    fn now(&self) -> Duration;

    /// Wall clock: time since 1970-01-01 00:00 UTC. IRQL <= DISPATCH_LEVEL.
    fn unix_time(&self) -> Duration;

    /// Ready once `now() >= at`. Dropping it cancels the timer.
    fn sleep_until(&self, at: Duration) -> Self::Sleep;
}

/// Runs `work` until `at` (of [`Clock::now`]); `None` sets no bound.
///
/// # Errors
/// Those of `work`; `late` when the time is up first. `work` is then dropped.
pub async fn deadline<T, K: Clock>(
    clock: &K,
    at: Option<Duration>,
    late: Error,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(at) = at else {
        return work.await;
    };
    let mut work = pin!(work);
    let mut sleep = pin!(clock.sleep_until(at));
    core::future::poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        sleep.as_mut().poll(cx).map(|()| Err(late))
    })
    .await
}
