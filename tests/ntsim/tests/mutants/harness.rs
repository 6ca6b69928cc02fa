//! What a mutant and a proof are.

use wskhttp_ntsim::rule::Rule;
use wskhttp_ntsim::{Profile, Sim, as_driver};

/// A test, and the rule that it is about.
pub(crate) type Test = (&'static str, &'static Rule);

/// Runs a client as driver code; it has to break `rule`, whatever the seed.
#[track_caller]
pub(crate) fn caught(rule: &Rule, profile: Profile, client: fn()) {
    for seed in 0..SEEDS {
        let sim = Sim::new(seed).profile(profile);
        let failure = sim.try_run(move || as_driver(client)).expect_err(rule.id);
        let name = failure.split(": ").next().unwrap_or_default();
        let name = name.split(" (").next().unwrap_or_default();
        assert_eq!(name, rule.id, "seed {seed}: {failure}");
    }
}

/// Runs a client as driver code, which breaks nothing.
#[track_caller]
pub(crate) fn holds(profile: Profile, client: fn()) {
    for seed in 0..SEEDS {
        let sim = Sim::new(seed).profile(profile);
        let done = sim.try_run(move || as_driver(client));
        done.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
}

const SEEDS: u64 = 5;

/// The profile that a test names, or that of all others.
macro_rules! profile {
    () => {
        wskhttp_ntsim::Profile::Windows
    };
    ($profile:ident) => {
        wskhttp_ntsim::Profile::$profile
    };
}

/// `name breaks RULE { client }`: a test for each, and all of them as `MUTANTS`. `name breaks RULE on
/// PROFILE { client }`: with that provider.
macro_rules! mutants {
    ($($name:ident breaks $rule:ident $(on $profile:ident)? $body:block)*) => {
        $(
            #[test]
            fn $name() {
                // SAFETY: none: that is the point.
                #[allow(unused_unsafe)]
                let client = || unsafe { $body };
                let (rule, profile) = (wskhttp_ntsim::rule::$rule, profile!($($profile)?));
                $crate::harness::caught(rule, profile, client);
            }
        )*
        pub(crate) static MUTANTS: &[$crate::harness::Test] = &[$((
            concat!(module_path!(), "::", stringify!($name)),
            wskhttp_ntsim::rule::$rule,
        )),*];
    };
}

/// `name shows RULE { client }`: as `mutants`, for clients that break nothing, as `PROOFS`.
macro_rules! proofs {
    ($($name:ident shows $rule:ident $(on $profile:ident)? $body:block)*) => {
        $(
            #[test]
            fn $name() {
                // SAFETY: as the documents have it.
                #[allow(unused_unsafe)]
                let client = || unsafe { $body };
                $crate::harness::holds(profile!($($profile)?), client);
            }
        )*
        pub(crate) static PROOFS: &[$crate::harness::Test] = &[$((
            concat!(module_path!(), "::", stringify!($name)),
            wskhttp_ntsim::rule::$rule,
        )),*];
    };
}
