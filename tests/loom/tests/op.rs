//! Operations: `op_state.rs` of core.

use std::collections::BTreeSet;

use wskhttp_loom::op::{Came, Flaw, Freed, dropped, polled};
use wskhttp_loom::{explore, failure};

#[test]
fn a_polled_operation_loses_no_wake_up() {
    let came = explore(PREEMPTIONS, || polled(Flaw::None));
    let all = [
        Came::AtPoll(1),
        Came::AtPoll(2),
        Came::Woken,
        Came::LookAgain,
    ];
    assert_eq!(came, BTreeSet::from(all));
}

#[test]
fn a_dropped_operation_is_freed_once() {
    let freed = explore(PREEMPTIONS, || dropped(Flaw::None));
    let all = [Freed::Taken, Freed::Owner, Freed::Completion];
    assert_eq!(freed, BTreeSet::from(all));
}

#[test]
fn flaws_of_a_polled_operation_are_found() {
    for (flaw, symptom) in [
        (Flaw::LooksOnce, "lost wake-up"),
        (Flaw::ResultAfterDone, RACE),
        (Flaw::KeepsRegistered, RACE),
    ] {
        let found = failure(PREEMPTIONS, move || polled(flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

#[test]
fn flaws_of_a_dropped_operation_are_found() {
    for (flaw, symptom) in [
        (Flaw::WakerAfterDone, RACE),
        (Flaw::FreesInFlight, RACE),
        (Flaw::LeavesOrphan, "never freed"),
    ] {
        let found = failure(PREEMPTIONS, move || dropped(flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

const PREEMPTIONS: usize = 3;

/// What loom says of accesses without synchronisation.
const RACE: &str = "Causality violation";
