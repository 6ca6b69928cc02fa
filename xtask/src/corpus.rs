//! `cargo xtask corpus`: files that say what a server sends, shown to the HTTP client.

use std::{env, path::PathBuf, process::Command};

use anyhow::Context;

use crate::build::workspace::Workspace;

/// What `cargo xtask corpus` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Directories of cases, searched with their subdirectories, or single files; the format is in
    /// tests/corpus/README.md. Without any, the cases that come with it
    paths: Vec<PathBuf>,
    /// Show what the client saw in each case
    #[arg(short, long)]
    verbose: bool,
}

/// Runs the cases and ends with their exit code: 0 only if there are some and all came out as they say.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let own = [workspace.root().join("tests/corpus/cases")];
    let paths = match options.paths.as_slice() {
        [] => &own,
        paths => paths,
    };
    // In the caller's directory, where the paths are meant.
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--package", "wskhttp-corpus", "--"])
        .args(options.verbose.then_some("--verbose"))
        .args(paths)
        .status()
        .context("cargo cannot be run")?;
    std::process::exit(status.code().unwrap_or(1));
}
