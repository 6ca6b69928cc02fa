//! Requests that are given up, and a driver that comes and goes.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use wskhttp_origin::End;
use wskhttp_wine_suite::{Options, Running, servers::Resolver};

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for phase in PHASES.iter().chain([&LOOK_UP]) {
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
    trials.push(trial("lifecycle::stopped_in_look_up", stopped_in_look_up));
    trials
}

/// A request that does not end by itself.
struct Phase {
    name: &'static str,
    at: At,
}

/// What it waits for.
#[derive(Clone, Copy)]
enum At {
    /// The answer of a DNS server.
    LookUp,
    /// The answer to a SYN.
    Connect,
    /// The server's first flight.
    Handshake,
    /// The rest of the response to a GET of this path.
    Response(&'static str),
    /// The server's reading on.
    Upload,
}

const fn phase(name: &'static str, at: At) -> Phase {
    Phase { name, at }
}

const PHASES: &[Phase] = &[
    phase("connect", At::Connect),
    phase("handshake", At::Handshake),
    phase("head", At::Response("/stall/head")),
    phase("body", At::Response("/stall/body")),
    phase("slow_body", At::Response("/slow/1000000/20")),
    phase("upload", At::Upload),
];

/// Apart from the others: the look-up goes on without the request, until the resolver gives it up.
const LOOK_UP: Phase = phase("look_up", At::LookUp);

impl Phase {
    /// Starts the request, and waits until it is there. Gives the number of its connection, if the
    /// server has one.
    fn start(&self, bench: &Bench) -> anyhow::Result<(Running, Option<u64>)> {
        let before = bench.origin.log().accepted;
        // A path of its own: not a connection that another request used.
        let tag = format!("{}-{before}", self.name);
        let syns = connecting(bench)?;
        let questions = match self.at {
            At::LookUp => bench.resolver()?.stalled(),
            _ => 0,
        };
        let url = match self.at {
            At::LookUp => format!("https://{}/", Resolver::STALLED),
            At::Connect => format!("https://localhost:{}/", bench.origin.full_port()),
            At::Handshake => format!("https://localhost:{}/", bench.origin.silent_port()),
            At::Response(path) => bench.url(&format!("{path}?tag={tag}")),
            At::Upload => bench.url(&format!("/stall/upload?tag={tag}")),
        };
        let mut arguments = vec![url];
        if matches!(self.at, At::Upload) {
            let source = bench.file("upload");
            std::fs::write(&source, vec![1; 32 << 20])?;
            arguments.extend(["-T".into(), source.display().to_string()]);
        }
        let program = bench
            .driver
            .wskhttp(["--cacert".as_ref(), bench.origin_ca.as_os_str()]);
        let running = program.args(&arguments).start()?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let log = bench.origin.log();
            let connection = match self.at {
                At::LookUp | At::Connect => None,
                At::Handshake => log.connections.iter().rfind(|c| c.id > before),
                At::Response(_) | At::Upload => log.tagged(&tag).last(),
            };
            let there = match self.at {
                At::LookUp => bench.resolver()?.stalled() > questions,
                At::Connect => connecting(bench)? > syns,
                _ => connection.is_some(),
            };
            if there {
                // Into the middle of it; any other moment will do as well.
                thread::sleep(Duration::from_millis(200));
                return Ok((running, connection.map(|c| c.id)));
            }
            if Instant::now() > deadline {
                bail!("the request did not arrive: {:?}", running.finish()?);
            }
            thread::sleep(POLL);
        }
    }
}

/// Sockets of this machine's that have sent a SYN to the full port and got no answer (proc(5), tcp).
fn connecting(bench: &Bench) -> anyhow::Result<usize> {
    let remote = format!("0100007F:{:04X}", bench.origin.full_port());
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let pending = table.lines().filter(|line| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next() == Some(&remote) && fields.next() == Some("02")
    });
    Ok(pending.count())
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
            end != Some(End::Abandoned),
            "the server had to give up the connection"
        );
        bench.driver.idle()?;
        let deadline = Instant::now() + LIMIT;
        while connecting(bench)? > 0 {
            ensure!(Instant::now() < deadline, "a socket is still connecting");
            thread::sleep(POLL);
        }
    }
    bench.healthy()?;
    bench.back_to(before)
}

/// How the server saw the connection end, if it saw it begin.
fn ended(bench: &Bench, id: Option<u64>) -> anyhow::Result<Option<End>> {
    let Some(id) = id else { return Ok(None) };
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = bench.origin.log();
        let connection = log.connections.iter().find(|c| c.id == id);
        if let Some(end) = connection.context("no such connection")?.end {
            return Ok(Some(end));
        }
        ensure!(
            Instant::now() < deadline,
            "the server sees no end of the connection"
        );
        thread::sleep(POLL);
    }
}

fn interrupted(bench: &Bench) -> anyhow::Result<()> {
    let (running, _) = phase("said", At::Response("/stall/head")).start(bench)?;
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

/// The driver does not unload before the look-up has ended, and then it does.
fn stopped_in_look_up(bench: &Bench) -> anyhow::Result<()> {
    for given_up in [false, true] {
        let before = Instant::now();
        let (mut running, _) = LOOK_UP.start(bench)?;
        if given_up {
            running.kill();
        }
        bench.driver.stop().context("stop")?;
        // The resolver gives up no sooner. Nothing else would show: Wine ends the process of a driver
        // that has unloaded, and the look-up with it.
        let taken = before.elapsed() + Duration::from_millis(100);
        ensure!(taken > Options::LOOK_UP, "unloaded during a look-up");
        if !given_up {
            let output = running.finish()?;
            ensure!(output.code.is_some_and(|code| code > 0), "{output:?}");
        }
        ensure!(bench.driver.status().is_err(), "a stopped driver answers");
        bench.driver.start().context("start")?;
        bench.healthy()?;
    }
    Ok(())
}

const LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
