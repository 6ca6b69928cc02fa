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

fn fails() {
    assert_eq!(std::hint::black_box(1), 2, "words of the assertion");
}

#[track_caller]
fn said(test: &str, client: fn()) {
    let inside = || Sim::new(SEED).profile(Profile::Viosock).run(client);
    let Some(said) = child::fails(test, inside) else {
        return;
    };
    for words in ["words of the assertion", "seed 4711, profile Viosock"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

const SEED: u64 = 4711;
