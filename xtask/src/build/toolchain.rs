//! Which compiler, and whether it has the standard library of a target.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use super::cargo::Target;

/// How a target is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The workspace's toolchain has the target's standard library (`rustup target add`).
    Installed,
    /// The workspace's toolchain, and the standard library from its `rust-src`.
    Source,
    /// Debian's compiler with its matching source: the path of rustc.
    Debian(PathBuf),
}

/// Debian's compiler, which rustup's does not hide.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

impl Toolchain {
    /// The toolchain for `target`.
    pub(crate) fn of(target: Target) -> anyhow::Result<Self> {
        let sysroot = sysroot("rustc")?;
        if target == Target::Host || has_target(&sysroot, target.triple()) {
            return Ok(Self::Installed);
        }
        if has_source(&sysroot) {
            return Ok(Self::Source);
        }
        Ok(Self::Debian(DEBIAN_RUSTC.into()))
    }
}

/// Debian packages with a compiler, if one is needed.
pub(super) fn packages() -> anyhow::Result<&'static [&'static str]> {
    for target in [Target::Driver, Target::Arm64, Target::Windows] {
        if matches!(Toolchain::of(target)?, Toolchain::Debian(_)) {
            return Ok(&["rustc-web", "rust-web-src"]);
        }
    }
    Ok(&[])
}

fn has_target(sysroot: &Path, triple: &str) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(triple).join("lib");
    libraries.read_dir().is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| {
                entry
                    .file_name()
                    .as_encoded_bytes()
                    .starts_with(b"libcore-")
            })
        })
    })
}

fn has_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/core").is_dir()
}

fn sysroot(rustc: &str) -> anyhow::Result<PathBuf> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .context(rustc.to_owned())?;
    if !output.status.success() {
        bail!(
            "{rustc} --print sysroot: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_its_own_library() {
        let sysroot = sysroot("rustc").unwrap();
        assert!(has_target(&sysroot, "x86_64-unknown-linux-gnu"));
        assert!(!has_target(&sysroot, "no-such-target"));
        assert_eq!(Toolchain::of(Target::Host).unwrap(), Toolchain::Installed);
    }
}
