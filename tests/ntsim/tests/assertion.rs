//! An assertion that fails in code of a driver, wherever it runs, ends its test with its own words, the
//! thread and the seed: each test runs itself in a process where one fails.

#[path = "support/child.rs"]
mod child;

use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::stack::on_large;
use wskhttp_core::nt::thread::Thread;
use wskhttp_ntsim::{Profile, Sim, as_driver, as_user};

/// On a thread of the test, which is unwound.
#[test]
fn fails_a_client() {
    said("fails_a_client", || {
        as_driver(|| {
            let pool = vec![1; 100];
            fails();
            drop(pool);
        });
    });
}

/// In code of the test that a client has called.
#[test]
fn fails_within_a_client() {
    said("fails_within_a_client", || as_driver(|| as_user(fails)));
}

/// On a thread with a kernel's stack, whose routine no panic may leave: the process ends there.
#[test]
fn fails_a_system_thread() {
    said("fails_a_system_thread", || {
        as_driver(|| {
            let passive = Passive::here().expect("a test runs at PASSIVE_LEVEL");
            let thread = Thread::spawn(passive, |_| fails()).expect("a thread");
            thread.join(passive);
        });
    });
}

/// On the larger stack of a callout.
#[test]
fn fails_a_callout() {
    said("fails_a_callout", || {
        as_driver(|| {
            let passive = Passive::here().expect("a test runs at PASSIVE_LEVEL");
            on_large(passive, &mut fails).expect("a stack");
        });
    });
}

/// Not an assertion, but an access that the processor refuses.
#[test]
fn a_wild_pointer() {
    let Some(said) = in_child("a_wild_pointer", || {
        as_driver(|| {
            let nowhere = std::hint::black_box(0x10) as *const u8;
            // SAFETY: none; it is what this is about.
            unsafe { nowhere.read_volatile() };
        });
    }) else {
        return;
    };
    for words in [
        "seed 4711, profile Viosock: an access to 0x10 [thread the test, IRQL 0]",
        "replay: cargo xtask sim --seed 4711 --profile Viosock --test a_wild_pointer",
        "signal: 11",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

fn fails() {
    assert_eq!(std::hint::black_box(1), 2, "words of the assertion");
}

#[track_caller]
fn said(test: &str, client: fn()) {
    let Some(said) = in_child(test, client) else {
        return;
    };
    for words in ["words of the assertion", "seed 4711, profile Viosock"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[track_caller]
fn in_child(test: &str, client: fn()) -> Option<String> {
    let inside = || Sim::new(SEED).profile(Profile::Viosock).run(client);
    child::fails(test, inside)
}

const SEED: u64 = 4711;
