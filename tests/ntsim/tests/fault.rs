//! The main job with each of its fallible calls failing in turn.
//!
//! A run without faults counts the calls that may fail; then the job runs once for each of them.
//! It passes when no rule is broken, nothing is left, each error says what is the matter, and the
//! next request is answered.

mod support;

use std::collections::BTreeMap;

use support::{Scheme, cancel, get, open, post, serve};
use wskhttp_client::{Error, Kind};
use wskhttp_ntsim::fault::{Plan, injected, relent};
use wskhttp_ntsim::{Driver, Sim};

/// When the faults end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// With the first error that the user sees: what failed has to succeed then.
    Noticed,
    /// With the driver's unloading: loaded again, all has to succeed.
    Unloaded,
}

/// Load, start, a request with a body, keep-alive reuse, cancel, another, stop, unload.
fn job(scheme: Scheme, until: Until) {
    let user = User { until };
    let Some(driver) = user.loads() else { return };
    if let Some(mut device) = user.tries("open", || open(&driver)) {
        user.tries("a request with a body", || post(&mut device, scheme));
        user.tries("a request over the same connection", || {
            get(&mut device, scheme)
        });
        user.tries("a request that is cancelled", || {
            cancel(&mut device, scheme)
        });
        user.tries("the request after it", || get(&mut device, scheme));
    }
    driver.remove();
}

struct User {
    until: Until,
}

impl User {
    fn loads(&self) -> Option<Driver> {
        match Driver::load() {
            Ok(driver) => return Some(driver),
            Err(status) => assert!(
                injected() > 0 && FAILURES.contains(&status.cast_unsigned()),
                "not loaded: {status:#x}"
            ),
        }
        match self.until {
            Until::Noticed => {
                relent();
                Some(Driver::load().expect("loaded at the second try"))
            }
            Until::Unloaded => None,
        }
    }

    fn tries<T>(&self, what: &str, mut step: impl FnMut() -> Result<T, Error>) -> Option<T> {
        let error = match step() {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        assert!(injected() > 0, "{what}: {error:?}, though nothing failed");
        assert!(is_clear(&error), "{what}: {error:?}");
        if self.until == Until::Unloaded {
            return None;
        }
        relent();
        match step() {
            Ok(done) => Some(done),
            Err(error) => panic!("{what}, for the second time: {error:?}"),
        }
    }
}

/// Whether an error says that resources were short, or that there is no device.
fn is_clear(error: &Error) -> bool {
    match error.kind {
        Kind::NoResources | Kind::NotInstalled | Kind::NotReady => true,
        Kind::TlsInternal => error.cause == "there is no randomness",
        _ => FAILURES.contains(&error.status.cast_unsigned()),
    }
}

/// What failing calls give.
const FAILURES: &[u32] = &[
    0xC000_0001, // STATUS_UNSUCCESSFUL
    0xC000_0017, // STATUS_NO_MEMORY
    0xC000_009A, // STATUS_INSUFFICIENT_RESOURCES
    0xC000_000E, // STATUS_NO_SUCH_DEVICE
    0xC000_00A3, // STATUS_DEVICE_NOT_READY
];

#[track_caller]
fn run(seed: u64, scheme: Scheme, until: Until, plan: Plan) -> Vec<&'static str> {
    let outcome = Sim::new(seed).faults(plan).try_run(move || {
        serve();
        job(scheme, until);
        if until == Until::Unloaded {
            relent();
            job(scheme, until);
        }
    });
    match outcome {
        Ok(report) => report.fallible,
        Err(failure) => panic!("seed {seed}, {plan:?}: {failure}"),
    }
}

/// How many calls may fail before the driver is unloaded, by name.
fn calls(seed: u64, scheme: Scheme) -> Vec<&'static str> {
    let calls = run(seed, scheme, Until::Noticed, Plan::None);
    let mut counts = BTreeMap::new();
    for name in &calls {
        *counts.entry(*name).or_insert(0) += 1;
    }
    eprintln!("seed {seed}, {scheme:?}: {} calls, {counts:?}", calls.len());
    calls
}

/// Runs the job for every `step`th of its calls, from `first`; for all if NTSIM_SWEEP is set.
fn sweep(scheme: Scheme, until: Until, plan: fn(u64) -> Plan, first: usize, step: usize) {
    let seed = 1;
    let (first, step) = match std::env::var_os("NTSIM_SWEEP") {
        Some(_) => (0, 1),
        None => (first, step),
    };
    let calls = calls(seed, scheme).len() as u64;
    for call in (0..calls).skip(first).step_by(step) {
        run(seed, scheme, until, plan(call));
    }
}

macro_rules! sweeps {
    ($($name:ident: $scheme:ident, $plan:ident, $until:ident, $first:literal, $step:literal;)*) => {
        $(#[test]
        fn $name() {
            sweep(Scheme::$scheme, Until::$until, Plan::$plan, $first, $step);
        })*
    };
}

sweeps! {
    http_each_call_fails_once: Http, Once, Noticed, 0, 1;
    http_all_calls_fail_until_it_is_noticed: Http, From, Noticed, 0, 1;
    http_all_calls_fail_until_unload: Http, From, Unloaded, 0, 1;
    https_each_call_fails_once: Https, Once, Noticed, 0, 1;
    https_all_calls_fail_until_it_is_noticed: Https, From, Noticed, 0, 4;
    https_all_calls_fail_until_unload: Https, From, Unloaded, 2, 4;
}

#[test]
fn two_calls_fail_while_a_request_is_cancelled_and_closed() {
    let seed = 1;
    for scheme in [Scheme::Http, Scheme::Https] {
        let calls = calls(seed, scheme).len() as u64;
        // The second half of the job: what the cancelled request does, and what comes after it.
        let first = calls / 2;
        for pair in 0..60 {
            let one = first + pair * 7919 % (calls - first);
            let other = one + 1 + pair * 31 % 24;
            run(seed, scheme, Until::Noticed, Plan::Pair(one, other));
        }
    }
}
