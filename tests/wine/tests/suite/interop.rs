//! Of the matrix of `wskhttp-interop` the rows that have each of its values with each server.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use anyhow::{Context, anyhow, ensure};
use libtest_mimic::Trial;
use wskhttp_interop::{Errand, Farm, Group, Row, Seen, Suite, Version, chosen};

use crate::bench::{Bench, succeeded, trial};

/// The servers start with the first trial that runs, and end with the last.
pub(crate) fn trials() -> Vec<Trial> {
    let farm = Arc::<OnceLock<Result<Farm, String>>>::default();
    let trial_of = |row: Row| {
        let farm = Arc::clone(&farm);
        trial(format!("interop::{}", row.name()), move |bench| {
            let farm = farm.get_or_init(|| {
                let farm = Farm::new(&chosen(), &wskhttp_origin::start_listeners);
                farm.map_err(|error| format!("{error:#}"))
            });
            let farm = farm.as_ref().map_err(|error| anyhow!("{error}"))?;
            farm.check(row, &|errand| run(bench, errand))
        })
    };
    chosen().into_iter().map(trial_of).collect()
}

/// All requests by one `wskhttp.exe`.
fn run(bench: &Bench, errand: &Errand) -> anyhow::Result<Vec<Seen>> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut arguments = vec!["-v".to_owned(), "--no-keepalive".to_owned()];
    if let Some((certificate, key)) = &errand.identity {
        arguments.extend(["--cert".into(), text(certificate)]);
        arguments.extend(["--key".into(), text(key)]);
    }
    let bodies: Vec<PathBuf> = (0..errand.requests)
        .map(|number| bench.file(&format!("interop-{number}")))
        .collect();
    for body in &bodies {
        arguments.extend(["-o".into(), text(body)]);
        arguments.push(format!("https://localhost:{}/", errand.port));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = bench.fetch_with(&errand.ca, &arguments)?;
    succeeded(&output)?;
    let mut seen = connections(&output.stderr).with_context(|| output.stderr.clone())?;
    ensure!(seen.len() == bodies.len(), "{}", output.stderr);
    for (seen, body) in seen.iter_mut().zip(&bodies) {
        seen.body = String::from_utf8_lossy(&fs::read(body)?).into_owned();
        fs::remove_file(body)?;
    }
    Ok(seen)
}

/// What `-v` says of each connection that was made.
fn connections(text: &str) -> anyhow::Result<Vec<Seen>> {
    let mut all: Vec<Seen> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("* ")) {
        if line.trim_end() == "TLS session resumed" {
            all.last_mut().context("no connection")?.resumed = true;
        } else if line.starts_with("TLS 1.") {
            all.push(connection(line.trim_end()).with_context(|| line.to_owned())?);
        }
    }
    Ok(all)
}

/// `VERSION, SUITE, GROUP`, or without a group.
fn connection(line: &str) -> Option<Seen> {
    let mut words = line.split(", ");
    let version = match words.next()? {
        "TLS 1.2" => Version::Tls12,
        "TLS 1.3" => Version::Tls13,
        _ => return None,
    };
    let suite = Suite::with_name(words.next()?)?;
    let group = match words.next() {
        Some(name) => Group::with_name(name)?.number(),
        None => 0,
    };
    Some(Seen {
        version: version.number(),
        suite: suite.0,
        group,
        resumed: false,
        body: String::new(),
    })
}
