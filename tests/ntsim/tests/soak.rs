//! A mixed load: users at once whose requests succeed, are cancelled, or lose their handle; connections
//! that are reset or finished at any byte, windows that are closed, bytes that come one by one; a provider
//! that is late, or goes away; calls that fail; a device that is removed, by surprise or not, and a driver
//! that is unloaded and loaded again in the middle of it. In the end all has to go well again. `cargo xtask sim --soak` runs it with many seeds.

#[allow(dead_code)]
mod support;

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use support::{Scheme, cancel, close, get, number, open, post, serve_in};
use wskhttp_client::{Device, Error, Kind, Opener};
use wskhttp_ntsim::fault::{self, Plan};
use wskhttp_ntsim::{
    Driver, Profile, Report, Sim, Stream, Thread, lose_provider, lot, reset_connections,
    restore_provider, sleep, spawn,
};

/// What a user does. Any outcome is right that is somebody else's fault.
fn user(opener: Opener, weather: &Weather) {
    for _ in 0..=lot(2) {
        let Ok(mut device) = Device::with_opener(opener.clone()) else {
            return;
        };
        for _ in 0..=lot(3) {
            let scheme = match lot(4) {
                0 => Scheme::Https,
                _ => Scheme::Http,
            };
            let outcome = match lot(5) {
                0 => post(&mut device, scheme),
                1 => cancel(&mut device, scheme),
                2 => close(&mut device, scheme),
                _ => get(&mut device, scheme),
            };
            if let Err(error) = outcome {
                weather.explains(&error);
            }
        }
    }
}

/// What has gone wrong so far, or may, besides what any error says by itself.
#[derive(Default)]
struct Weather {
    /// The provider is never there.
    no_network: bool,
    /// Sends succeed that have sent a part.
    cuts: Cell<bool>,
    /// Nothing does any more.
    calm: Cell<bool>,
}

impl Weather {
    /// The server speaks HTTP and TLS, the requests are valid, and nothing takes a minute.
    fn explains(&self, error: &Error) {
        let failed = fault::injected() > 0;
        let explained = match error.kind {
            Kind::InvalidRequest
            | Kind::InvalidUrl
            | Kind::HostNotFound
            | Kind::UnknownIssuer
            | Kind::NameMismatch
            | Kind::CertificateInvalid
            | Kind::TlsMisbehaved
            | Kind::MalformedHead
            | Kind::MalformedFraming
            | Kind::BodyLengthMismatch
            | Kind::DriverMessage => false,
            Kind::TimedOut => self.no_network,
            Kind::NoResources | Kind::TlsInternal => failed,
            Kind::IoFailed => failed || self.cuts.get(),
            _ => true,
        };
        assert!(explained, "{error:?}");
    }

    /// How a server treats a new connection.
    fn strikes(&self, stream: &mut Stream) {
        if self.calm.get() {
            return;
        }
        match lot(16) {
            0..4 => stream.reset_after(lot(6000) as usize),
            4 | 5 => stream.finish_after(lot(6000) as usize),
            6 => {
                stream.set_window(0);
                sleep(Duration::from_micros(lot(40_000)));
                stream.set_window(1 + lot(100) as usize);
            }
            7 => stream.deliver_at_most(1),
            8 => {
                self.cuts.set(true);
                stream.cut_sends();
            }
            _ => {}
        }
    }
}

/// What goes wrong meanwhile.
fn trouble() {
    for _ in 0..lot(4) {
        sleep(Duration::from_micros(lot(40_000)));
        match lot(4) {
            0 => {
                lose_provider();
                sleep(Duration::from_micros(lot(30_000)));
                restore_provider();
            }
            1 => {
                let next = fault::calls() + lot(300);
                fault::follow(match lot(3) {
                    0 => Plan::Once(next),
                    1 => Plan::Pair(next, next + 1 + lot(50)),
                    _ => Plan::From(next),
                });
                sleep(Duration::from_micros(lot(30_000)));
                fault::relent();
            }
            _ => {
                reset_connections();
            }
        }
    }
}

/// Loads the driver, lets users at it, and unloads it before they are done or after.
fn round(weather: &Rc<Weather>) {
    if lot(8) == 0 {
        fault::follow(Plan::Once(fault::calls() + lot(40)));
    }
    let driver = Driver::load().unwrap_or_else(|status| {
        assert!(fault::injected() > 0, "not loaded: {status:#x}");
        fault::relent();
        Driver::load().expect("loaded at the second try")
    });
    let users: Vec<Thread> = (0..1 + lot(4))
        .map(|_| {
            let (opener, weather) = (driver.opener(), Rc::clone(weather));
            spawn("user", move || user(opener, &weather))
        })
        .collect();
    let trouble = spawn("trouble", trouble);
    if lot(3) == 0 {
        sleep(Duration::from_micros(lot(60_000)));
        driver.surprise();
    }
    if lot(2) == 0 {
        driver.remove();
        users.into_iter().for_each(Thread::join);
    } else {
        users.into_iter().for_each(Thread::join);
        driver.remove();
    }
    trouble.join();
    fault::relent();
}

/// The load, and a request that has to be answered after it.
fn load(ready: bool) {
    let weather = Rc::new(Weather {
        no_network: !ready,
        ..Weather::default()
    });
    let over_server = Rc::clone(&weather);
    serve_in(move |stream| over_server.strikes(stream));
    for _ in 0..=lot(2) {
        round(&weather);
    }
    weather.calm.set(true);
    let driver = Driver::load().expect("loaded, as nothing fails");
    let mut device = open(&driver).expect("open");
    for scheme in [Scheme::Http, Scheme::Https] {
        match get(&mut device, scheme) {
            Ok(()) => assert!(ready, "an answer without a network"),
            Err(error) => assert!(!ready, "{error:?}, though nothing fails any more"),
        }
    }
    drop(device);
    driver.remove();
}

fn run(seed: u64, profile: Profile) -> Report {
    let sim = Sim::new(seed).profile(profile);
    let (sim, ready) = match seed / 4 % 32 {
        0 => (sim.never_ready(), false),
        late @ 1..5 => (sim.ready_after(Duration::from_millis(late * 300)), true),
        _ => (sim, true),
    };
    sim.report(move || load(ready))
}

fn turn(seed: u64) -> Profile {
    Profile::ALL[(seed % 4) as usize]
}

/// Each of some seeds gives the same run after others, and in a process of its own, where all lies
/// elsewhere.
#[test]
fn a_seed_is_one_run() {
    const TEST: &str = "a_seed_is_one_run";
    let trace = |seed| {
        let Report { trace, points, .. } = run(seed, turn(seed));
        format!("seed {seed}: {points} points, trace {trace:#x}")
    };
    if let Some(seed) = number(ALONE) {
        println!("{}", trace(seed));
        return;
    }
    for seed in SAME {
        let here = trace(seed);
        let alone = Command::new(std::env::current_exe().expect("a path"))
            .args([TEST, "--exact", "--nocapture"])
            .env(ALONE, seed.to_string())
            .output()
            .expect("a process");
        let alone = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.contains(&here), "{here}, alone: {alone}");
    }
}

/// Seeds whose runs have several sockets at once.
const SAME: std::ops::Range<u64> = 40..48;
/// The seed that is run alone.
const ALONE: &str = "NTSIM_TEST_ALONE";

#[test]
fn everything_at_once() {
    let seeds = match number("NTSIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("NTSIM_FROM").unwrap_or(0);
            from..from + number("NTSIM_SEEDS").unwrap_or(320)
        }
    };
    let only = Profile::only();
    let last = seeds.end;
    for seed in seeds {
        run(seed, only.unwrap_or(turn(seed)));
        if seed % 500 == 499 {
            eprintln!("{} of {last} seeds", seed + 1);
        }
    }
}
