//! `cargo xtask sim`: the simulator's tests with one seed, a mixed load with many, or the sweeps whole.

use std::{ffi::OsStr, fs};

use anyhow::bail;

use crate::{
    build::{
        self,
        cargo::{Target, command},
        workspace::Workspace,
    },
    test::step::Step,
};

/// What `cargo xtask sim` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run with this seed alone
    #[arg(long)]
    seed: Option<u64>,
    /// Run on this provider alone: windows, wine, viosock, hostile
    #[arg(long)]
    profile: Option<String>,
    /// Run the tests with this in their names alone
    #[arg(long)]
    test: Option<String>,
    /// Run the mixed load with many seeds, on the four providers in turn: requests at once, cancels,
    /// handles closed, resets at any byte, provider lost, calls that fail, removal, unload
    #[arg(long)]
    soak: bool,
    /// How many seeds of the mixed load to run
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Run the sweeps whole: each fallible call fails, and at each scheduling point the driver is
    /// unloaded, a request cancelled, a handle closed
    #[arg(long)]
    sweep: bool,
    /// Of a sweep, only this scheduling point or call
    #[arg(long, requires = "sweep")]
    point: Option<u64>,
    /// The second call, where two fail
    #[arg(long, requires = "point")]
    other: Option<u64>,
    /// With AddressSanitizer; of the tests, all but the mutants, which break rules on purpose
    #[arg(long)]
    asan: bool,
}

/// Runs the tests.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    build::setup()?;
    let mut command = command(&workspace, Target::Host, "test")?;
    command.args(["--package", "wskhttp-ntsim"]);
    let tests = match options {
        Options { soak: true, .. } => vec!["soak".into()],
        Options { sweep: true, .. } => SWEEPS.map(str::to_owned).into(),
        Options { seed: Some(_), .. } | Options { asan: true, .. } => sound(&workspace)?,
        _ => vec![],
    };
    command.args(tests.iter().flat_map(|test| ["--test", test]));
    if options.asan {
        command
            .args(["--features", "asan", "--target", Target::Host.triple()])
            .args(["--config", ASAN])
            .env("ASAN_OPTIONS", ASAN_OPTIONS);
    }
    if options.soak || options.sweep {
        command.args(["--profile", "sim", "--config", UNPAINTED]);
    }
    if options.soak {
        command.env("NTSIM_SEEDS", options.seeds.to_string());
        command.env("NTSIM_FROM", options.from.to_string());
    }
    if options.sweep {
        command.env("NTSIM_SWEEP", "1");
    }
    for (name, number) in [
        ("NTSIM_SEED", options.seed),
        ("NTSIM_POINT", options.point),
        ("NTSIM_OTHER", options.other),
    ] {
        if let Some(number) = number {
            command.env(name, number.to_string());
        }
    }
    if let Some(profile) = &options.profile {
        command.env("NTSIM_PROFILE", profile);
    }
    command.arg("--").args(&options.test).arg("--nocapture");
    let outcome = Step::new("simulation", command).shown().run()?;
    if !outcome.passed {
        bail!("the simulation failed");
    }
    if outcome.counts.passed == 0 {
        bail!("no test was run");
    }
    Ok(())
}

/// The programs with tests, but the mutants, which break rules on purpose.
fn sound(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut tests = Vec::new();
    for entry in fs::read_dir(workspace.root().join("tests/ntsim/tests"))? {
        let path = entry?.path();
        let is_test =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file();
        let name = path.file_stem().and_then(OsStr::to_str);
        tests.extend(
            name.filter(|name| is_test && *name != "mutants")
                .map(str::to_owned),
        );
    }
    tests.sort();
    Ok(tests)
}

/// The tests that look at `NTSIM_SWEEP`.
const SWEEPS: [&str; 3] = ["fault", "sweep", "transport"];

/// Optimized, without the painting of stacks, which takes nine tenths of such a run.
const UNPAINTED: &str = "profile.sim.package.wskhttp-ntsim.debug-assertions=true";

const ASAN: &str = "target.x86_64-unknown-linux-gnu.rustflags=['-Zsanitizer=address']";

/// The simulator has its own handler for faults, and a thread that does not end leaks its stack.
const ASAN_OPTIONS: &str =
    "handle_segv=0:use_sigaltstack=0:detect_leaks=0:detect_stack_use_after_return=0";
