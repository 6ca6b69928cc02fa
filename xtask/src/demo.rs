//! `cargo xtask demo`: the driver at work under Wine.

use std::{env, process::Command};

use anyhow::Context;

use crate::build::{self, workspace::Workspace};

/// What `cargo xtask demo` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for wskhttp.exe, in which {url} is the demo's server and {ca} the file with its authority
    #[arg(last = true)]
    pub(crate) arguments: Vec<String>,
}

/// Sets up and builds what is missing, then installs the driver, runs wskhttp.exe and removes all again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    crate::setup::wine()?;
    build::run(&build::Options { no_arm64: true })?;
    // In the caller's directory: that is where wskhttp.exe reads and writes.
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--package", "wskhttp-wine-suite", "--example", "demo", "--"])
        .arg(workspace.dist())
        .args(&options.arguments)
        .status()
        .context("cargo cannot be run")?;
    std::process::exit(status.code().unwrap_or(1));
}
