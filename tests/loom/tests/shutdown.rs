//! The end of a registration: `registration.rs` and `Wsk::shutdown` of core.

use wskhttp_loom::shutdown::{Ended, Flaw, shut_down};
use wskhttp_loom::{explore, failure};

#[test]
fn the_provider_is_released_after_the_last_operation() {
    let ended = explore(PREEMPTIONS, || shut_down(Flaw::None));
    for operations in 0..=2 {
        let met = Ended {
            operations,
            captured: true,
        };
        assert!(ended.contains(&met), "{ended:?}");
    }
    assert!(ended.iter().any(|ended| !ended.captured), "{ended:?}");
}

#[test]
fn flaws_of_a_shutdown_are_found() {
    for (flaw, symptom) in [
        (Flaw::LooksBefore, RACE),
        (Flaw::CountsOutFirst, RACE),
        (Flaw::EndsSilently, "deadlock"),
        (Flaw::KeepsRefused, "deadlock"),
        (Flaw::WaitsForNone, RACE),
        (Flaw::RefusesLate, RACE),
        (Flaw::IgnoresCapture, "never freed"),
    ] {
        let found = failure(PREEMPTIONS, move || shut_down(flaw));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(found.contains(symptom), "{flaw:?}: {found}");
    }
}

const PREEMPTIONS: usize = 2;

/// What loom says of accesses without synchronisation.
const RACE: &str = "Causality violation";
