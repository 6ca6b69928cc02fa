//! Rundown: `rundown.rs` of core.

use std::collections::BTreeSet;

use wskhttp_loom::rundown::{Flaw, crowded, drained};
use wskhttp_loom::{explore, failure};

#[test]
fn what_tasks_use_is_freed_after_the_last() {
    let ran = explore(PREEMPTIONS, || drained(2, Flaw::None));
    assert_eq!(ran, BTreeSet::from([0, 1, 2]));
}

#[test]
fn there_are_no_more_tasks_than_there_may_be() {
    let ran = explore(PREEMPTIONS, || crowded(Flaw::None));
    assert_eq!(ran, BTreeSet::from([1, 2]));
}

#[test]
fn flaws_of_a_rundown_are_found() {
    for (flaw, symptom) in [
        (Flaw::LooksBefore, RACE),
        (Flaw::EndsSilently, "deadlock"),
        (Flaw::WaitsForNone, RACE),
        (Flaw::KeepsRefused, "deadlock"),
    ] {
        let found = failure(PREEMPTIONS, move || drained(1, flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

#[test]
fn flaws_of_a_bound_are_found() {
    for (flaw, symptom) in [
        (Flaw::LooksBefore, "more than there may be"),
        (Flaw::KeepsRefused, "still counted"),
    ] {
        let found = failure(PREEMPTIONS, move || crowded(flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

const PREEMPTIONS: usize = 3;

/// What loom says of accesses without synchronisation.
const RACE: &str = "Causality violation";
