//! Faults: calls of the driver that may fail are numbered as they come, and a plan says which do.

use std::collections::BTreeMap;

use wdk_sys::NTSTATUS;

use crate::sched::enter;
use crate::state::{simulator, with};

/// Which of the calls that may fail do fail. They are numbered from 0; see [`crate::Report::fallible`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// None.
    #[default]
    None,
    /// This one.
    Once(u64),
    /// These two.
    Pair(u64, u64),
    /// This one and all that come after it, until [`relent`].
    From(u64),
}

impl Plan {
    fn has(self, call: u64) -> bool {
        match self {
            Self::None => false,
            Self::Once(one) => call == one,
            Self::Pair(one, other) => call == one || call == other,
            Self::From(first) => call >= first,
        }
    }
}

/// The plan of a run, and what has come of it.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) plan: Plan,
    /// The name of each call that might have failed.
    pub(crate) calls: Vec<&'static str>,
    pub(crate) injected: Vec<(u64, &'static str)>,
    /// The calls that fail whatever the plan, and how.
    pub(crate) statuses: BTreeMap<&'static str, NTSTATUS>,
}

/// From here on nothing fails any more.
pub fn relent() {
    follow(Plan::None);
    simulator(|| with(|s| s.faults.statuses.clear()));
}

/// From here on another plan is followed.
pub fn follow(plan: Plan) {
    with(|s| s.faults.plan = plan);
}

/// From here on every call of `name` that may fail does, with `status`, besides what the
/// plan has, until [`relent`].
pub fn status_of(name: &'static str, status: NTSTATUS) {
    simulator(|| with(|s| s.faults.statuses.insert(name, status)));
}

/// How many calls have failed so far.
#[must_use]
pub fn injected() -> usize {
    with(|s| s.faults.injected.len())
}

/// How many calls might have failed so far: the number of the next one.
#[must_use]
pub fn calls() -> u64 {
    with(|s| s.faults.calls.len() as u64)
}

/// How often the driver has called `name`, which may fail.
#[must_use]
pub fn count(name: &str) -> usize {
    let is_it = |call: &&&str| **call == name;
    with(|s| s.faults.calls.iter().filter(is_it).count())
}

/// The driver calls `name`: whether that fails now.
pub(crate) fn fails(name: &'static str) -> bool {
    with(|s| {
        let call = s.faults.calls.len() as u64;
        s.faults.calls.push(name);
        let fails = s.faults.plan.has(call) || s.faults.statuses.contains_key(name);
        if fails {
            s.faults.injected.push((call, name));
        }
        fails
    })
}

/// As [`fails`], with the status for it.
pub(crate) fn status(name: &'static str) -> Option<NTSTATUS> {
    if !fails(name) {
        return None;
    }
    let given = with(|s| s.faults.statuses.get(name).copied());
    let usual = match name {
        "WskCaptureProviderNPI" => 0xC000_00A3_u32, // STATUS_DEVICE_NOT_READY
        "KeExpandKernelStackAndCalloutEx" => 0xC000_0017, // STATUS_NO_MEMORY
        "ObReferenceObjectByHandle" => 0xC000_0022, // STATUS_ACCESS_DENIED
        "BCryptGenRandom" => 0xC000_0001,           // STATUS_UNSUCCESSFUL
        "BCryptOpenAlgorithmProvider" => 0xC000_0225, // STATUS_NOT_FOUND
        _ => 0xC000_009A,                           // STATUS_INSUFFICIENT_RESOURCES
    };
    Some(given.unwrap_or(usual.cast_signed()))
}

/// The driver calls `name`, at most at `level`: fails, or does `work`.
pub(crate) fn call(name: &'static str, level: u8, work: impl FnOnce() -> NTSTATUS) -> NTSTATUS {
    let _entry = enter(name, level);
    status(name).unwrap_or_else(work)
}
