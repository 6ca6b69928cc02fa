//! The test bodies of `wskhttp-cases` on the simulated kernel, whose network is the host's: a run for
//! each profile and some seeds, each in a process of its own.
//!
//! `cases run PROFILE SEED [CASE...]` is one run, with its output as it comes.

mod origin;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use wskhttp_cases::{CASES, Case, Context, Kind, Process, run};
use wskhttp_ntsim::{Machine, Options, Profile};

use origin::Origin;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [run, profile, seed, only @ ..] = &*words
        && run == "run"
    {
        return match one_run(profile, seed, only) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("failed, profile {profile}, seed {seed}: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    let mut arguments = Arguments::from_args();
    if let Err(error) = origin::build() {
        println!("{error:#}");
        return ExitCode::FAILURE;
    }
    // Most of a run's time is spent waiting.
    arguments.test_threads.get_or_insert(4);
    let seeds = match std::env::var_os("NTSIM_SEED") {
        Some(_) => wskhttp_ntsim::seeds(1),
        None => 1..SEEDS + 1,
    };
    let trials = seeds
        .flat_map(|seed| Profile::ALL.map(|profile| (profile, seed)))
        .filter(|(profile, _)| profile.is_wanted())
        .map(|(profile, seed)| {
            let name = format!("{profile:?}_{seed}").to_lowercase();
            Trial::test(name, move || in_process(profile, seed))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn in_process(profile: Profile, seed: u64) -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?)
        .args(["run", &format!("{profile:?}"), &seed.to_string()])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Err(format!(
        "{}: {}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
    .into())
}

fn one_run(profile: &str, seed: &str, only: &[String]) -> Result<()> {
    let seed = seed.parse()?;
    let profile = profile.parse().map_err(|error| anyhow!("{error}"))?;
    let bench = Bench::new(profile, seed)?;
    let outcome = CASES
        .iter()
        .filter(|case| only.is_empty() || only.iter().any(|name| name == case.name))
        .try_for_each(|case| {
            let begin = Instant::now();
            bench.case(case).context(case.name)?;
            println!("ok {} {:?}", case.name, begin.elapsed());
            Ok(())
        });
    // What the kernel says comes first.
    let broken = match outcome {
        Ok(()) => bench.machine.shut_down().err(),
        Err(_) => bench.machine.failure(),
    };
    broken.map_or(outcome, |rule| Err(anyhow!("{rule}")))
}

/// A machine, the origin, and what the cases are given.
struct Bench {
    machine: Machine,
    _origin: Origin,
    context: Context,
}

impl Bench {
    fn new(profile: Profile, seed: u64) -> Result<Self> {
        let origin = Origin::start()?;
        let options = Options {
            seed,
            speed: SPEED,
            profile,
        };
        let machine = Machine::start(options).map_err(|failure| anyhow!("{failure}"))?;
        let context = Context {
            base: format!("https://localhost:{}", origin.https),
            observer: format!("127.0.0.1:{}", origin.http),
            ca: origin.ca.clone(),
            seed,
            stalled_host: Some("slow.test".into()),
            opener: Some(machine.process().opener()),
            process: None,
        };
        Ok(Self {
            machine,
            _origin: origin,
            context,
        })
    }

    fn case(&self, case: &Case) -> Result<()> {
        if case.kind == Kind::Plain {
            return run(case.name, &self.context);
        }
        self.ended(case, || {})?;
        if case.kind == Kind::Holds {
            self.ended(case, || self.machine.surprise())?;
            ensure!(self.machine.restart(), "the driver does not come back");
        }
        run("idle", &self.context)
    }

    /// Runs a case in a process that ends with what it has in flight, after `before`.
    fn ended(&self, case: &Case, before: impl FnOnce()) -> Result<()> {
        let process = self.machine.process();
        let (to, signals) = channel();
        let context = Context {
            base: self.context.base.clone(),
            observer: self.context.observer.clone(),
            ca: self.context.ca.clone(),
            seed: self.context.seed,
            stalled_host: self.context.stalled_host.clone(),
            opener: Some(process.opener()),
            process: Some(Arc::new(Signals(to.clone()))),
        };
        let name = case.name;
        // It never ends, as the process that it stands for does not of itself.
        std::thread::spawn(move || {
            let outcome = run(name, &context);
            let _ = to.send(outcome);
        });
        signals.recv_timeout(PATIENCE)??;
        before();
        process.end();
        Ok(())
    }
}

/// Tells the runner that the process has come to where it ends.
struct Signals(Sender<Result<()>>);

impl Process for Signals {
    fn holding(&self) {
        self.exit();
    }

    fn exit(&self) {
        // The runner has given up otherwise.
        let _ = self.0.send(Ok(()));
    }
}

const SEEDS: u64 = 1;
/// Time passes faster, so that the cases wait less for what does not come; but a busy host, or one with
/// AddressSanitizer, still answers in time.
const SPEED: u32 = if cfg!(feature = "asan") { 1 } else { 2 };
const PATIENCE: Duration = Duration::from_secs(600);
