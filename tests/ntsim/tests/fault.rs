//! The main job with each of its fallible calls failing in turn.
//!
//! A run without faults counts the calls that may fail; then the job runs once for each of them.
//! It passes when no rule is broken, nothing is left, each error says what is the matter, and the
//! next request is answered.

#[path = "stack/certificate.rs"]
#[allow(dead_code, reason = "the other test program uses all of it")]
mod certificate;
#[path = "fault/handshakes.rs"]
mod handshakes;
mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use support::{Replay, Scheme, cancel, close, get, get_again, number, open, post, serve};
use wskhttp_client::{Error, Kind};
use wskhttp_ntsim::fault::{self, Plan, injected, relent};
use wskhttp_ntsim::{Driver, Profile, Sim, seed};

/// When the faults end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// With the first error that the user sees: what failed has to succeed then.
    Noticed,
    /// With the driver's unloading: loaded again, all has to succeed.
    Unloaded,
}

/// Load, start, a request with a body, keep-alive reuse, cancel, close, another, stop, unload. Gives the
/// number of the fallible call with which the cancel began.
fn job(profile: Profile, scheme: Scheme, until: Until) -> u64 {
    let user = User { profile, until };
    let mut cancelled = 0;
    let Some(driver) = user.loads() else {
        return cancelled;
    };
    if let Some(mut device) = user.tries("open", || open(&driver)) {
        user.tries("a request with a body", || post(&mut device, scheme));
        user.tries("a request over the same connection", || {
            let reused = get_again(&mut device, scheme)?;
            assert!(reused || injected() > 0, "it went over another");
            Ok(())
        });
        cancelled = fault::calls();
        user.tries("a request that is cancelled", || {
            cancel(&mut device, scheme)
        });
        user.tries("a request whose handle is closed", || {
            close(&mut device, scheme)
        });
        user.tries("the request after it", || get(&mut device, scheme));
    }
    driver.remove();
    cancelled
}

struct User {
    profile: Profile,
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
        let mut again = step();
        if let (Err(error), Profile::Hostile) = (&again, self.profile) {
            // A request to the provider that failed before is completed only now.
            assert!(is_clear(error), "{what}, for the second time: {error:?}");
            again = step();
        }
        match again {
            Ok(done) => Some(done),
            Err(error) => panic!("{what}, once more: {error:?}"),
        }
    }
}

/// Whether an error says that resources were short, or that there is no device.
fn is_clear(error: &Error) -> bool {
    match error.kind {
        Kind::NoResources | Kind::NotInstalled | Kind::NotReady => true,
        Kind::TlsInternal => NO_RANDOMNESS.contains(&&*error.cause),
        _ => FAILURES.contains(&error.status.cast_unsigned()),
    }
}

/// What TLS says of it, and who keeps its sessions.
const NO_RANDOMNESS: &[&str] = &[
    "there is no randomness",
    "the system gives no random numbers",
];

/// What failing calls give.
const FAILURES: &[u32] = &[
    0xC000_0001, // STATUS_UNSUCCESSFUL
    0xC000_0017, // STATUS_NO_MEMORY
    0xC000_009A, // STATUS_INSUFFICIENT_RESOURCES
    0xC000_000E, // STATUS_NO_SUCH_DEVICE
    0xC000_00A3, // STATUS_DEVICE_NOT_READY
];

/// How the run is repeated of the test that runs here.
fn replay(seed: u64, plan: Plan) -> Replay {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let call = match plan {
        Plan::None => String::new(),
        Plan::Once(call) | Plan::From(call) => format!("--point {call} "),
        Plan::Pair(one, other) => format!("--point {one} --other {other} "),
    };
    Replay(format!("--sweep --seed {seed} {call}--test {name}"))
}

/// A job on a provider.
#[derive(Clone, Copy, Debug)]
struct Bench {
    profile: Profile,
    scheme: Scheme,
    until: Until,
}

impl Bench {
    /// Runs the job; gives the calls that may fail, and which of them cancel, close, and stop.
    #[track_caller]
    fn run(self, plan: Plan) -> (Vec<&'static str>, Range<u64>) {
        let Self {
            profile,
            scheme,
            until,
        } = self;
        let seed = seed();
        let _replay = replay(seed, plan);
        let path = Rc::new(Cell::new((0, 0)));
        let to = Rc::clone(&path);
        let outcome = Sim::new(seed)
            .profile(profile)
            .faults(plan)
            .try_run(move || {
                serve();
                let begin = job(profile, scheme, until);
                to.set((begin, fault::calls()));
                if until == Until::Unloaded {
                    relent();
                    job(profile, scheme, until);
                }
            });
        match outcome {
            Ok(report) => (report.fallible, path.get().0..path.get().1),
            Err(failure) => panic!("seed {seed}, {self:?}, {plan:?}: {failure}"),
        }
    }

    /// As [`Bench::run`] without faults, counted by name.
    fn count(self) -> (u64, Range<u64>) {
        let (calls, path) = self.run(Plan::None);
        let mut counts = BTreeMap::new();
        for name in &calls {
            *counts.entry(*name).or_insert(0) += 1;
        }
        eprintln!("{self:?}: {} calls, {counts:?}", calls.len());
        (calls.len() as u64, path)
    }

    /// Runs the job for every `step`th of its calls, from `first`; for all if NTSIM_SWEEP is set.
    fn sweep(self, plan: fn(u64) -> Plan, first: usize, step: usize) {
        if let Some(call) = number("NTSIM_POINT") {
            self.run(plan(call));
            return;
        }
        let (first, step) = match std::env::var_os("NTSIM_SWEEP") {
            Some(_) => (0, 1),
            None => (first, step),
        };
        for call in (0..self.count().0).skip(first).step_by(step) {
            self.run(plan(call));
        }
    }

    /// Runs the job with two of its calls failing, both from the cancel on: some pairs close to each
    /// other, some far apart.
    fn sweep_pairs(self, pairs: u64) {
        if let (Some(one), Some(other)) = (number("NTSIM_POINT"), number("NTSIM_OTHER")) {
            self.run(Plan::Pair(one, other));
            return;
        }
        let pairs = match std::env::var_os("NTSIM_SWEEP") {
            Some(_) => 2000,
            None => pairs,
        };
        let (_, path) = self.count();
        let len = path.end - path.start;
        assert!(len > 20, "the path has {len} calls");
        for pair in 0..pairs {
            let one = pair * 7919 % (len - 1);
            let reach = if pair % 2 == 0 { len.min(24) } else { len };
            let other = one + 1 + pair * 104_729 % reach.min(len - 1 - one);
            self.run(Plan::Pair(path.start + one, path.start + other));
        }
    }
}

macro_rules! sweeps {
    ($($name:ident: $profile:ident, $scheme:ident, $plan:ident, $until:ident, $first:literal, $step:literal;)*) => {
        $(#[test]
        fn $name() {
            let bench = Bench {
                profile: Profile::$profile,
                scheme: Scheme::$scheme,
                until: Until::$until,
            };
            bench.sweep(Plan::$plan, $first, $step);
        })*
    };
}

sweeps! {
    http_each_call_fails_once: Windows, Http, Once, Noticed, 0, 2;
    http_all_calls_fail_until_it_is_noticed: Windows, Http, From, Noticed, 1, 3;
    http_all_calls_fail_until_unload: Windows, Http, From, Unloaded, 2, 3;
    https_each_call_fails_once: Windows, Https, Once, Noticed, 0, 3;
    https_all_calls_fail_until_it_is_noticed: Windows, Https, From, Noticed, 0, 6;
    https_all_calls_fail_until_unload: Windows, Https, From, Unloaded, 2, 6;
    hostile_http_each_call_fails_once: Hostile, Http, Once, Noticed, 0, 2;
    hostile_http_all_calls_fail_until_it_is_noticed: Hostile, Http, From, Noticed, 0, 4;
    hostile_http_all_calls_fail_until_unload: Hostile, Http, From, Unloaded, 0, 4;
    hostile_https_each_call_fails_once: Hostile, Https, Once, Noticed, 1, 5;
    hostile_https_all_calls_fail_until_it_is_noticed: Hostile, Https, From, Noticed, 1, 10;
    hostile_https_all_calls_fail_until_unload: Hostile, Https, From, Unloaded, 3, 10;
    wine_http_each_call_fails_once: Wine, Http, Once, Noticed, 0, 4;
    wine_http_all_calls_fail_until_it_is_noticed: Wine, Http, From, Noticed, 0, 8;
    wine_https_each_call_fails_once: Wine, Https, Once, Noticed, 0, 10;
    viosock_http_each_call_fails_once: Viosock, Http, Once, Noticed, 0, 4;
    viosock_http_all_calls_fail_until_it_is_noticed: Viosock, Http, From, Noticed, 0, 8;
    viosock_https_each_call_fails_once: Viosock, Https, Once, Noticed, 0, 10;
}

macro_rules! pairs {
    ($($name:ident: $profile:ident, $scheme:ident, $until:ident, $pairs:literal;)*) => {
        $(#[test]
        fn $name() {
            let bench = Bench {
                profile: Profile::$profile,
                scheme: Scheme::$scheme,
                until: Until::$until,
            };
            bench.sweep_pairs($pairs);
        })*
    };
}

pairs! {
    http_two_calls_fail_from_the_cancel_on: Windows, Http, Noticed, 60;
    https_two_calls_fail_from_the_cancel_on: Windows, Https, Noticed, 60;
    hostile_http_two_calls_fail_from_the_cancel_on: Hostile, Http, Noticed, 60;
    hostile_https_two_calls_fail_from_the_cancel_on: Hostile, Https, Noticed, 60;
    wine_http_two_calls_fail_from_the_cancel_on: Wine, Http, Noticed, 30;
    viosock_http_two_calls_fail_from_the_cancel_on: Viosock, Http, Noticed, 30;
}
