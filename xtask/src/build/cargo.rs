//! Cargo for the targets of this workspace; `cargo xtask cargo` runs any command of it.

use std::process::Command;

use anyhow::{Context, bail};

use super::{lock, quiet, toolchain::Toolchain, workspace::Workspace};

/// What `cargo xtask cargo` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to compile for
    target: Target,
    /// Cargo's command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// What to compile for.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The driver
    Driver,
    /// The driver on aarch64, for type checks
    Arm64,
    /// Windows programs
    Windows,
    /// This host, with the driver's bindings
    Host,
}

impl Target {
    /// Rust's name of the target.
    pub(crate) const fn triple(self) -> &'static str {
        match self {
            Self::Driver => "x86_64-pc-windows-msvc",
            Self::Arm64 => "aarch64-pc-windows-msvc",
            Self::Windows => "x86_64-pc-windows-gnu",
            Self::Host => "x86_64-unknown-linux-gnu",
        }
    }

    const fn build_std(self) -> &'static [&'static str] {
        match self {
            Self::Driver | Self::Arm64 => &[
                "-Zbuild-std=core,alloc,compiler_builtins",
                "-Zbuild-std-features=compiler-builtins-mem",
            ],
            Self::Windows => &["-Zbuild-std=std,panic_abort"],
            Self::Host => &[],
        }
    }
}

/// Runs the command that the user gave.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    super::setup()?;
    let arguments: Vec<&str> = options.arguments.iter().map(String::as_str).collect();
    cargo(&workspace, options.target, &arguments)
}

/// Runs cargo for `target`; `arguments` begin with its command.
///
/// # Errors
/// When cargo cannot be run or fails.
pub(crate) fn cargo(
    workspace: &Workspace,
    target: Target,
    arguments: &[&str],
) -> anyhow::Result<()> {
    let (subcommand, rest) = arguments.split_first().context("no cargo command")?;
    let mut command = command(workspace, target, subcommand)?;
    let status = quiet::status(command.args(rest)).context("cargo")?;
    if !status.success() {
        bail!("cargo {}: {status}", arguments.join(" "));
    }
    Ok(())
}

/// `cargo SUBCOMMAND` for `target`. What needs the WDK's bindings gets the stand-in for wdk-build,
/// and its lock file.
///
/// # Errors
/// When the compiler or the lock file cannot be read.
pub(crate) fn command(
    workspace: &Workspace,
    target: Target,
    subcommand: &str,
) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .arg(subcommand)
        .current_dir(workspace.root())
        // Cargo's -Z flags, and the sources of the standard library.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", workspace.bound())
        // They would hide the flags in .cargo/config.toml.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // Set by `cargo run` to the libraries of the workspace's compiler.
        .env_remove("LD_LIBRARY_PATH");
    if target == Target::Windows {
        for setting in PROGRAMS {
            command.args(["--config", setting]);
        }
    } else {
        command
            .arg("-Zlockfile-path")
            .args(["--config", &lock::config(workspace)?])
            .arg("--config")
            .arg(workspace.root().join("tests/wdk-build/cross.toml"));
    }
    if target != Target::Host {
        command.args(["--target", target.triple()]);
    }
    match Toolchain::of(target)? {
        Toolchain::Installed => {}
        Toolchain::Source => {
            command.args(target.build_std());
        }
        Toolchain::Debian(rustc) => {
            command.env("RUSTC", rustc).args(target.build_std());
        }
    }
    Ok(command)
}

/// Programs need no link-time optimisation, which would take longer than all the rest of a build.
const PROGRAMS: &[&str] = &[
    "target.x86_64-pc-windows-gnu.linker='x86_64-w64-mingw32-gcc-win32'",
    "profile.release.codegen-units=16",
    "profile.release.lto='off'",
    "profile.release.strip='debuginfo'",
];
