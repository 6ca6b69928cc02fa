//! What a call that has begun a request returns, and whether it completes it.

use super::op::{complete, is_next};
use super::*;

/// The end of a call: completes inside it or later, as the lot falls.
pub(super) fn end(id: u64) -> NTSTATUS {
    let (profile, now, kind) = with(|s| (s.profile, s.now, s.wsk.ops[&id].kind));
    let result = with(|s| {
        let op = &s.wsk.ops[&id];
        op.result.filter(|_| is_next(s, id) && op.not_before <= now)
    });
    if !rule::WSK_23.is_on() {
        // From here to the return no other thread runs.
        mark(id, !profile.is_wine());
        set_posted(id);
        return STATUS_PENDING;
    }
    if profile.is_wine() {
        return end_as_wine(id, kind, result);
    }
    let mut status = match (result, lot(4)) {
        (Some((status, _)), 0) => {
            mark(id, false);
            complete(id, irql());
            status
        }
        (Some(_), 1) => {
            mark(id, true);
            complete(id, if lot(2) == 0 { irql() } else { DISPATCH });
            STATUS_PENDING
        }
        _ => {
            mark(id, true);
            post(id);
            STATUS_PENDING
        }
    };
    if profile.is_hostile() && lot(2) == 0 {
        // Rule 23: whoever believes it is wrong.
        status = LIES[lot(LIES.len() as u64) as usize];
    }
    with(|s| s.wsk.ops.get_mut(&id).map(|op| op.returned = status));
    status
}

/// What a client breaks that takes an IRP in flight for its own: rule 23 if the call has returned
/// something else than STATUS_PENDING.
pub(crate) fn taken(irp: *mut IRP, otherwise: &'static rule::Rule) -> &'static rule::Rule {
    with(|s| {
        let mut ops = s.wsk.ops.values();
        match ops.find(|op| op.irp == irp.addr()) {
            Some(op) if op.returned != STATUS_PENDING => rule::WSK_23,
            _ => otherwise,
        }
    })
}

/// netio.sys of Wine completes what it can inside the call, except that connects and accepts always
/// wait, marks nothing pending, and returns STATUS_PENDING for it, unless making a socket has failed.
fn end_as_wine(id: u64, kind: Kind, result: Option<(NTSTATUS, usize)>) -> NTSTATUS {
    match result {
        Some((status, _)) if !matches!(kind, Kind::Resolve | Kind::Connect | Kind::Accept) => {
            complete(id, irql());
            if kind == Kind::Create && status < 0 {
                return status;
            }
        }
        _ => post(id),
    }
    STATUS_PENDING
}

/// Marks the IRP if its call returns STATUS_PENDING, or as the lot falls if rule 24 is off.
fn mark(id: u64, pending: bool) {
    let marked = match rule::WSK_24.is_on() {
        true => pending,
        false => lot(2) == 0,
    };
    if !marked {
        return;
    }
    let irp = with(|s| s.wsk.ops[&id].irp);
    // SAFETY: the provider's IRP.
    unsafe { path::mark_pending(std::ptr::with_exposed_provenance_mut(irp)) };
}

fn post(id: u64) {
    set_posted(id);
    switch();
}

fn set_posted(id: u64) {
    with(|s| {
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.posted = true;
        }
    });
}

/// What a hostile provider returns instead of the truth.
const LIES: [NTSTATUS; 5] = [
    0,
    STATUS_PENDING,
    STATUS_UNSUCCESSFUL,
    STATUS_NOT_IMPLEMENTED,
    STATUS_FILE_FORCED_CLOSED,
];
