//! Every wait has a bound.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind, Phase, deadline};

/// Runs `work` until `total`, and no longer than `stall`. Makes no timer if `work` need not wait.
pub(super) async fn bounded<T, K: Clock>(
    clock: &K,
    total: Option<Duration>,
    stall: Duration,
    phase: Phase,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let overdue = Error::new(phase, Kind::TimedOut, "the request's time is up");
    if total.is_some_and(|at| at <= clock.now()) {
        return Err(overdue);
    }
    let mut work = pin!(work);
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        return done;
    }
    let stalled = clock.now().saturating_add(stall);
    match total {
        Some(at) if at <= stalled => deadline(clock, Some(at), overdue, work).await,
        _ => {
            let silent = Error::new(phase, Kind::TimedOut, "the server was silent for too long");
            deadline(clock, Some(stalled), silent, work).await
        }
    }
}
