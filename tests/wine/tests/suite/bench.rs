//! The driver under test and the server that most trials use.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail, ensure};
use libtest_mimic::{Failed, Trial};
use wskhttp_origin::{Origin, pattern::Pattern};
use wskhttp_wine_suite::{Driver, Options, Output, servers::Resolver};

use crate::authority::Authority;

/// What a trial has.
pub(crate) struct Bench {
    /// The driver, running and idle.
    pub(crate) driver: Driver,
    /// A server with both versions of TLS and an ECDSA leaf.
    pub(crate) origin: Origin,
    /// Signs the leaves of nginx and s_server.
    pub(crate) authority: Authority,
    /// Certificate of the origin's authority, a PEM file.
    pub(crate) origin_ca: PathBuf,
    resolver: anyhow::Result<Resolver>,
}

/// A trial. After one that fails, the next one gets a new driver in a new prefix.
pub(crate) fn trial(
    name: impl Into<String>,
    body: impl FnOnce(&Bench) -> anyhow::Result<()> + Send + 'static,
) -> Trial {
    Trial::test(name, || run(body))
}

/// Removes the driver, if there is one.
pub(crate) fn finish() -> anyhow::Result<()> {
    let state = std::mem::take(&mut *STATE.lock().unwrap_or_else(PoisonError::into_inner));
    match state {
        State::Ready(bench) => bench.driver.uninstall(),
        State::Absent | State::Broken(_) => Ok(()),
    }
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let products =
            std::env::var_os("WSKHTTP_DIST").map_or_else(default_products, PathBuf::from);
        let channels = std::env::var("WSKHTTP_WINEDEBUG").unwrap_or_else(|_| "+debugstr".into());
        let resolver = Resolver::start();
        let options = Options {
            channels,
            resolver: resolver.as_ref().ok().map(|r| r.address().into()),
            ..Options::default()
        };
        let driver = Driver::install(&products, &options)?;
        let origin = Origin::start(wskhttp_origin::Options::default())?;
        let origin_ca = driver.wine().shared().join("origin-ca.pem");
        origin.write_ca(&origin_ca)?;
        let authority = Authority::new(driver.wine().shared())?;
        Ok(Self {
            driver,
            origin,
            authority,
            origin_ca,
            resolver,
        })
    }

    /// The DNS server of the driver's Wine.
    pub(crate) fn resolver(&self) -> anyhow::Result<&Resolver> {
        self.resolver.as_ref().map_err(|error| anyhow!("{error:#}"))
    }

    /// A URL of the origin's, by name.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.origin.https_port())
    }

    /// Runs `wskhttp.exe` with the origin's authority.
    pub(crate) fn fetch(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.fetch_with(&self.origin_ca, arguments)
    }

    /// Runs `wskhttp.exe` with another authority.
    pub(crate) fn fetch_with(&self, ca: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
        self.driver
            .wskhttp([Path::new("--cacert"), ca])
            .args(arguments)
            .timeout(LIMIT)
            .run()
    }

    /// The body of a successful GET.
    pub(crate) fn get(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let output = self.fetch(&[url])?;
        succeeded(&output).with_context(|| url.to_owned())?;
        Ok(output.stdout)
    }

    /// A path that does not exist yet and goes with the driver's Wine.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.driver.wine().shared().join(name)
    }

    /// What is in use when nothing is under way.
    pub(crate) fn in_use(&self) -> anyhow::Result<InUse> {
        let status = self.driver.idle()?;
        Ok(InUse {
            allocations: status.get("allocations_now")?,
            bytes: status.get("pool_now")?,
        })
    }

    /// Fails unless no more is in use than `before`, soon. Not at once: connections close in their own time,
    /// and the handle that asks is in use itself.
    pub(crate) fn back_to(&self, before: InUse) -> anyhow::Result<()> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = self.in_use()?;
            if now.allocations <= before.allocations && now.bytes <= before.bytes + SLACK {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{before:?} before, {now:?} after"
            );
        }
    }

    /// Fails unless a plain GET works.
    pub(crate) fn healthy(&self) -> anyhow::Result<()> {
        let body = self.get(&self.url("/bytes/100"))?;
        ensure!(body == pattern(100), "another body");
        Ok(())
    }
}

/// Fails unless the program ended with 0.
pub(crate) fn succeeded(output: &Output) -> anyhow::Result<()> {
    match output.code {
        Some(0) => Ok(()),
        code => bail!("exit code {code:?}: {}", output.stderr),
    }
}

/// The body of `/bytes/LENGTH`.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let mut pattern = Pattern::new(length as u64);
    let mut bytes = Vec::with_capacity(length);
    while pattern.left() > 0 {
        bytes.extend_from_slice(pattern.take(usize::MAX));
    }
    bytes
}

/// Nonpaged pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InUse {
    allocations: u64,
    bytes: u64,
}

/// What a cached session ticket may be longer than another.
const SLACK: u64 = 512;

/// For one transfer that is not a large one.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Default)]
enum State {
    #[default]
    Absent,
    Ready(Box<Bench>),
    Broken(String),
}

static STATE: Mutex<State> = Mutex::new(State::Absent);

fn run(body: impl FnOnce(&Bench) -> anyhow::Result<()>) -> Result<(), Failed> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*state, State::Absent) {
        *state = match Bench::new() {
            Ok(bench) => State::Ready(Box::new(bench)),
            Err(error) => State::Broken(format!("{error:#}")),
        };
    }
    let bench = match &*state {
        State::Ready(bench) => bench,
        State::Absent => return Err("there is no driver".into()),
        State::Broken(error) => return Err(format!("the driver is not there: {error}").into()),
    };
    let before = bench.driver.wine().log().len();
    let failure = match catch_unwind(AssertUnwindSafe(|| body(bench))) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => format!("{error:#}"),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => "panic".to_owned(),
        },
    };
    let log = bench.driver.wine().log();
    let log = log.get(before..).unwrap_or(&log);
    let failure = format!("{failure}\nthe driver's log of this trial:\n{log}");
    *state = State::Absent;
    Err(failure.into())
}

fn default_products() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist")
}
