//! The programs in the simulator.

use std::sync::mpsc::channel;

use wskhttp_ntsim::{Profile, Sim, as_driver, as_user, image_gone};
use wskhttp_wsk_programs::{Bench, Program};

use crate::peer::Peer;

/// How a program has ended.
pub(crate) enum Run {
    /// With these lines.
    Ended(Vec<String>),
    /// It broke a rule, or waits for ever.
    Broke(String),
}

/// Runs a program on the profile `wine`, on the host's network.
pub(crate) fn run(program: &'static Program, seed: u64) -> anyhow::Result<Run> {
    let peer = Peer::start()?;
    let ports = peer.ports;
    let (to, from) = channel();
    let sim = Sim::new(seed).profile(Profile::Wine).on_host();
    let outcome = sim.try_run(move || {
        as_driver(|| {
            let said = Bench::run(program, ports);
            as_user(|| to.send(said.clone())).expect("somebody waits");
        });
        image_gone();
    });
    Ok(match outcome {
        Ok(_) => Run::Ended(from.recv()?.lines().map(str::to_owned).collect()),
        Err(failure) => Run::Broke(failure),
    })
}
