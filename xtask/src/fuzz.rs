//! `cargo xtask fuzz`: libFuzzer with AddressSanitizer over `tests/fuzz`, with the pinned toolchain.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
};

use anyhow::{Context, bail};

use crate::build::workspace::Workspace;

/// What `cargo xtask fuzz` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these: head, chunk, content, exchange, message, redirect, tls_session, tls_chain, tls_policy,
    /// tls_blob, tls_crl, tls_ocsp, tls_pins, url
    targets: Vec<String>,
    /// A few seconds each: whether they build, and hold for the corpus
    #[arg(long)]
    smoke: bool,
    /// Seconds for each
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Builds the fuzzers and runs them, two at a time; fails when an input breaks a property.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    let directory = workspace.root().join("tests/fuzz");
    let target = workspace.target().join("fuzz");
    let wanted: Vec<&str> = match options.targets.as_slice() {
        [] => TARGETS.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    if let Some(unknown) = wanted.iter().find(|name| !TARGETS.contains(name)) {
        bail!("no fuzzer {unknown:?}; there are {}", TARGETS.join(", "));
    }
    build(&directory, &target)?;
    seeds(&workspace, &target)?;
    let seconds = match options.smoke {
        true => SMOKE,
        false => options.seconds,
    };
    let next = Mutex::new(wanted.into_iter());
    let work = || {
        loop {
            let name = next.lock().map_or(None, |mut next| next.next());
            match name {
                Some(name) => fuzz(name, seconds, &directory, &target)?,
                None => return Ok(()),
            }
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(work);
        work().and(
            other
                .join()
                .unwrap_or_else(|_| bail!("a fuzzer's thread panicked")),
        )
    })
}

fn build(directory: &Path, target: &Path) -> anyhow::Result<()> {
    let status = cargo()
        .args(["build", "--quiet", "--release", "--target", HOST])
        .arg("--manifest-path")
        .arg(directory.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS.join(" "))
        .status()
        .context("cargo cannot be run")?;
    match status.success() {
        true => Ok(()),
        false => bail!("the fuzzers do not build"),
    }
}

/// The corpus as seeds, anew each time.
fn seeds(workspace: &Workspace, target: &Path) -> anyhow::Result<()> {
    let seeds = target.join("seeds");
    if seeds.exists() {
        fs::remove_dir_all(&seeds)?;
    }
    let status = cargo()
        .args([
            "run",
            "--quiet",
            "--package",
            "wskhttp-corpus",
            "--",
            "--seeds",
        ])
        .arg(&seeds)
        .arg(workspace.root().join("tests/corpus/cases"))
        .current_dir(workspace.root())
        .stdout(Stdio::null())
        .status()
        .context("cargo cannot be run")?;
    match status.success() {
        true => Ok(()),
        false => bail!("the corpus does not give seeds"),
    }
}

fn fuzz(name: &str, seconds: u32, directory: &Path, target: &Path) -> anyhow::Result<()> {
    let found = target.join("found").join(name);
    let artifacts = target.join("artifacts").join(name);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&artifacts)?;
    let given = [
        directory.join("seeds").join(name),
        target.join("seeds").join(name),
    ];
    let mut child = Command::new(target.join(HOST).join("release").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .args([
            "-max_len=2048",
            "-timeout=60",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
        ])
        .arg(format!(
            "-dict={}",
            directory.join("dictionary.txt").display()
        ))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&found)
        .args(given.iter().filter(|seeds| seeds.is_dir()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("the fuzzer {name} cannot be run"))?;
    let mut lines = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            lines.push(String::from_utf8_lossy(&line?).into_owned());
        }
    }
    if !child.wait()?.success() {
        let panic = lines.iter().position(|line| line.contains("panicked at"));
        let first = panic.unwrap_or(lines.len().saturating_sub(40));
        for line in lines.iter().skip(first).take(40) {
            println!("{line}");
        }
        bail!(
            "the fuzzer {name} found something: {}",
            newest(&artifacts).display()
        );
    }
    let last = |word: &str| {
        let mut lines = lines.iter().rev();
        lines
            .find(|line| line.contains(word))
            .map_or("", String::as_str)
    };
    let coverage = last(" cov: ")
        .split_once(" cov: ")
        .map_or("", |(_, rest)| rest);
    let coverage = coverage.split(' ').next().unwrap_or_default();
    println!("fuzz {name}: {}, {coverage} edges", last("Done "));
    Ok(())
}

fn newest(directory: &Path) -> PathBuf {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok())
        .map_or_else(|| directory.to_owned(), |entry| entry.path())
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

const TARGETS: &[&str] = &[
    "head",
    "chunk",
    "content",
    "exchange",
    "message",
    "redirect",
    "tls_session",
    "tls_chain",
    "tls_policy",
    "tls_blob",
    "tls_crl",
    "tls_ocsp",
    "tls_pins",
    "url",
];

/// Named so that build scripts and macros do without the flags.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// What `cargo fuzz` would set on a nightly toolchain.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Zsanitizer=address",
    "-Ccodegen-units=1",
];

/// Seconds of a smoke run.
const SMOKE: u32 = 10;
