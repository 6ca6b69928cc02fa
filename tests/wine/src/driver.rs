//! The driver, installed in a Wine of its own.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{Options, Output, Program, Wine};

/// A Wine with the driver in it, and the programs that go with the driver.
#[derive(Debug)]
pub struct Driver {
    wine: Wine,
    products: PathBuf,
}

impl Driver {
    /// Starts a Wine, and installs there what `cargo xtask build` left in the directory `products`.
    ///
    /// # Errors
    ///
    /// A product is missing, or Wine or the installation fails.
    pub fn install(products: &Path, options: &Options) -> anyhow::Result<Self> {
        let products = products
            .canonicalize()
            .with_context(|| format!("{}: `cargo xtask build` makes it", products.display()))?;
        for name in [IMAGE, INF, PROGRAM] {
            let path = products.join(name);
            if !path.is_file() {
                bail!("{}: `cargo xtask build` makes it", path.display());
            }
        }
        let wine = Wine::start(options)?;
        let driver = Self { wine, products };
        // With the INF next to the program.
        driver.control(&["install"])?;
        Ok(driver)
    }

    /// The Wine that it is in.
    #[must_use]
    pub fn wine(&self) -> &Wine {
        &self.wine
    }

    /// `wskhttp.exe` with arguments.
    pub fn wskhttp(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program<'_> {
        self.wine
            .program(&self.products.join(PROGRAM))
            .args(arguments)
    }

    /// `wskhttp-cases.exe` with arguments.
    pub fn cases(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program<'_> {
        self.wine
            .program(&self.products.join(CASES))
            .args(arguments)
    }

    /// The driver's counters.
    ///
    /// # Errors
    ///
    /// The driver does not answer.
    pub fn status(&self) -> anyhow::Result<Status> {
        Ok(Status::parse(&self.control(&["status"])?.text()))
    }

    /// Waits until nothing is under way, and gives the counters then.
    ///
    /// # Errors
    ///
    /// That is not so after 20 seconds.
    pub fn idle(&self) -> anyhow::Result<Status> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let status = self.status()?;
            let busy = status.get("requests_now")? + status.get("orphans_now")?;
            // The one that asks.
            let handles = status.get("handles_now")?.saturating_sub(1);
            if busy + handles == 0 {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the driver does not become idle: {status}");
            }
        }
    }

    /// Stops the driver, which unloads it.
    ///
    /// # Errors
    ///
    /// It does not stop.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.control(&["stop"]).map(drop)
    }

    /// Starts the driver again.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(&self) -> anyhow::Result<()> {
        self.control(&["start"]).map(drop)
    }

    /// Removes the driver and stops its Wine.
    ///
    /// # Errors
    ///
    /// It cannot be removed.
    pub fn uninstall(self) -> anyhow::Result<()> {
        self.control(&["uninstall"])?;
        self.wine.stop()
    }

    fn control(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = self.wskhttp(arguments).run()?;
        if output.code != Some(0) {
            bail!(
                "wskhttp.exe {}: {:?} {}{}",
                arguments.join(" "),
                output.code,
                output.text(),
                output.stderr
            );
        }
        Ok(output)
    }
}

/// The driver's counters, as `wskhttp.exe status` prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status(BTreeMap<String, u64>);

impl Status {
    /// A counter by its name.
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub fn get(&self, name: &str) -> anyhow::Result<u64> {
        self.0
            .get(name)
            .copied()
            .with_context(|| format!("no counter {name} in {self}"))
    }

    /// Reads lines of `name: number`, and takes no notice of others.
    fn parse(text: &str) -> Self {
        let counters = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            let number = value.split_whitespace().next()?.parse().ok()?;
            Some((name.trim().to_owned(), number))
        });
        Self(counters.collect())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, number) in &self.0 {
            write!(f, "{name} {number}, ")?;
        }
        Ok(())
    }
}

const IMAGE: &str = "wskhttp.sys";
const INF: &str = "wskhttp.inf";
const PROGRAM: &str = "wskhttp.exe";
const CASES: &str = "wskhttp-cases.exe";

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn counters() {
        let status = Status::parse("driver: running\npool_now: 4096\r\n  stack_high: 12 bytes\n");
        assert_eq!(status.get("pool_now").unwrap(), 4096);
        assert_eq!(status.get("stack_high").unwrap(), 12);
        assert!(status.get("driver").is_err());
    }
}
