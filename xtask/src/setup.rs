//! `cargo xtask setup`: what the other commands need on this host.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};
use wskhttp_wine_suite::{Home, host_version};

/// `cargo xtask setup` takes no options.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Installs what all commands need.
pub(crate) fn run(_options: &Options) -> anyhow::Result<()> {
    crate::build::setup()?;
    packages(TESTS)?;
    wine()
}

/// Installs those of `names` that dpkg does not list as installed, as root or through sudo.
pub(crate) fn packages(names: &[&str]) -> anyhow::Result<()> {
    let missing = missing(names);
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    admin(&["apt-get", "update", "-qq"])?;
    let mut install = vec![
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-qq",
        "--yes",
        "--no-install-recommends",
    ];
    install.extend(&missing);
    admin(&install)?;
    // Debian starts a server when it installs one. It is wanted here only as a program.
    if missing.contains(&"nginx") && Path::new("/run/systemd/system").exists() {
        admin(&["systemctl", "disable", "--now", "--quiet", "nginx.service"])?;
    }
    Ok(())
}

/// Makes the Debian root with Wine in it, if the host's own Wine is too old.
pub(crate) fn wine() -> anyhow::Result<()> {
    if host_version().is_some_and(|(major, _)| major >= Home::OLDEST) {
        return Ok(());
    }
    let root = Home::root()?;
    if root.is_dir() {
        return Ok(());
    }
    packages(&["debootstrap"])?;
    let cache = root.parent().context("the root has no parent")?;
    fs::create_dir_all(cache)?;
    let unfinished = cache.join("debian-13.unfinished");
    println!(
        "making a Debian 13 root with Wine at {} (1.4 GB, a minute or two)",
        root.display()
    );
    let path = unfinished
        .to_str()
        .context("the cache's path is not UTF-8")?;
    // Of a run that was interrupted.
    admin(&["rm", "-rf", "--one-file-system", path])?;
    bootstrap(path)?;
    // Files for the sandbox to mount its own on.
    for file in ["hosts", "resolv.conf"] {
        admin(&["touch", &format!("{path}/etc/{file}")])?;
    }
    fs::rename(&unfinished, &root).with_context(|| format!("{} cannot be made", root.display()))
}

/// What the tests need besides what a build does: servers, and an independent wsk.h.
pub(crate) const TESTS: &[&str] = &[
    "curl",
    "g++",
    "gnutls-bin",
    "libnss3-tools",
    "libwine-dev",
    "nginx",
    "openssl",
    "python3-h11",
    "tinyproxy",
];

/// Runs debootstrap and shows its steps on one line.
fn bootstrap(directory: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut child = as_root(&[
        "debootstrap",
        "--variant=minbase",
        "--include=wine,wine64,ca-certificates",
        "trixie",
        directory,
    ])
    .stdout(Stdio::piped())
    .spawn()
    .context("debootstrap cannot be run")?;
    let last = progress::follow(child.stdout.take(), started);
    let status = child.wait()?;
    if !status.success() {
        bail!("debootstrap failed ({status}): {last}");
    }
    println!("made in {} s", started.elapsed().as_secs());
    Ok(())
}

fn missing<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status} ${Package}\\n"])
        .args(names)
        .stderr(Stdio::null())
        .output();
    let listed = output.map(|output| output.stdout).unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed);
    let installed: Vec<_> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("installed "))
        .collect();
    names
        .iter()
        .copied()
        .filter(|name| !installed.contains(name))
        .collect()
}

fn admin(arguments: &[&str]) -> anyhow::Result<()> {
    let status = as_root(arguments)
        .status()
        .with_context(|| format!("{} cannot be run: this needs Debian", arguments.join(" ")))?;
    if !status.success() {
        bail!("{} failed: {status}", arguments.join(" "));
    }
    Ok(())
}

fn as_root(arguments: &[&str]) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut words = arguments.iter();
    let program = if root { words.next().copied() } else { None };
    let mut command = Command::new(program.unwrap_or("sudo"));
    command.args(words);
    command
}

mod progress {
    //! One line that says how far debootstrap is.

    use std::{
        io::{BufRead, BufReader, IsTerminal, Read, Write, stdout},
        time::Instant,
    };

    /// Shows the lines of `output` until it ends, and returns the last.
    pub(super) fn follow(output: Option<impl Read>, started: Instant) -> String {
        let mut last = String::new();
        let terminal = stdout().is_terminal();
        let mut count = 0_u32;
        let Some(output) = output else { return last };
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            count += 1;
            let seconds = started.elapsed().as_secs();
            // About 3,400 lines in all.
            let text: String = line.chars().take(64).collect();
            if terminal {
                print!("\r\x1b[K  {seconds:3} s  {text}");
                // Only the display suffers.
                let _ = stdout().flush();
            } else if count.is_multiple_of(250) {
                println!("  {seconds:3} s  {text}");
            }
            last = line;
        }
        if terminal {
            println!();
        }
        last
    }
}
