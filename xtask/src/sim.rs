//! `cargo xtask sim`: the simulator's tests with one seed, or a mixed load with many.

use anyhow::bail;

use crate::build::{
    self,
    cargo::{Target, command},
    workspace::Workspace,
};

/// What `cargo xtask sim` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run with this seed alone
    #[arg(long)]
    seed: Option<u64>,
    /// Run the tests with this in their names alone
    #[arg(long)]
    test: Option<String>,
    /// Run the mixed load: requests, cancels, handles closed, surprise removal, unload
    #[arg(long)]
    soak: bool,
    /// How many seeds of the mixed load to run
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
}

/// Runs the tests.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    build::setup()?;
    let mut command = command(&workspace, Target::Host, "test")?;
    command.args(["--package", "wskhttp-ntsim"]);
    if options.soak {
        command.args(["--test", "soak"]);
        command.env("NTSIM_SEEDS", options.seeds.to_string());
    }
    if let Some(seed) = options.seed {
        command.env("NTSIM_SEED", seed.to_string());
    }
    command.arg("--").args(&options.test).arg("--nocapture");
    let status = command.status()?;
    if !status.success() {
        bail!("the simulation failed: {status}");
    }
    Ok(())
}
