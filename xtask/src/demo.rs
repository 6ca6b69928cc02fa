//! `cargo xtask demo`: the driver at work under Wine, or on the simulated kernel.

use std::{env, process::Command};

use anyhow::Context;

use crate::build::{
    self,
    cargo::{Target, command},
    workspace::Workspace,
};

/// What `cargo xtask demo` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the driver on the simulated kernel instead, without Wine
    #[arg(long)]
    pub(crate) sim: bool,
    /// Arguments for wskhttp.exe, in which {url} is the demo's server and {ca} the file with its authority
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Sets up and builds what is missing, then installs the driver, runs wskhttp.exe and removes all again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    if options.sim {
        return simulated(&workspace, &options.arguments);
    }
    crate::setup::wine()?;
    build::run(&build::Options {
        no_arm64: true,
        ..build::Options::default()
    })?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("run");
    example(&workspace, &mut cargo, "wskhttp-wine-suite")?;
    cargo.arg(workspace.dist());
    become_it(cargo.args(&options.arguments))
}

/// The command, as a program of this host, over the driver on the simulated kernel.
fn simulated(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    build::setup()?;
    let mut cargo = command(workspace, Target::Host, "run")?;
    example(workspace, &mut cargo, "wskhttp-ntsim")?;
    become_it(cargo.args(arguments))
}

/// The example `demo` of a package, in the caller's directory: that is where it reads and writes.
fn example(workspace: &Workspace, cargo: &mut Command, package: &str) -> anyhow::Result<()> {
    cargo
        .current_dir(env::current_dir()?)
        .args(["--quiet", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--package", package, "--example", "demo", "--"]);
    Ok(())
}

/// Runs a program, and ends as it does.
fn become_it(program: &mut Command) -> anyhow::Result<()> {
    let status = program.status().context("cargo cannot be run")?;
    std::process::exit(status.code().unwrap_or(1));
}
