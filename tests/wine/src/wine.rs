//! A running Wine.

use std::{
    fs::{self, File},
    net::IpAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

use crate::{
    Home, Program,
    program::wait,
    sandbox::Sandbox,
    template::{environment, template},
};

/// How a [`Wine`] is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names that resolve besides `localhost`.
    pub names: Vec<(String, IpAddr)>,
    /// The DNS server that is asked for other names: once, for [`Options::LOOK_UP`]. The host's otherwise.
    pub resolver: Option<IpAddr>,
    /// Debug channels of drivers and services, such as `+debugstr` for what drivers print. They are written
    /// to [`Wine::log`].
    pub channels: String,
}

impl Options {
    /// How long a look-up waits for the answer of [`Options::resolver`].
    pub const LOOK_UP: Duration = Duration::from_secs(5);
}

/// A prefix with Wine running in it: services and drivers stay up between programs.
#[derive(Debug)]
pub struct Wine {
    sandbox: Sandbox,
    prefix: PathBuf,
}

impl Wine {
    /// Starts Wine in a new prefix. Takes about a second, and 15 the first time.
    ///
    /// # Errors
    ///
    /// Wine is not installed ([`Home::find`]), or does not start.
    pub fn start(options: &Options) -> anyhow::Result<Self> {
        let home = Home::find()?;
        let template = template(&home)?;
        let sandbox = Sandbox::start(&home, Some(&template), workspace(), options)?;
        let prefix = sandbox.private().join("prefix");
        let wine = Self { sandbox, prefix };
        // Else it ends its services with the last program.
        wine.admin(&["wineserver", "-p"], "", Stdio::null())?;
        let log = File::create(wine.log_path())?;
        wine.admin(
            &["wine", "cmd", "/c", "exit"],
            &options.channels,
            log.into(),
        )?;
        Ok(wine)
    }

    /// A Windows program, by its path on the host.
    pub fn program(&self, executable: &Path) -> Program<'_> {
        Program::new(self, executable)
    }

    /// What services and drivers wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The host's way to a file of the prefix, such as `drive_c/windows/inf`. Valid while this Wine runs.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        self.sandbox.outside(&self.prefix.join(path))
    }

    /// A directory that both sides see under the same path. Goes with this Wine.
    #[must_use]
    pub fn shared(&self) -> &Path {
        self.sandbox.shared()
    }

    /// Lets services and drivers stop, then ends all that is left.
    ///
    /// # Errors
    ///
    /// The services did not stop in 30 seconds.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let done = self.admin(&["wineserver", "-k"], "", Stdio::null());
        self.sandbox.stop();
        done
    }

    pub(crate) fn command(&self, directory: &Path) -> Command {
        let mut command = self.sandbox.command(directory);
        command
            .envs(environment(&self.sandbox, &self.prefix))
            .env("WINEDEBUG", "-all");
        command
    }

    fn admin(&self, arguments: &[&str], channels: &str, errors: Stdio) -> anyhow::Result<()> {
        let child = self
            .command(Path::new("/"))
            .args(arguments)
            .env("WINEDEBUG", format!("-all,{channels}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context("nsenter (package util-linux) cannot be run")?;
        match wait(child, Duration::from_secs(30))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("{} failed: {status}", arguments.join(" ")),
            None => bail!("{} did not end", arguments.join(" ")),
        }
    }

    fn log_path(&self) -> PathBuf {
        self.sandbox.shared().join("log")
    }
}

/// The checkout's directory.
fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
