//! Servers: how each is told what a row wants, and how it tells of its connections.

mod gnutls;
mod nginx;
mod nss;
mod openssl;
mod rustls;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::papers::{Papers, shell};
use crate::process::Process;
use crate::{Listeners, Peer, Resume, Row, Seen, Version};

/// What a server says of a connection, as far as it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    version: Option<String>,
    suite: Option<String>,
    group: Option<String>,
    resumed: Option<bool>,
    /// It has had a certificate of the client's.
    mutual: Option<bool>,
}

/// A server for one row.
pub(crate) enum Running {
    /// One of many in a process that ends with the farm.
    Shared { peer: Peer, port: u16 },
    /// In a process of its own.
    Own {
        peer: Peer,
        port: u16,
        process: Process,
        _directory: TempDir,
    },
}

/// Servers that have a process together.
pub(crate) struct Shared {
    ports: HashMap<Row, u16>,
    loopback: PathBuf,
    _nginx: Option<nginx::Nginx>,
}

impl Shared {
    pub(crate) fn start(
        papers: &Papers,
        rows: &[Row],
        listeners: Listeners<'_>,
    ) -> anyhow::Result<Self> {
        let of = |peer| rows.iter().copied().filter(move |row| row.peer == peer);
        let mut ports = HashMap::new();
        let own: Vec<Row> = of(Peer::Rustls).collect();
        if !own.is_empty() {
            let lines: String = own.iter().map(|row| rustls::line(papers, *row)).collect();
            let found = listeners(&lines)?;
            ensure!(found.len() == own.len(), "{} ports", found.len());
            ports.extend(own.into_iter().zip(found));
        }
        let own: Vec<Row> = of(Peer::Nginx).collect();
        let mut process = None;
        if !own.is_empty() {
            let (nginx, found) = nginx::start(papers, &own)?;
            process = Some(nginx);
            ports.extend(own.into_iter().zip(found));
        }
        Ok(Self {
            ports,
            loopback: loopback(papers.directory())?,
            _nginx: process,
        })
    }
}

impl Running {
    pub(crate) fn start(papers: &Papers, shared: &Shared, row: Row) -> anyhow::Result<Self> {
        let peer = row.peer;
        if matches!(peer, Peer::Nginx | Peer::Rustls) {
            let port = *shared.ports.get(&row).context("no such server")?;
            return Ok(Self::Shared { peer, port });
        }
        let directory = tempfile::Builder::new()
            .prefix("wskhttp-interop-")
            .tempdir()?;
        let port = crate::free_port()?;
        let (program, arguments, library) = match peer {
            Peer::OpenSsl => ("openssl", openssl::arguments(papers, row, port), None),
            Peer::GnuTls => (
                "gnutls-serv",
                gnutls::arguments(papers, row, port),
                Some(&*shared.loopback),
            ),
            _ => (
                "selfserv",
                nss::arguments(papers, row, port),
                Some(&*shared.loopback),
            ),
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let process = Process::start_with(program, &arguments, directory.path(), port, library)?;
        Ok(Self::Own {
            peer,
            port,
            process,
            _directory: directory,
        })
    }

    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Shared { port, .. } | Self::Own { port, .. } => *port,
        }
    }

    /// What a process of its own has said.
    pub(crate) fn output(&self) -> String {
        match self {
            Self::Shared { .. } => String::new(),
            Self::Own { process, .. } => process.output(),
        }
    }

    /// What it says of its connections, oldest first.
    pub(crate) fn told(&self, seen: &[Seen]) -> Vec<Told> {
        let bodies = seen.iter().map(|seen| &*seen.body);
        match self {
            Self::Shared {
                peer: Peer::Nginx, ..
            } => bodies.map(nginx::told).collect(),
            Self::Shared { .. } => bodies.map(rustls::told).collect(),
            Self::Own { peer, .. } => match peer {
                Peer::OpenSsl => bodies.map(openssl::told).collect(),
                Peer::GnuTls => gnutls::told(&self.output()),
                _ => nss::told(&self.output()),
            },
        }
    }
}

impl Told {
    /// Compares what it says with the row.
    pub(crate) fn judge(&self, row: Row) -> anyhow::Result<()> {
        let text = |said: &Option<String>, wanted: &[&str], what: &str| {
            let right = said
                .as_ref()
                .is_none_or(|said| wanted.iter().any(|one| one.eq_ignore_ascii_case(said)));
            ensure!(right, "the server says {what} {said:?}, not {wanted:?}");
            Ok(())
        };
        let (number, names) = match row.suite.version() {
            Version::Tls12 => ("771", ["TLSv1.2", "TLS1.2", "3.3"]),
            Version::Tls13 => ("772", ["TLSv1.3", "TLS1.3", "3.4"]),
        };
        text(&self.version, &[&names[..], &[number]].concat(), "version")?;
        let suite = row.suite.0.to_string();
        let suites = [row.suite.openssl(), row.suite.gnutls(), &suite];
        text(&self.suite, &suites, "suite")?;
        let group = row.group.number().to_string();
        let name = match row.group {
            crate::Group::X25519 => ["x25519", "x25519", "x25519"],
            crate::Group::P256 => ["secp256r1", "prime256v1", "P-256"],
            crate::Group::P384 => ["secp384r1", "secp384r1", "P-384"],
        };
        text(&self.group, &[&name[..], &[&*group]].concat(), "group")?;
        let resumed = row.resume != Resume::Fresh;
        ensure!(
            self.resumed.is_none_or(|said| said == resumed),
            "the server says resumed {:?}",
            self.resumed
        );
        ensure!(
            self.mutual.is_none_or(|said| said == row.mutual),
            "the server says client certificate {:?}",
            self.mutual
        );
        Ok(())
    }
}

/// A library that lets a program listen on 127.0.0.1 only: neither gnutls-serv nor selfserv has an option
/// for that. What they print is also not held back for long.
fn loopback(directory: &Path) -> anyhow::Result<PathBuf> {
    std::fs::write(directory.join("loopback.cpp"), include_str!("loopback.cpp"))?;
    shell(
        directory,
        "g++ -O1 -shared -fPIC -o loopback.so loopback.cpp -ldl",
    )?;
    Ok(directory.join("loopback.so"))
}

/// The part of `text` between the first `begin` and the next `end`.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split(end).next().map(str::trim)
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
