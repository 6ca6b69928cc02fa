//! Requests that are given up, and a driver that comes and goes.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use wskhttp_origin::End;
use wskhttp_wine_suite::Running;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for phase in PHASES {
        trials.push(trial(
            format!("lifecycle::killed_in_{}", phase.name),
            |bench| {
                given_up(bench, phase, |running| {
                    running.kill();
                    Ok(())
                })
            },
        ));
        trials.push(trial(
            format!("lifecycle::ctrl_c_in_{}", phase.name),
            |bench| given_up(bench, phase, |running| running.interrupt()),
        ));
    }
    trials.push(trial("lifecycle::ctrl_c_is_said", interrupted));
    trials.push(trial("lifecycle::stop_and_start_20_times", stop_and_start));
    trials
}

/// A request that does not end by itself.
struct Phase {
    name: &'static str,
    /// What the server is asked for, on its port with TLS; `None`: the port that never answers.
    path: Option<&'static str>,
    upload: bool,
}

const fn phase(name: &'static str, path: &'static str) -> Phase {
    Phase {
        name,
        path: Some(path),
        upload: false,
    }
}

const PHASES: &[Phase] = &[
    Phase {
        name: "handshake",
        path: None,
        upload: false,
    },
    phase("head", "/stall/head"),
    phase("body", "/stall/body"),
    phase("slow_body", "/slow/1000000/20"),
    Phase {
        name: "upload",
        path: Some("/stall/upload"),
        upload: true,
    },
];

impl Phase {
    /// Starts the request, and waits until the server has it. Gives the number of its connection.
    fn start(&self, bench: &Bench) -> anyhow::Result<(Running, u64)> {
        let before = bench.origin.log().accepted;
        let url = match self.path {
            // A path of its own: not a connection that another request used.
            Some(path) => bench.url(&format!("{path}?tag={}-{before}", self.name)),
            None => format!("https://localhost:{}/", bench.origin.silent_port()),
        };
        let mut arguments = vec![url];
        if self.upload {
            let source = bench.file("upload");
            std::fs::write(&source, vec![1; 32 << 20])?;
            arguments.extend(["-T".into(), source.display().to_string()]);
        }
        let program = bench
            .driver
            .wskhttp(["--cacert".as_ref(), bench.origin_ca.as_os_str()]);
        let running = program.args(&arguments).start()?;
        let tag = format!("{}-{before}", self.name);
        let deadline = Instant::now() + LIMIT;
        loop {
            let log = bench.origin.log();
            let connection = match self.path {
                Some(_) => log.tagged(&tag).last(),
                None => log.connections.iter().rfind(|c| c.id > before),
            };
            if let Some(connection) = connection {
                // Into the middle of it; any other moment will do as well.
                thread::sleep(Duration::from_millis(200));
                return Ok((running, connection.id));
            }
            if Instant::now() > deadline {
                bail!("the request did not arrive: {:?}", running.finish()?);
            }
            thread::sleep(POLL);
        }
    }
}

fn given_up(
    bench: &Bench,
    phase: &Phase,
    give_up: fn(&mut Running) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    bench.healthy()?;
    let before = bench.in_use()?;
    for _ in 0..3 {
        let (mut running, connection) = phase.start(bench)?;
        give_up(&mut running)?;
        // Else the server does not read on to the end.
        bench.origin.release();
        let end = ended(bench, connection)?;
        ensure!(
            end != End::Abandoned,
            "the server had to give up the connection"
        );
        bench.driver.idle()?;
    }
    bench.healthy()?;
    bench.back_to(before)
}

/// How the server saw the connection end.
fn ended(bench: &Bench, id: u64) -> anyhow::Result<End> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = bench.origin.log();
        let connection = log.connections.iter().find(|c| c.id == id);
        if let Some(end) = connection.context("no such connection")?.end {
            return Ok(end);
        }
        ensure!(
            Instant::now() < deadline,
            "the server sees no end of the connection"
        );
        thread::sleep(POLL);
    }
}

fn interrupted(bench: &Bench) -> anyhow::Result<()> {
    let (running, _) = phase("said", "/stall/head").start(bench)?;
    running.interrupt()?;
    let output = running.finish()?;
    ensure!(output.code == Some(130), "exit code {:?}", output.code);
    Ok(())
}

fn stop_and_start(bench: &Bench) -> anyhow::Result<()> {
    for round in 0..20 {
        let mut busy = Vec::new();
        if round % 4 == 3 {
            for phase in PHASES {
                busy.push(phase.start(bench)?);
            }
        }
        bench
            .driver
            .stop()
            .with_context(|| format!("stop {round}"))?;
        bench.origin.release();
        for (running, connection) in busy {
            let output = running.finish()?;
            ensure!(output.code.is_some_and(|code| code > 0), "{output:?}");
            ended(bench, connection)?;
        }
        ensure!(bench.driver.status().is_err(), "a stopped driver answers");
        bench
            .driver
            .start()
            .with_context(|| format!("start {round}"))?;
        bench.healthy().with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

const LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
