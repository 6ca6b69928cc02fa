//! Servers on the loopback network besides the origin.

mod nginx;
mod resolver;
mod s_server;
mod tinyproxy;

pub use nginx::{Nginx, Request};
pub use resolver::Resolver;
pub use s_server::SServer;
pub use tinyproxy::Tinyproxy;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tls {
    /// 1.1: no client of today takes it.
    V1_1,
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

/// A certificate of a server and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A port of 127.0.0.1 that nothing listens on now.
///
/// # Errors
///
/// There is none.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// A server process. Gets SIGKILL when this ends, or when the thread that started it does.
#[derive(Debug)]
struct Server(Child);

impl Server {
    /// Starts a program that listens on `port`, with its output in `directory`/output.
    fn start(
        program: &str,
        arguments: &[&str],
        directory: &Path,
        port: u16,
    ) -> anyhow::Result<Self> {
        let output = directory.join("output");
        let file = std::fs::File::create(&output)?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", program])
            .args(arguments)
            // Where Debian has nginx.
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("setpriv (package util-linux) cannot be run")?;
        let mut server = Self(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect(address).is_err() {
            if server.0.try_wait()?.is_some() || Instant::now() > deadline {
                let text = std::fs::read_to_string(&output).unwrap_or_default();
                bail!("{program} does not listen on port {port}: {text}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
