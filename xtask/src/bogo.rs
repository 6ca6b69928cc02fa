//! `cargo xtask bogo-shim`: builds the shim for BoringSSL's test runner and says where it is.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use cargo_metadata::Message;

use crate::build::workspace::Workspace;

/// Prints the path of the program, and nothing else, on stdout.
pub(crate) fn run() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(["--package", "wskhttp-bogo-shim", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be run")?;
    let output = build.stdout.take().context("cargo has no output")?;
    let mut path = None;
    for message in Message::parse_stream(std::io::BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message?
            && let Some(executable) = artifact.executable
        {
            path = Some(executable);
        }
    }
    if !build.wait()?.success() {
        bail!("the shim does not build");
    }
    println!("{}", path.context("cargo built no program")?);
    Ok(())
}
