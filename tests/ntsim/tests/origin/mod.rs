//! The origin, in a process of its own: its rustls has std, and the driver's, which is in this one,
//! has not.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// An origin that ends when it is dropped, or with this process.
pub(crate) struct Origin {
    pub(crate) https: u64,
    pub(crate) http: u64,
    /// Its authority, PEM.
    pub(crate) ca: Vec<u8>,
    child: Child,
}

impl Origin {
    pub(crate) fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let ca = directory.path().join("ca.pem");
        let mut child = Command::new(program()?)
            .arg("--ca-out")
            .arg(&ca)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("a pipe")?;
        BufReader::new(output).read_line(&mut line)?;
        let ports: Value = serde_json::from_str(&line).context("the origin's first line")?;
        let port = |name: &str| ports[name].as_u64().context("a port");
        Ok(Self {
            https: port("https")?,
            http: port("http")?,
            ca: std::fs::read(&ca)?,
            child,
        })
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Servers of rustls, as `wskhttp-origin --listeners` starts them. They end when this is dropped, or with
/// this process.
#[allow(dead_code, reason = "each test program uses a part of it")]
pub(crate) struct Listeners {
    pub(crate) ports: Vec<u16>,
    child: Child,
}

#[allow(dead_code, reason = "as above")]
impl Listeners {
    pub(crate) fn start(lines: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("listeners");
        std::fs::write(&file, lines)?;
        let mut child = Command::new(program()?)
            .arg("--listeners")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("a pipe")?;
        BufReader::new(output).read_line(&mut line)?;
        let value: Value = serde_json::from_str(&line).context("the first line")?;
        let ports = value["ports"].as_array().context("ports")?;
        let ports = ports
            .iter()
            .map(|port| port.as_u64().and_then(|port| u16::try_from(port).ok()))
            .collect::<Option<_>>()
            .context("ports")?;
        Ok(Self { ports, child })
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the program, and tells the processes that this one starts where it is.
pub(crate) fn build() -> Result<()> {
    let program = program()?;
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var(PROGRAM, program) };
    Ok(())
}

fn program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return Ok(program.into());
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--package", "wskhttp-origin"])
        .args(["--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit());
    // A change of RUSTC_BOOTSTRAP compiles nearly everything in a target directory again: that of the
    // workspace, above the one for what is built with it, goes without.
    if let Some(directory) = std::env::var_os("CARGO_TARGET_DIR")
        && let Some(target) = Path::new(&directory).parent()
    {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    let output = cargo.env_remove("RUSTC_BOOTSTRAP").output()?;
    ensure!(output.status.success(), "wskhttp-origin cannot be built");
    let messages = String::from_utf8(output.stdout)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo does not say where it has put wskhttp-origin")
}

const PROGRAM: &str = "WSKHTTP_ORIGIN";
