//! The matrix of `wskhttp-interop` on the simulated kernel, whose network is the host's: a test for each
//! row, all with one driver.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod origin;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, anyhow, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use wskhttp_client::{Device, Request, TlsOptions};
use wskhttp_interop::{Errand, Farm, Row, Seen, rows};
use wskhttp_ntsim::{Machine, Options};

use origin::Listeners;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let wanted: Vec<Row> = rows()
        .into_iter()
        .filter(|row| is_wanted(&arguments, &row.name()))
        .collect();
    let bench = if arguments.list || wanted.is_empty() {
        None
    } else {
        match Bench::new(&wanted) {
            Ok(bench) => Some(Arc::new(bench)),
            Err(error) => {
                println!("{error:#}");
                return ExitCode::FAILURE;
            }
        }
    };
    let trials = wanted.into_iter().map(|row| {
        let bench = bench.clone();
        Trial::test(row.name(), move || match bench {
            Some(bench) => bench.check(row),
            None => Ok(()),
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The last one there is.
    let broken = bench.and_then(Arc::into_inner).and_then(|bench| {
        let Bench { machine, farm, .. } = bench;
        drop(farm);
        machine.into_inner().ok()?.shut_down().err()
    });
    if let Some(rule) = broken {
        println!("{rule}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// As libtest-mimic sees it: the servers of rows that are not tried are not started.
fn is_wanted(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(filter.as_str()),
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// A machine with the driver, and the servers.
struct Bench {
    machine: Mutex<Machine>,
    farm: Farm,
    _rustls: Mutex<Option<Listeners>>,
}

impl Bench {
    fn new(rows: &[Row]) -> Result<Self> {
        origin::build()?;
        let rustls = Mutex::new(None);
        let farm = Farm::new(rows, &|lines| {
            let listeners = Listeners::start(lines)?;
            let ports = listeners.ports.clone();
            *rustls.lock().expect("not poisoned") = Some(listeners);
            Ok(ports)
        })?;
        let machine = Machine::start(Options::default()).map_err(|failure| anyhow!("{failure}"))?;
        Ok(Self {
            machine: Mutex::new(machine),
            farm,
            _rustls: rustls,
        })
    }

    fn check(&self, row: Row) -> Result<(), Failed> {
        self.farm
            .check(row, &|errand| self.run(errand))
            .map_err(|error| format!("{error:#}").into())
    }

    fn run(&self, errand: &Errand) -> Result<Vec<Seen>> {
        let process = self.machine.lock().expect("not poisoned").process();
        let mut device = Device::with_opener(process.opener())?;
        let mut tls = TlsOptions::new();
        if let Some((certificate, key)) = &errand.identity {
            tls = tls.client_certificate(&std::fs::read(certificate)?, &std::fs::read(key)?);
        }
        let ca = std::fs::read(&errand.ca)?;
        let url = format!("https://localhost:{}/", errand.port);
        (0..errand.requests)
            .map(|number| {
                let request = Request::get(&url)
                    .root_certificates(&ca)?
                    .tls(tls.clone())
                    .no_reuse();
                let answer = fetch(&mut device, request);
                answer.with_context(|| format!("request {}", number + 1))
            })
            .collect()
    }
}

fn fetch(device: &mut Device, request: Request<'_>) -> Result<Seen> {
    let mut response = device.send(request)?;
    ensure!(response.head().status == 200, "{:?}", response.head());
    let tls = response.head().tls.context("no TLS")?;
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk()?;
        if chunk.is_empty() {
            break;
        }
        body.extend(chunk);
    }
    Ok(Seen {
        version: tls.version,
        suite: tls.suite,
        group: tls.group,
        resumed: tls.resumed,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
