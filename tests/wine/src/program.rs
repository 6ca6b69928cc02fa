//! A Windows program under Wine: started, watched, bounded.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::{Wine, sandbox::child_of};

/// A Windows program to be started.
#[derive(Debug)]
#[must_use]
pub struct Program<'a> {
    wine: &'a Wine,
    executable: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    directory: PathBuf,
    input: Option<File>,
    timeout: Duration,
    shown: bool,
}

impl<'a> Program<'a> {
    pub(crate) fn new(wine: &'a Wine, executable: &Path) -> Self {
        Self {
            wine,
            executable: executable.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: wine.shared().to_owned(),
            input: None,
            timeout: Duration::from_secs(60),
            shown: false,
        }
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().into()));
        self
    }

    /// Sets the working directory, which is [`Wine::shared`] otherwise.
    pub fn directory(mut self, directory: &Path) -> Self {
        directory.clone_into(&mut self.directory);
        self
    }

    /// Sets standard input, which is empty otherwise.
    pub fn input(mut self, file: File) -> Self {
        self.input = Some(file);
        self
    }

    /// Sets the time after which the program is killed; it is a minute otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets output go to this process's own instead of being kept.
    pub fn shown(mut self) -> Self {
        self.shown = true;
        self
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    ///
    /// It could not be started, or did not end in time.
    pub fn run(self) -> anyhow::Result<Output> {
        self.start()?.finish()
    }

    /// Starts the program.
    ///
    /// # Errors
    ///
    /// It could not be started.
    pub fn start(self) -> anyhow::Result<Running> {
        let pipe = || {
            if self.shown {
                Stdio::inherit()
            } else {
                Stdio::piped()
            }
        };
        let mut command = self.wine.command(&self.directory);
        command
            .arg("wine")
            .arg(&self.executable)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(self.input.map_or_else(Stdio::null, Stdio::from))
            .stdout(pipe())
            .stderr(pipe());
        let started = Instant::now();
        let mut child = command.spawn()?;
        Ok(Running {
            name: format!("{} {:?}", self.executable.display(), self.arguments),
            stdout: Capture::of(child.stdout.take()),
            stderr: Capture::of(child.stderr.take()),
            child,
            started,
            timeout: self.timeout,
        })
    }
}

/// What a program left.
#[derive(Clone, Debug)]
pub struct Output {
    /// Low 8 bits of its exit code, if it was not killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// From start to end.
    pub elapsed: Duration,
}

impl Output {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// A program under way. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    stdout: Capture,
    stderr: Capture,
    started: Instant,
    timeout: Duration,
}

impl Running {
    /// Waits until the program has ended.
    ///
    /// # Errors
    ///
    /// It did not end in time, and was killed.
    pub fn finish(mut self) -> anyhow::Result<Output> {
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if self.started.elapsed() > self.timeout {
                self.kill();
                bail!(
                    "{} did not end in {:?}\nstdout: {}\nstderr: {}",
                    self.name,
                    self.timeout,
                    String::from_utf8_lossy(&self.stdout.finish()),
                    String::from_utf8_lossy(&self.stderr.finish())
                );
            }
            thread::sleep(POLL);
        };
        Ok(Output {
            code: status.code(),
            elapsed: self.started.elapsed(),
            stdout: self.stdout.finish(),
            stderr: String::from_utf8_lossy(&self.stderr.finish()).into_owned(),
        })
    }

    /// Waits until `text` has appeared on either output.
    ///
    /// # Errors
    ///
    /// The program ended or `timeout` passed before that.
    pub fn wait_for(&mut self, text: &str, timeout: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + timeout;
        loop {
            let ended = self.child.try_wait()?.is_some();
            if self.stdout.contains(text) || self.stderr.contains(text) {
                return Ok(());
            }
            if ended || Instant::now() > deadline {
                bail!(
                    "{} did not print {text:?}, but {:?}",
                    self.name,
                    String::from_utf8_lossy(&self.stderr.finish())
                );
            }
            thread::sleep(POLL);
        }
    }

    /// Ends the program as `kill -9` does, from outside.
    pub fn kill(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends what Ctrl-C in a terminal sends.
    ///
    /// # Errors
    ///
    /// The program has ended.
    pub fn interrupt(&self) -> anyhow::Result<()> {
        let child = child_of(self.child.id()).context("the program has ended")?;
        let pid = Pid::from_raw(child.cast_signed()).context("no process")?;
        kill_process(pid, Signal::INT)?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for `child` and kills it after `timeout`, which is then `None`.
pub(crate) fn wait(mut child: Child, timeout: Duration) -> anyhow::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// What comes out of a pipe, kept by a thread of its own.
#[derive(Debug, Default)]
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Capture {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let reader = pipe.map(|mut pipe| {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut block = vec![0; 65536];
                while let Ok(read @ 1..) = pipe.read(&mut block) {
                    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    bytes.extend(block.iter().take(read));
                }
            })
        });
        Self { bytes, reader }
    }

    fn contains(&self, text: &str) -> bool {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).contains(text)
    }

    /// Takes what came until the pipe ended. A service that the program started may hold the pipe open,
    /// so the wait for its end is bounded.
    fn finish(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline && self.reader.as_ref().is_some_and(|r| !r.is_finished()) {
            thread::sleep(POLL);
        }
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const POLL: Duration = Duration::from_millis(5);
