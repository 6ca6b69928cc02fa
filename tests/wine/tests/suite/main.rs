//! The Wine suite: the real driver, installed by its INF and used through its device interface by the real
//! programs, against real servers on 127.0.0.1.
//!
//! `cargo xtask test wine [NAME...]` builds what it needs and runs it.

mod authority;
mod bench;
mod canned;
mod cases;
mod credentials;
mod crypto;
mod failures;
mod features;
mod interop;
mod lifecycle;
mod protocol;
mod proxies;
mod ranges;
mod tls;
mod transfer;

use libtest_mimic::Arguments;

fn main() {
    let mut arguments = Arguments::from_args();
    // There is one driver, and the trials read its counters.
    arguments.test_threads = Some(1);
    let trials = [
        protocol::trials(),
        transfer::trials(),
        failures::trials(),
        features::trials(),
        credentials::trials(),
        proxies::trials(),
        ranges::trials(),
        tls::trials(),
        crypto::trials(),
        interop::trials(),
        lifecycle::trials(),
        cases::trials(),
    ];
    let conclusion = libtest_mimic::run(&arguments, trials.into_iter().flatten().collect());
    // Before the exit, which drops nothing.
    let removed = bench::finish();
    if let Err(error) = &removed {
        eprintln!("the driver could not be removed: {error:#}");
    }
    if removed.is_err() {
        std::process::exit(101);
    }
    conclusion.exit();
}
