//! Processes that end with requests in flight.

use anyhow::Result;

use crate::Context;
use crate::phase::{Phase, Stalled, all_ended};

/// Ends the process in the middle of requests in every phase. Run `idle` afterwards.
pub(super) fn in_flight(context: &Context) -> Result<()> {
    let stalled = reach_all(context)?;
    std::mem::forget(stalled);
    context.exit("ok exit-in-flight")
}

/// Prints `holding` with requests in every phase, and waits for its end.
pub(super) fn hold(context: &Context) -> Result<()> {
    let stalled = reach_all(context)?;
    std::mem::forget(stalled);
    context.hold()
}

/// The driver is idle, and the server has seen the end of what the two above have left.
pub(super) fn idle(context: &Context) -> Result<()> {
    for phase in Phase::ALL {
        all_ended(context, &format!("{TAG}-{phase:?}"))?;
    }
    let silent = || context.seen_silent(0);
    crate::observer::until("the silent connections' ends", || {
        Ok(silent()?.iter().all(|connection| connection.end.is_some()))
    })
}

fn reach_all(context: &Context) -> Result<Vec<Stalled>> {
    Phase::ALL
        .into_iter()
        .map(|phase| phase.reach(context, TAG))
        .collect()
}

/// The same in every process, so that `idle` finds it.
const TAG: &str = "left-behind";
