//! Private mount and PID namespaces that live as long as a pipe.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::IpAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{Home, Options};

/// A root file system with Wine in it, hidden from the host. All its processes end with it.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// Its end is the sandbox's end, so nothing outlives this process.
    keep: Option<ChildStdin>,
    unshare: Child,
    init: u32,
    chroot: bool,
    run: TempDir,
}

impl Sandbox {
    /// Makes a sandbox with the names and the resolver of `options`. With a template it has a copy of that in
    /// memory. The directory `keep` of the host's can be reached under its own path.
    pub(crate) fn start(
        home: &Home,
        template: Option<&Path>,
        keep: &Path,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let run = tempfile::Builder::new().prefix("wskhttp-").tempdir()?;
        fs::create_dir(run.path().join("private"))?;
        fs::write(run.path().join("hosts"), hosts(&options.names))?;
        if let Some(address) = options.resolver {
            let seconds = Options::LOOK_UP.as_secs();
            let text = format!("nameserver {address}\noptions timeout:{seconds} attempts:1\n");
            fs::write(run.path().join("resolv.conf"), text)?;
            let text = "passwd: files\ngroup: files\nhosts: files dns\n";
            fs::write(run.path().join("nsswitch.conf"), text)?;
        }
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let mut unshare = command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--"])
            .args(["sh", "-c", include_str!("sandbox.sh")])
            .env("SANDBOX_RUN", run.path())
            .env("SANDBOX_ROOT", home.directory().unwrap_or(Path::new("")))
            .env("SANDBOX_TEMPLATE", template.unwrap_or(Path::new("")))
            .env("SANDBOX_KEEP", keep)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("unshare (package util-linux) cannot be run")?;
        let keep = unshare.stdin.take();
        let mut line = String::new();
        if let Some(output) = unshare.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.trim() != "ready" {
            drop(keep);
            let status = unshare.wait()?;
            bail!("the sandbox could not be made ({status}): it needs root, or user namespaces");
        }
        let init = child_of(unshare.id()).context("the sandbox ended at once")?;
        Ok(Self {
            keep,
            unshare,
            init,
            chroot: home.directory().is_some(),
            run,
        })
    }

    /// A directory of this sandbox's that both sides see. Goes with the sandbox.
    pub(crate) fn shared(&self) -> &Path {
        self.run.path()
    }

    /// A directory that only the sandbox sees.
    pub(crate) fn private(&self) -> PathBuf {
        self.run.path().join("private")
    }

    /// The way to a path of the sandbox's from outside.
    pub(crate) fn outside(&self, path: &Path) -> PathBuf {
        let base = PathBuf::from(format!("/proc/{}/root", self.init));
        base.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A command inside, in `directory`, with an empty environment. The process that this starts is only
    /// its parent; the command gets SIGKILL when that parent dies, and its exit code is passed on.
    pub(crate) fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.arg(format!("--target={}", self.init));
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--mount", "--pid", "--"]);
        if self.chroot {
            command.arg("chroot").arg(self.private().join("root"));
        }
        command.arg("env").arg("-C").arg(directory);
        command.args(["setpriv", "--pdeathsig", "KILL"]);
        command
    }

    /// Ends all processes inside.
    pub(crate) fn stop(&mut self) {
        drop(self.keep.take());
        // Fails only if it was waited for already.
        let _ = self.unshare.wait();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The process that `parent` started, if it has one.
pub(crate) fn child_of(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn hosts(names: &[(String, IpAddr)]) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
    for (name, address) in names {
        text.push_str(&format!("{address} {name}\n"));
    }
    text
}
