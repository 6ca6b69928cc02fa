//! Cancellation: the driver's `handle.rs`.

use std::collections::BTreeSet;

use wskhttp_loom::cancel::{
    Flaw,
    Status::{Canceled, Failed, Refused, Success},
    canceled, canceled_later, closed, closed_later, failed, raced, streamed,
};
use wskhttp_loom::{explore, failure};

#[test]
fn a_cancelled_irp_is_completed() {
    let ends = explore(PREEMPTIONS, || canceled(Flaw::None));
    assert_eq!(ends, BTreeSet::from([vec![Canceled]]));
}

#[test]
fn a_closed_handle_completes_its_irp() {
    let ends = explore(PREEMPTIONS, || closed(Flaw::None));
    assert_eq!(ends, BTreeSet::from([vec![Canceled]]));
}

#[test]
fn cancel_close_and_answer_complete_an_irp_once() {
    let ends = explore(PREEMPTIONS, || raced(Flaw::None));
    assert_eq!(ends, BTreeSet::from([vec![Success], vec![Canceled]]));
}

#[test]
fn a_cancellation_ends_the_request_of_all_irps() {
    let ends = explore(PREEMPTIONS, || streamed(Flaw::None));
    let all = [
        vec![Success, Canceled],
        vec![Success, Refused],
        vec![Canceled, Canceled],
        vec![Canceled, Refused],
    ];
    assert_eq!(ends, BTreeSet::from(all));
}

#[test]
fn a_cancelled_irp_is_completed_in_the_middle_of_a_request() {
    let ends = explore(PREEMPTIONS, || canceled_later(Flaw::None));
    let all = [vec![Success, Canceled], vec![Canceled, Canceled]];
    assert_eq!(ends, BTreeSet::from(all));
}

#[test]
fn a_closed_handle_completes_its_irp_in_the_middle_of_a_request() {
    let ends = explore(PREEMPTIONS, || closed_later(Flaw::None));
    let all = [vec![Success, Canceled], vec![Canceled, Canceled]];
    assert_eq!(ends, BTreeSet::from(all));
}

#[test]
fn an_irp_that_comes_while_its_request_fails_is_completed() {
    let ends = explore(PREEMPTIONS, || failed(Flaw::None));
    let all = [
        vec![Success, Failed],
        vec![Success, Refused],
        vec![Canceled, Canceled],
    ];
    assert_eq!(ends, BTreeSet::from(all));
}

#[test]
fn flaws_of_cancelling_are_found() {
    let find = |flaw| failure(PREEMPTIONS, move || canceled(flaw));
    assert_found(Flaw::LooksBeforeArming, find, "deadlock");
    assert_found(Flaw::MarksSilently, find, "deadlock");
    assert_found(Flaw::CompletesInRoutine, find, "freed twice");
}

#[test]
fn flaws_in_the_middle_of_a_request_are_found() {
    let cancel = |flaw| failure(PREEMPTIONS, move || canceled_later(flaw));
    assert_found(Flaw::LooksBeforeWork, cancel, "deadlock");
    let close = |flaw| failure(PREEMPTIONS, move || closed_later(flaw));
    assert_found(Flaw::LooksBeforeWork, close, "deadlock");
}

#[test]
fn flaws_of_racing_with_a_cancellation_are_found() {
    let find = |flaw| failure(PREEMPTIONS, move || raced(flaw));
    assert_found(Flaw::CompletesRunning, find, RACE);
    assert_found(Flaw::CompletesInRoutine, find, "freed twice");
    assert_found(Flaw::NeverDisarms, find, "with a cancel routine");
    assert_found(Flaw::BorrowsHandle, find, RACE);
}

#[test]
fn flaws_of_failing_are_found() {
    let find = |flaw| failure(PREEMPTIONS, move || failed(flaw));
    assert_found(Flaw::DisarmsThenPops, find, "with a cancel routine");
}

/// `symptom` is a part of what the failure says.
fn assert_found(flaw: Flaw, find: impl Fn(Flaw) -> Option<String>, symptom: &str) {
    let found = find(flaw).unwrap_or_else(|| panic!("{flaw:?} was not found"));
    assert!(found.contains(symptom), "{flaw:?}: {found}");
}

const PREEMPTIONS: usize = 3;

/// What loom says of accesses without synchronisation.
const RACE: &str = "Causality violation";
