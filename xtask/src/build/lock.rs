//! The lock file of builds with the stand-in for wdk-build: `Cargo.lock`, less what the real one
//! depends on.
//!
//! Cargo derives it from a copy, so that `Cargo.lock` keeps the real wdk-build and stays the only
//! list of versions.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, bail};

use super::workspace::Workspace;

/// Cargo's configuration that names the lock file. Makes it anew when `Cargo.lock` has changed.
pub(super) fn config(workspace: &Workspace) -> anyhow::Result<String> {
    let directory = directory(workspace);
    let source = workspace.root().join("Cargo.lock");
    let source = fs::read(&source).with_context(|| source.display().to_string())?;
    let copy = directory.join("copied");
    let lock = directory.join("Cargo.lock");
    if !lock.is_file() || fs::read(&copy).is_ok_and(|copied| copied != source) || !copy.is_file() {
        fs::create_dir_all(&directory)?;
        fs::write(&lock, &source)?;
        fs::write(&copy, &source)?;
    }
    Ok(format!("resolver.lockfile-path='{}'", lock.display()))
}

/// Fails if a build took a package that `Cargo.lock` does not name.
pub(super) fn verify(workspace: &Workspace) -> anyhow::Result<()> {
    let locked = fs::read_to_string(workspace.root().join("Cargo.lock"))?;
    let used = fs::read_to_string(directory(workspace).join("Cargo.lock"))?;
    let strangers = strangers(&locked, &used);
    if !strangers.is_empty() {
        bail!("not in Cargo.lock: {}", strangers.join(", "));
    }
    Ok(())
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("wdk-build")
}

fn strangers(locked: &str, used: &str) -> Vec<String> {
    let locked = packages(locked);
    packages(used)
        .difference(&locked)
        .filter(|package| package.name != STAND_IN)
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

const STAND_IN: &str = "wdk-build";

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    checksum: Option<&'a str>,
}

fn packages(lock: &str) -> BTreeSet<Package<'_>> {
    lock.split("[[package]]")
        .filter_map(|table| {
            Some(Package {
                name: value(table, "name")?,
                version: value(table, "version")?,
                checksum: value(table, "checksum"),
            })
        })
        .collect()
}

fn value<'a>(table: &'a str, key: &str) -> Option<&'a str> {
    table.lines().find_map(|line| {
        let (name, value) = line.split_once(" = ")?;
        (name == key).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKED: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"11\"\n\n\
        [[package]]\nname = \"wdk-build\"\nversion = \"0.6.0\"\nchecksum = \"22\"\n";

    #[test]
    fn the_stand_in_is_no_stranger() {
        assert!(strangers(LOCKED, &LOCKED.replace("checksum = \"22\"\n", "")).is_empty());
    }

    #[test]
    fn another_version_or_content_is() {
        assert_eq!(
            strangers(LOCKED, &LOCKED.replace("1.0.0", "1.0.1")),
            ["a 1.0.1"]
        );
        assert_eq!(strangers(LOCKED, &LOCKED.replace("11", "12")), ["a 1.0.0"]);
    }
}
