//! One simulation: a seed, a body, and what a body may ask for.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::hash::Hasher as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wdk_sys::PEPROCESS;

use crate::driver::{new_driver, unloaded};
use crate::ex::PoolUse;
use crate::fault::Faults;
use crate::host::Host;
use crate::net::Stream;
use crate::profile::{Profile, Sim};
use crate::rule;
use crate::sched::{self, TEST_STACK, block, call_at};
use crate::stack::Depth;
use crate::state::{State, replace, set_in_driver, simulator, with};
use crate::{assertion, ex, ps, wsk};

/// Statics of the driver allow one simulation at a time.
static ONE: Mutex<()> = Mutex::new(());
/// Runs `body` as a simulated thread, on [`crate::Profile::Windows`].
///
/// # Panics
/// With the seed: when `body` panics, a rule is broken, or no thread can run any more.
pub fn run(seed: u64, body: impl FnOnce() + 'static) {
    Sim::new(seed).run(body);
}

/// As [`run`], but gives a broken rule or a deadlock as an error.
///
/// # Errors
/// What was broken, with the rule's number and source, and by which thread.
///
/// # Panics
/// When `body` panics.
pub fn try_run(seed: u64, body: impl FnOnce() + 'static) -> Result<Report, String> {
    Sim::new(seed).try_run(body)
}

/// One run.
pub(crate) fn execute(sim: Sim, body: impl FnOnce() + 'static) -> Result<Report, String> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    std::alloc::set_alloc_error_hook(ex::bugcheck);
    set_in_driver(false);
    crate::trap::install();
    assertion::install();
    replace(Some(Box::new(State {
        seed: sim.seed,
        random: sim.seed,
        now: 10_000_000,
        profile: sim.profile,
        processors: sim.processors,
        slow_completions: sim.slow_completions,
        faults: Faults {
            plan: sim.faults,
            ..Faults::default()
        },
        ..State::default()
    })));
    with(|s| wsk::start(s, sim.ready, sim.versions));
    wsk::worker(1);
    wsk::worker(2);
    let main = sched::spawn("the test".into(), 512 * 1024, false, move || {
        if sim.on_host {
            Host::alone();
            with(|s| s.steady = true);
        }
        body();
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| sched::run(main)));
    set_in_driver(false);
    let mut state = replace(None).expect("set above");
    sched::abandon(&mut state);
    let report = Report {
        kernel_calls: state.calls,
        trace: state.trace.finish(),
        points: state.points,
        depths: std::mem::take(&mut state.depths),
        pool: ex::balance(&state),
        fallible: std::mem::take(&mut state.faults.calls),
    };
    match outcome {
        Ok(Ok(())) => Ok(report),
        Ok(Err(failure)) => {
            // The driver's statics and threads may point into it.
            std::mem::forget(state);
            Err(failure)
        }
        Err(panic) => {
            std::mem::forget(state);
            resume_unwind(panic)
        }
    }
}

/// What a run can say of itself.
#[derive(Debug)]
pub struct Report {
    /// Calls into the kernel.
    pub kernel_calls: u64,
    /// A hash of these in their order, with thread and time, and of the callbacks and completions of the
    /// provider: a seed gives the same.
    pub trace: u64,
    /// Scheduling points: see [`spawn_at`].
    pub points: u64,
    /// For each kind of thread, how much of its stack the driver used. Empty where the driver's code is
    /// not optimized.
    pub depths: BTreeMap<String, Depth>,
    /// What was used of the pool, by tag.
    pub pool: BTreeMap<String, PoolUse>,
    /// The calls that might have failed, by name, in the order of the run.
    pub fallible: Vec<&'static str>,
}

/// The seeds of a test: `number` of them, or the one that `NTSIM_SEED` names, as `cargo xtask sim --seed`
/// has it.
#[must_use]
pub fn seeds(number: u64) -> Range<u64> {
    match std::env::var("NTSIM_SEED").map(|seed| seed.parse()) {
        Ok(Ok(seed)) => seed..seed + 1,
        _ => 0..number,
    }
}

/// The seed of a test that has one: the one that `NTSIM_SEED` names, or 1.
#[must_use]
pub fn seed() -> u64 {
    seeds(2).last().unwrap_or(1)
}

/// Says how to have a run again that fails while this is there.
pub(crate) struct Replay(pub(crate) u64, pub(crate) Profile);

impl Drop for Replay {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("{self}");
    }
}

impl Display for Replay {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(seed, profile) = self;
        write!(
            f,
            "replay: cargo xtask sim --seed {seed} --profile {profile:?}"
        )?;
        // A runner of one thread does not call it by the test.
        match std::thread::current().name() {
            Some(name) if name != "main" => write!(f, " --test {name}"),
            _ => Ok(()),
        }
    }
}

/// A number below `bound`, by lot.
#[must_use]
pub fn lot(bound: u64) -> u64 {
    crate::state::lot(bound)
}

/// Runs `peer` for every connection to `port` of any address.
pub fn listen(port: u16, peer: impl Fn(Stream) + 'static) {
    simulator(|| with(|s| s.net.listeners.insert(port, Rc::new(peer))));
}

/// Runs `body` on a simulated thread of its own.
pub fn spawn(name: &str, body: impl FnOnce() + 'static) -> Thread {
    simulator(|| Thread(sched::spawn(name.into(), TEST_STACK, false, body)))
}

/// Runs `body` on a simulated thread of its own, which begins when the run comes to its scheduling
/// point `number`, before any other thread runs on. There is one such thread at a time.
///
/// A scheduling point is where the kernel may go on with another thread than the one that runs: at
/// every call of the driver into it, and wherever a thread waits.
pub fn spawn_at(number: u64, name: &str, body: impl FnOnce() + 'static) -> Thread {
    simulator(|| Thread(sched::spawn_at(number, name, body)))
}

/// How many scheduling points the run has come to.
#[must_use]
pub fn points() -> u64 {
    with(|s| s.points)
}

/// The virtual time since the run began.
#[must_use]
pub fn elapsed() -> Duration {
    Duration::from_nanos(with(|s| s.now).saturating_mul(100))
}

/// Waits in a simulated thread until `ready`, which must not call the simulator.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool + 'static) {
    block(what, None, move |_| ready());
}

/// A simulated thread.
#[must_use]
pub struct Thread(usize);

impl Thread {
    /// Waits until it has ended.
    pub fn join(self) {
        let id = self.0;
        block("a thread of the test", None, move |s| s.threads[id].ended);
    }
}

/// Runs `body` as code of process `number`, whose handles are its own. 0 is the system's, and that of
/// every thread outside of this.
pub fn in_process<R>(number: usize, body: impl FnOnce() -> R) -> R {
    ps::within(number, body)
}

/// The process object of process `number`, which stays.
#[must_use]
pub fn process(number: usize) -> PEPROCESS {
    simulator(|| ps::object(number))
}

/// For each socket that was made so far, the process that it belongs to.
#[must_use]
pub fn socket_owners() -> Vec<usize> {
    simulator(|| with(|s| s.owners.clone()))
}

/// What has to hold once the image of a driver that [`as_driver`] ran is gone: nothing is left.
pub fn image_gone() {
    simulator(|| unloaded(new_driver()));
}

/// Runs `client` as code of a driver: what it allocates is pool.
pub fn as_driver<R>(client: impl FnOnce() -> R) -> R {
    crate::state::driver(client)
}

/// Runs `body` as code of nobody's driver, from within [`as_driver`].
pub fn as_user<R>(body: impl FnOnce() -> R) -> R {
    simulator(body)
}

/// Runs `client` as code of a driver at `level`.
pub fn at_irql<R>(level: u8, client: impl FnOnce() -> R) -> R {
    call_at(level, rule::C9_05, "the client", client)
}
