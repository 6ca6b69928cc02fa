//! Tasks: `task_state.rs` of core.

use wskhttp_loom::task::{Flaw, abandoned, woken};
use wskhttp_loom::{explore, failure};

#[test]
fn a_task_that_is_woken_while_it_runs_is_polled_again() {
    let ended = explore(PREEMPTIONS, || woken(1, Flaw::None));
    let polls: Vec<_> = ended.iter().map(|ended| ended.polls).collect();
    assert_eq!(polls, [1, 2]);
}

#[test]
fn a_task_with_two_wakers_runs_in_one_place() {
    let ended = explore(2, || woken(2, Flaw::None));
    let polls: Vec<_> = ended.iter().map(|ended| ended.polls).collect();
    assert_eq!(polls, [1, 2, 3]);
}

#[test]
fn a_task_that_nobody_can_wake_is_dropped() {
    let ended = explore(PREEMPTIONS, || abandoned(Flaw::None));
    let polls: Vec<_> = ended.iter().map(|ended| ended.polls).collect();
    assert_eq!(polls, [1]);
}

#[test]
fn flaws_of_a_woken_task_are_found() {
    for (flaw, symptom) in [
        (Flaw::ForgetsWake, "never freed"),
        (Flaw::QueuesTwice, RACE),
        (Flaw::FreesReferenced, "used after it was freed"),
    ] {
        let found = failure(PREEMPTIONS, move || woken(1, flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

#[test]
fn flaws_with_two_wakers_are_found() {
    let found = failure(2, || woken(2, Flaw::QueuesTwice));
    assert_eq!(found.as_deref(), Some("polled after it was dropped"));
}

#[test]
fn flaws_of_an_abandoned_task_are_found() {
    for (flaw, symptom) in [
        (Flaw::IgnoresAbandoned, "never freed"),
        (Flaw::IgnoresLastWaker, "never freed"),
        (Flaw::PollsAbandoned, "nobody could wake it"),
    ] {
        let found = failure(PREEMPTIONS, move || abandoned(flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

const PREEMPTIONS: usize = 3;

/// What loom says of accesses without synchronisation.
const RACE: &str = "Causality violation";
