//! Where Wine itself is installed.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// Where Wine is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// On the host.
    Host {
        /// Its version.
        version: String,
    },
    /// In a Debian root below [`cache_directory`].
    Root(PathBuf),
}

impl Home {
    /// The host's Wine if it is [`Home::OLDEST`] or newer, else the Debian root.
    ///
    /// # Errors
    ///
    /// Neither is there.
    pub fn find() -> anyhow::Result<Self> {
        if let Some((major, version)) = host_version()
            && major >= Self::OLDEST
        {
            return Ok(Self::Host { version });
        }
        let root = Self::root()?;
        if !root.is_dir() {
            bail!(
                "no Wine {} or newer: `cargo xtask setup` makes one at {}",
                Self::OLDEST,
                root.display()
            );
        }
        Ok(Self::Root(root))
    }

    /// Where the Debian root is, or will be.
    ///
    /// # Errors
    ///
    /// As for [`cache_directory`].
    pub fn root() -> anyhow::Result<PathBuf> {
        Ok(cache_directory()?.join("debian-13"))
    }

    /// The oldest major version whose ntoskrnl has what the driver imports: `ExAllocatePool2`, of which
    /// Wine 8 knows nothing.
    pub const OLDEST: u32 = 10;

    /// The directory that programs see as `/`, if it is not the host's.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Host { .. } => None,
            Self::Root(directory) => Some(directory),
        }
    }

    /// The words that run the openssl command of this installation on the host.
    pub(crate) fn openssl(&self) -> Vec<String> {
        let Self::Root(root) = self else {
            return vec!["openssl".into()];
        };
        let below = |path: &str| root.join(path).to_string_lossy().into_owned();
        vec![
            below("lib64/ld-linux-x86-64.so.2"),
            "--library-path".into(),
            below("usr/lib/x86_64-linux-gnu"),
            below("usr/bin/openssl"),
        ]
    }

    /// A name for what is derived from this installation.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Host { version } => format!("host-{version}"),
            Self::Root(_) => "debian-13".to_owned(),
        }
    }
}

/// `$XDG_CACHE_HOME/wskhttp`, or `$HOME/.cache/wskhttp`.
///
/// # Errors
///
/// Neither variable is set.
pub fn cache_directory() -> anyhow::Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("wskhttp"))
}

/// Major number and text of the host's Wine version, if it has one.
#[must_use]
pub fn host_version() -> Option<(u32, String)> {
    let output = Command::new("wine").arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `wine-10.0 (Debian 10.0~repack-6)`.
fn parse_version(text: &str) -> Option<(u32, String)> {
    let version = text.trim().strip_prefix("wine-")?.split(' ').next()?;
    let major = version.split(['.', '-']).next()?.parse().ok()?;
    Some((major, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions() {
        let of = |text| parse_version(text).map(|(major, _)| major);
        assert_eq!(of("wine-10.0 (Debian 10.0~repack-6)\n"), Some(10));
        assert_eq!(of("wine-8.0\n"), Some(8));
        assert_eq!(of("wine-11-rc1"), Some(11));
        assert_eq!(of("it looks like wine32 is missing"), None);
    }
}
