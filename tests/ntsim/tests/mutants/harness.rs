//! What a mutant and a proof are.

use wskhttp_ntsim::rule::Rule;
use wskhttp_ntsim::{as_driver, try_run};

/// A test, and the rule that it is about.
pub(crate) type Test = (&'static str, &'static Rule);

/// Runs a client as driver code; it has to break `rule`, whatever the seed.
#[track_caller]
pub(crate) fn caught(rule: &Rule, client: fn()) {
    for seed in 0..SEEDS {
        let failure = try_run(seed, move || as_driver(client)).expect_err(rule.id);
        let name = failure.split(": ").next().unwrap_or_default();
        let name = name.split(" (").next().unwrap_or_default();
        assert_eq!(name, rule.id, "seed {seed}: {failure}");
    }
}

/// Runs a client as driver code, which breaks nothing.
#[track_caller]
pub(crate) fn holds(client: fn()) {
    for seed in 0..SEEDS {
        try_run(seed, move || as_driver(client)).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
}

const SEEDS: u64 = 5;

/// `name breaks RULE { client }`: a test for each, and all of them as `MUTANTS`.
macro_rules! mutants {
    ($($name:ident breaks $rule:ident $body:block)*) => {
        $(
            #[test]
            fn $name() {
                // SAFETY: none: that is the point.
                #[allow(unused_unsafe)]
                $crate::harness::caught(wskhttp_ntsim::rule::$rule, || unsafe { $body });
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
    ($($name:ident shows $rule:ident $body:block)*) => {
        $(
            #[test]
            fn $name() {
                // SAFETY: as the documents have it.
                #[allow(unused_unsafe)]
                $crate::harness::holds(|| unsafe { $body });
            }
        )*
        pub(crate) static PROOFS: &[$crate::harness::Test] = &[$((
            concat!(module_path!(), "::", stringify!($name)),
            wskhttp_ntsim::rule::$rule,
        )),*];
    };
}
