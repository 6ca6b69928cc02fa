//! Questions to the origin over plain TCP, past the driver.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::Context;
use crate::message::PATIENCE;

/// One connection as the origin's log has it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) requests: u64,
    pub(crate) end: Option<String>,
}

impl Context {
    /// The connections that had a request with this tag.
    pub(crate) fn seen(&self, tag: &str) -> Result<Vec<Seen>> {
        connections(&self.ask(&format!("/_log?tag={tag}"))?, None)
    }

    /// The connections to the port that says nothing, those up to number `after` left out.
    pub(crate) fn seen_silent(&self, after: u64) -> Result<Vec<Seen>> {
        let mut silent = connections(&self.ask("/_log")?, Some("silent"))?;
        silent.retain(|connection| connection.id > after);
        Ok(silent)
    }

    /// Connections that the origin has accepted so far.
    pub(crate) fn accepted(&self) -> Result<u64> {
        number(&json(&self.ask("/_log")?)?, "accepted")
    }

    pub(crate) fn silent_port(&self) -> Result<u64> {
        number(&json(&self.ask("/_ports")?)?, "silent")
    }

    /// Lets the uploads stalled at the origin go on.
    pub(crate) fn release(&self) -> Result<()> {
        self.ask("/_release").map(drop)
    }

    /// SHA-256 of the body of `/bytes/LENGTH`.
    pub(crate) fn digest(&self, length: u64) -> Result<String> {
        self.ask(&format!("/sha256/{length}"))
    }

    fn ask(&self, path: &str) -> Result<String> {
        let mut tcp = TcpStream::connect(&self.observer)
            .with_context(|| format!("cannot reach the origin at {}", self.observer))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        write!(
            tcp,
            "GET {path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        tcp.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        Ok(body.to_owned())
    }
}

/// Asks again and again until the answer is yes, within [`PATIENCE`].
pub(crate) fn until(what: &str, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let begin = Instant::now();
    while !done()? {
        if begin.elapsed() > PATIENCE {
            bail!("waited in vain: {what}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn connections(log: &str, port: Option<&str>) -> Result<Vec<Seen>> {
    let log = json(log)?;
    let connections = log["connections"].as_array().context("no connections")?;
    connections
        .iter()
        .filter(|connection| port.is_none_or(|port| connection["port"] == port))
        .map(|connection| {
            Ok(Seen {
                id: number(connection, "id")?,
                requests: number(connection, "requests")?,
                end: connection["end"].as_str().map(str::to_owned),
            })
        })
        .collect()
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("the origin's answer is not JSON")
}

fn number(value: &Value, name: &str) -> Result<u64> {
    value[name]
        .as_u64()
        .with_context(|| format!("no number called {name}"))
}
