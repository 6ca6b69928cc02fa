//! The provider's own threads.

use super::op::{Op, complete, is_next};
use super::*;

/// A thread of the provider that completes requests, at a random IRQL.
pub(crate) fn worker(number: u32) {
    spawn(format!("provider {number}"), 64 * 1024, false, || {
        loop {
            let due = with(|s| next_due(s));
            block("requests of WSK", due, move |s| {
                !able(s).is_empty() || !events::due(s).is_empty() || next_due(s) != due
            });
            let (id, event) = with(|s| {
                let (able, due) = (able(s), events::due(s));
                let choice = s.lot((able.len() + due.len()) as u64) as usize;
                let event = choice.checked_sub(able.len()).and_then(|i| due.get(i));
                (able.get(choice).copied(), event.copied())
            });
            if let Some(id) = id {
                with(|s| s.note("completion", id));
                let passive = with(|s| s.profile.is_wine() || s.lot(2) == 0);
                complete(id, if passive { PASSIVE } else { DISPATCH });
            }
            if let Some((at, event)) = event {
                with(|s| s.note("callback", s.wsk.sockets[&at].number));
                events::run(at, event);
            }
        }
    });
}

/// The requests that can be completed now.
fn able(s: &State) -> Vec<u64> {
    let ready = |op: &Op| op.posted && op.result.is_some() && op.not_before <= s.now;
    let ids = s.wsk.ops.iter().filter(|(_, op)| ready(op));
    ids.map(|(id, _)| *id)
        .filter(|id| is_next(s, *id))
        .collect()
}

/// When the next of the others can be.
fn next_due(s: &State) -> Option<u64> {
    let waits = |op: &&Op| {
        op.posted && op.result.is_some() && op.not_before > s.now && op.not_before < u64::MAX
    };
    s.wsk
        .ops
        .values()
        .filter(waits)
        .map(|op| op.not_before)
        .min()
}
