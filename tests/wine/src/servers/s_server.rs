//! `openssl s_server`.

use std::{fs, path::PathBuf};

use anyhow::Context;
use tempfile::TempDir;
use wskhttp_interop::{Process, free_port};

use super::{Leaf, Tls};
use crate::Home;

/// OpenSSL's test server. Serves files as HTTP/1.0: the end of the connection ends the body.
#[derive(Debug)]
pub struct SServer {
    _server: Process,
    directory: TempDir,
    port: u16,
}

impl SServer {
    /// Starts the server with one version of TLS and one certificate.
    ///
    /// # Errors
    ///
    /// The openssl command is not there, or does not start.
    pub fn start(leaf: &Leaf, tls: Tls) -> anyhow::Result<Self> {
        Self::start_with(leaf, tls, &[])
    }

    /// The same, with more options of the command's.
    ///
    /// # Errors
    ///
    /// The openssl command is not there, or does not start.
    pub fn start_with(leaf: &Leaf, tls: Tls, more: &[&str]) -> anyhow::Result<Self> {
        Self::run(&["openssl".into()], leaf, tls, more)
    }

    /// The same with the OpenSSL that is with Wine, 3.5 or newer: it has ML-KEM.
    ///
    /// # Errors
    ///
    /// There is no Wine, or the openssl command does not start.
    pub fn start_newest(leaf: &Leaf, tls: Tls, more: &[&str]) -> anyhow::Result<Self> {
        Self::run(&Home::find()?.openssl(), leaf, tls, more)
    }

    fn run(command: &[String], leaf: &Leaf, tls: Tls, more: &[&str]) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("wskhttp-openssl-")
            .tempdir()?;
        fs::create_dir_all(directory.path())?;
        let port = free_port()?;
        let accept = format!("127.0.0.1:{port}");
        let certificate = leaf.certificate.to_string_lossy();
        let key = leaf.key.to_string_lossy();
        let (program, before) = command.split_first().context("no command")?;
        let mut arguments: Vec<&str> = before.iter().map(String::as_str).collect();
        arguments.extend(["s_server", "-WWW", "-accept", &accept]);
        arguments.extend(["-cert", certificate.as_ref(), "-key", key.as_ref()]);
        arguments.extend(match tls {
            Tls::V1_1 => ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"].as_slice(),
            Tls::V1_2 => &["-tls1_2"],
            Tls::V1_3 => &["-tls1_3"],
        });
        arguments.extend(more);
        let server = Process::start(program, &arguments, directory.path(), port)?;
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

    /// Where the file that is served as `/name` belongs.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
