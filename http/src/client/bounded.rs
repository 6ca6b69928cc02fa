//! Every wait has a bound.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind, Phase, deadline};

use crate::timeouts::Meter;

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

/// As [`bounded`], for work that gives a number of bytes, which `meter` counts. `None`: the work was
/// given up for a look at the meter, and can be begun again.
pub(super) async fn metered<K: Clock>(
    clock: &K,
    total: Option<Duration>,
    stall: Duration,
    phase: Phase,
    meter: &mut Meter,
    work: impl Future<Output = Result<usize, Error>>,
) -> Result<Option<usize>, Error> {
    let Some(left) = meter.left() else {
        return bounded(clock, total, stall, phase, work).await.map(Some);
    };
    let began = clock.now();
    // A look does not begin the bound on silence anew.
    let stall = stall.saturating_sub(meter.silent());
    let done = bounded(clock, total, stall.min(left), phase, work).await;
    let now = clock.now();
    let took = now.saturating_sub(began);
    let is_look = |error: &Error| {
        error.kind == Kind::TimedOut && left <= stall && total.is_none_or(|at| now < at)
    };
    let bytes = match done {
        Ok(bytes) => Some(bytes),
        Err(error) if is_look(&error) => None,
        Err(error) => return Err(error),
    };
    match meter.count(bytes.unwrap_or(0), took) {
        true => Ok(bytes),
        false => Err(slow(phase)),
    }
}

/// As [`bounded`], for work that sends `bytes`, of which nothing is known until all are sent. `meter`
/// counts them.
pub(super) async fn paced<T, K: Clock>(
    clock: &K,
    total: Option<Duration>,
    stall: Duration,
    meter: &mut Meter,
    bytes: usize,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(most) = meter.pace(bytes).filter(|most| *most < stall) else {
        return bounded(clock, total, stall, Phase::Send, work).await;
    };
    let began = clock.now();
    let done = bounded(clock, total, most, Phase::Send, work).await;
    let now = clock.now();
    match done {
        Err(error) if error.kind == Kind::TimedOut && total.is_none_or(|at| now < at) => {
            Err(slow(Phase::Send))
        }
        Ok(_) if !meter.count(bytes, now.saturating_sub(began)) => Err(slow(Phase::Send)),
        done => done,
    }
}

const fn slow(phase: Phase) -> Error {
    Error::new(
        phase,
        Kind::TimedOut,
        "the transfer is slower than the caller's lowest speed",
    )
}
