//! The test bodies of `wskhttp-cases`, each in a process of its own.

use std::time::Duration;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use wskhttp_cases::{CASES, Kind};
use wskhttp_wine_suite::{Program, servers::Resolver};

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let bodies = CASES.iter().map(|case| {
        trial(format!("cases::{}", case.name), |bench| match case.kind {
            Kind::Plain => passes(bench, case.name),
            Kind::Exits => exits(bench, case.name),
            Kind::Holds => killed(bench, case.name),
        })
    });
    let holds = CASES.iter().filter(|case| case.kind == Kind::Holds);
    let stops = holds.map(|case| {
        trial(format!("cases::{}_and_stop", case.name), |bench| {
            stopped(bench, case.name)
        })
    });
    bodies.chain(stops).collect()
}

fn program<'a>(bench: &'a Bench, name: &str) -> Program<'a> {
    let program = bench.driver.cases([
        "run",
        name,
        "--base",
        &bench.url(""),
        "--raw-base",
        &format!("http://127.0.0.1:{}", bench.origin.http_port()),
        "--cacert",
        &bench.origin_ca.to_string_lossy(),
    ]);
    let program = match bench.resolver() {
        Ok(_) => program.args(["--stalled-host", Resolver::STALLED]),
        Err(_) => program,
    };
    program.timeout(LIMIT)
}

fn passes(bench: &Bench, name: &str) -> anyhow::Result<()> {
    let output = program(bench, name).run()?;
    ensure!(
        output.code == Some(0),
        "exit code {:?}: {}{}",
        output.code,
        output.text(),
        output.stderr
    );
    Ok(())
}

/// A process that ends while the driver works for it.
fn exits(bench: &Bench, name: &str) -> anyhow::Result<()> {
    passes(bench, name)?;
    passes(bench, "idle")
}

/// A process that is killed while the driver works for it.
fn killed(bench: &Bench, name: &str) -> anyhow::Result<()> {
    let mut running = program(bench, name).start()?;
    running.wait_for("holding", LIMIT)?;
    running.kill();
    passes(bench, "idle")
}

/// A driver that is stopped while it works.
fn stopped(bench: &Bench, name: &str) -> anyhow::Result<()> {
    let mut running = program(bench, name).start()?;
    running.wait_for("holding", LIMIT)?;
    bench.driver.stop().context("stop")?;
    running.kill();
    bench.driver.start().context("start")?;
    passes(bench, "idle")
}

const LIMIT: Duration = Duration::from_secs(300);
