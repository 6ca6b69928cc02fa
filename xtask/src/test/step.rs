//! One command of a suite.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader, IsTerminal, Write, pipe, stdout},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;

use super::counts::Counts;
use crate::build::workspace::Workspace;

/// A command whose success is a test.
pub(crate) struct Step {
    name: String,
    command: Command,
    shown: bool,
}

/// How a step went.
pub(crate) struct Outcome {
    pub(crate) passed: bool,
    pub(crate) counts: Counts,
    name: String,
    elapsed: Duration,
}

impl Step {
    /// A command, and what to call it.
    pub(crate) fn new(name: &str, command: Command) -> Self {
        Self {
            name: name.to_owned(),
            command,
            shown: false,
        }
    }

    /// `cargo SUBCOMMAND` as anyone would run it.
    pub(crate) fn cargo(workspace: &Workspace, subcommand: &str) -> Self {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.arg(subcommand).current_dir(workspace.root());
        Self::new(&format!("cargo {subcommand}"), command)
    }

    /// A subcommand of this program.
    pub(crate) fn myself(subcommand: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap_or_else(|_| "xtask".into()));
        command.arg(subcommand);
        Self::new(&format!("cargo xtask {subcommand}"), command)
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Shows the output as it comes, not only when the step fails.
    pub(crate) fn shown(mut self) -> Self {
        self.shown = true;
        self
    }

    /// Runs it.
    pub(crate) fn run(mut self) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let (reader, writer) = pipe()?;
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()
            .with_context(|| format!("{} cannot be run", self.name))?;
        // It holds the pipe's other end open.
        drop(self.command);
        let mut counts = Counts::default();
        let mut kept = String::new();
        let terminal = stdout().is_terminal();
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            counts += Counts::of_line(&line);
            if self.shown {
                println!("{line}");
            } else if terminal {
                let start: String = line.chars().take(70).collect();
                print!("\r\x1b[K{:4} s  {start}", started.elapsed().as_secs());
                // Only the display suffers.
                let _ = stdout().flush();
            }
            if !self.shown {
                kept.push_str(&line);
                kept.push('\n');
            }
        }
        let passed = child.wait()?.success();
        if terminal && !self.shown {
            print!("\r\x1b[K");
        }
        if !passed {
            print!("{kept}");
        }
        let outcome = Outcome {
            passed,
            counts,
            name: self.name,
            elapsed: started.elapsed(),
        };
        println!("{}", outcome.line());
        Ok(outcome)
    }
}

impl Outcome {
    /// Result, time and name.
    pub(crate) fn line(&self) -> String {
        let result = if self.passed { "ok    " } else { "FAILED" };
        let seconds = self.elapsed.as_secs_f32();
        let mut line = format!("{result} {seconds:6.1} s  {}", self.name);
        if self.counts != Counts::default() {
            line.push_str(&format!(" ({})", self.counts));
        }
        line
    }
}
