//! `cargo xtask verify-chain`: certificate chains, judged as the driver judges them.

use std::{env, path::PathBuf, process::Command};

use anyhow::Context;

use crate::build::workspace::Workspace;

/// What `cargo xtask verify-chain` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Collections of test cases in the x509-limbo v1 format
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Show only the cases that do not come out as expected
    #[arg(short, long)]
    quiet: bool,
    /// Exit with 1 if a case does not come out as expected
    #[arg(long)]
    check: bool,
}

/// Judges the chains and ends with the exit code of the tool.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    // In the caller's directory, where the paths are meant.
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--package", "wskhttp-limbo", "--"])
        .args(options.quiet.then_some("--quiet"))
        .args(options.check.then_some("--check"))
        .args(&options.files)
        .status()
        .context("cargo cannot be run")?;
    std::process::exit(status.code().unwrap_or(1));
}
