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

    /// The port whose host does not answer a SYN.
    pub(crate) fn full_port(&self) -> Result<u64> {
        number(&json(&self.ask("/_ports")?)?, "full")
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use wskhttp_origin::{Options, Origin, pattern};

    use super::*;

    fn context(origin: &Origin) -> Context {
        Context {
            base: format!("https://localhost:{}", origin.https_port()),
            observer: format!("127.0.0.1:{}", origin.http_port()),
            ca: origin.ca_pem().into_bytes(),
            seed: 1,
            stalled_host: None,
            opener: None,
            process: None,
        }
    }

    fn request(origin: &Origin, path: &str) -> TcpStream {
        let mut tcp = TcpStream::connect(("127.0.0.1", origin.http_port())).unwrap();
        write!(tcp, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        tcp
    }

    #[test]
    fn the_log_is_understood() {
        let origin = Origin::start(Options::default()).unwrap();
        let context = context(&origin);
        assert!(context.seen("one").unwrap().is_empty());
        let tcp = request(&origin, "/stall/head?tag=one");
        until("the request", || Ok(context.seen("one")?.len() == 1)).unwrap();
        let seen = context.seen("one").unwrap();
        assert_eq!((seen[0].requests, &seen[0].end), (1, &None));
        let accepted = context.accepted().unwrap();
        drop(tcp);
        until("the end", || Ok(context.seen("one")?[0].end.is_some())).unwrap();
        let silent = u16::try_from(context.silent_port().unwrap()).unwrap();
        let _tcp = TcpStream::connect(("127.0.0.1", silent)).unwrap();
        until("a silent one", || {
            Ok(context.seen_silent(accepted)?.len() == 1)
        })
        .unwrap();
        assert_eq!(context.full_port().unwrap(), u64::from(origin.full_port()));
        assert_eq!(context.digest(1000).unwrap(), pattern::sha256(1000));
        context.release().unwrap();
    }

    #[test]
    fn every_fault_has_its_route() {
        let origin = Origin::start(Options::default()).unwrap();
        for (path, _) in crate::case::FAULTS {
            let mut tcp = request(&origin, path);
            let mut bytes = [0; 12];
            let read = tcp.read(&mut bytes).unwrap_or_default();
            assert!(!bytes[..read].ends_with(b"404"), "{path}");
        }
    }
}
