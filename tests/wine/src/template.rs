//! The prefix that all others are made from.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::bail;

use crate::{Home, Options, cache_directory, program::wait, sandbox::Sandbox};

/// The template for `home`, made now if there is none: about 15 seconds and 800 MB.
pub(crate) fn template(home: &Home) -> anyhow::Result<PathBuf> {
    let cache = cache_directory()?;
    let name = format!("prefix-{}", home.label());
    let finished = cache.join(&name);
    if finished.is_dir() {
        return Ok(finished);
    }
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    if finished.is_dir() {
        return Ok(finished);
    }
    eprintln!("making a Wine prefix at {} (once)", finished.display());
    let unfinished = tempfile::Builder::new().prefix(&name).tempdir_in(&cache)?;
    boot(home, unfinished.path())?;
    fs::rename(unfinished.keep(), &finished)?;
    Ok(finished)
}

/// What every program under Wine gets.
pub(crate) fn environment(sandbox: &Sandbox, prefix: &Path) -> Vec<(&'static str, PathBuf)> {
    let home = sandbox.private().join("home");
    vec![
        ("HOME", home.clone()),
        ("XDG_RUNTIME_DIR", home),
        ("USER", "root".into()),
        ("LANG", "C.UTF-8".into()),
        ("WINEPREFIX", prefix.to_owned()),
        ("WINEARCH", "win64".into()),
        // No offer to install Mono or Gecko.
        ("WINEDLLOVERRIDES", "mscoree,mshtml=".into()),
    ]
}

fn boot(home: &Home, prefix: &Path) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(home, None, prefix, &Options::default())?;
    for arguments in [["wine", "wineboot", "-i"].as_slice(), &["wineserver", "-w"]] {
        let child = sandbox
            .command(Path::new("/"))
            .args(arguments)
            .envs(environment(&sandbox, prefix))
            .env("WINEDEBUG", "-all")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        match wait(child, Duration::from_secs(180))? {
            Some(status) if status.success() => {}
            Some(status) => bail!("{} failed: {status}", arguments.join(" ")),
            None => bail!("{} did not end", arguments.join(" ")),
        }
    }
    if !prefix
        .join("drive_c/windows/system32/ntoskrnl.exe")
        .exists()
    {
        bail!("wineboot left no ntoskrnl.exe");
    }
    Ok(())
}
