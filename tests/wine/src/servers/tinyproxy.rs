//! tinyproxy.

use std::fs;

use anyhow::Context;
use tempfile::TempDir;
use wskhttp_interop::{Process, free_port};

/// A proxy that asks for `user:password` and makes tunnels to any port.
#[derive(Debug)]
pub struct Tinyproxy {
    _server: Process,
    directory: TempDir,
    port: u16,
}

impl Tinyproxy {
    /// Starts the proxy.
    ///
    /// # Errors
    ///
    /// tinyproxy is not there, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("wskhttp-tinyproxy-")
            .tempdir()?;
        let port = free_port()?;
        let log = directory.path().join("log");
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nLogLevel Connect\n\
             LogFile \"{}\"\nBasicAuth user password\n",
            log.display()
        );
        let file = directory.path().join("tinyproxy.conf");
        fs::write(&file, configuration)?;
        let file = file.to_str().context("the path is not UTF-8")?;
        let server = Process::start("tinyproxy", &["-d", "-c", file], directory.path(), port)?;
        Ok(Self {
            _server: server,
            directory,
            port,
        })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged: each request line among it.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.directory.path().join("log")).context("tinyproxy's log")
    }
}
