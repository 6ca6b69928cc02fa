//! An assertion that fails in code of a driver, wherever it runs, ends its test with its own words, the
//! thread and the seed: each test runs itself in a process where one fails.

use std::process::Command;

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
    if std::env::var_os(INSIDE).is_some() {
        Sim::new(SEED).profile(Profile::Viosock).run(client);
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it passes");
    for words in ["words of the assertion", "seed 4711, profile Viosock"] {
        assert!(said.contains(words), "{words}: {}, {said}", output.status);
    }
}

const SEED: u64 = 4711;
const INSIDE: &str = "NTSIM_ASSERTION_INSIDE";
