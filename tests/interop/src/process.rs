//! A server in a process of its own.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A server process. Gets SIGKILL when this ends, or when the thread that started it does.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: PathBuf,
}

/// A port of 127.0.0.1 that nothing listens on now, that this has not given before, and that no outgoing
/// connection gets: those have Linux's ephemeral ports.
///
/// # Errors
///
/// There is none.
pub fn free_port() -> io::Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    let start = std::process::id().wrapping_mul(1_000);
    for _ in 0..COUNT {
        let number = start.wrapping_add(GIVEN.fetch_add(1, Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + number).map_err(io::Error::other)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

impl Process {
    /// Starts a program that listens on `port`, with its output in `directory`/output.
    ///
    /// # Errors
    ///
    /// The program is not there, or does not listen.
    pub fn start(
        program: &str,
        arguments: &[&str],
        directory: &Path,
        port: u16,
    ) -> anyhow::Result<Self> {
        Self::start_with(program, arguments, directory, port, None)
    }

    /// The same, with a library that is loaded first.
    pub(crate) fn start_with(
        program: &str,
        arguments: &[&str],
        directory: &Path,
        port: u16,
        library: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let output = directory.join("output");
        let file = File::create(&output)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", program])
            .args(arguments)
            // Where Debian has nginx.
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        if let Some(library) = library {
            command.env("LD_PRELOAD", library);
        }
        let child = command
            .spawn()
            .context("setpriv (package util-linux) cannot be run")?;
        let mut server = Self { child, output };
        let deadline = Instant::now() + Duration::from_secs(10);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect(address).is_err() {
            if server.child.try_wait()?.is_some() || Instant::now() > deadline {
                let text = server.output();
                bail!("{program} does not listen on port {port}: {text}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// What it has said so far.
    pub(crate) fn output(&self) -> String {
        let bytes = fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
