//! The targets, and where their headers are.

use std::{env, path::PathBuf};

use crate::ConfigError;

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A driver for x86_64 Windows.
    Amd64,
    /// A driver for aarch64 Windows, for type checks: mingw-w64's wdm.h and ntddk.h have no ARM64
    /// branch, so that the bindings are those of x86_64. Both are LLP64; CONTEXT, KPCR and what
    /// else is the architecture's own are wrong.
    Arm64,
    /// The x86_64 Linux host: the bindings of [`Target::Amd64`], and nothing to link.
    Host,
}

impl Target {
    /// The target that Cargo names to a build script.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_triple(&variable("TARGET")?)
    }

    fn from_triple(triple: &str) -> Result<Self, ConfigError> {
        match triple {
            "x86_64-pc-windows-msvc" => Ok(Self::Amd64),
            "aarch64-pc-windows-msvc" => Ok(Self::Arm64),
            "x86_64-unknown-linux-gnu" => Ok(Self::Host),
            other => Err(ConfigError::UnknownTarget(other.to_owned())),
        }
    }

    /// The machine of import libraries, in llvm-dlltool's words.
    pub(crate) const fn machine(self) -> &'static str {
        match self {
            Self::Amd64 | Self::Host => "i386:x86-64",
            Self::Arm64 => "arm64",
        }
    }

    /// The directory of mingw-w64's headers.
    pub(crate) fn headers(self) -> Result<PathBuf, ConfigError> {
        println!("cargo::rerun-if-env-changed=WSKHTTP_MINGW_INCLUDE");
        let roots = [
            "/usr/x86_64-w64-mingw32/include",
            "/usr/x86_64-w64-mingw32/sys-root/mingw/include",
        ];
        env::var_os("WSKHTTP_MINGW_INCLUDE")
            .map(PathBuf::from)
            .into_iter()
            .chain(roots.into_iter().map(PathBuf::from))
            .find(|root| root.join("ddk/ntifs.h").is_file())
            .ok_or(ConfigError::HeadersNotFound("mingw-w64-x86-64-dev"))
    }
}

/// The triple that clang parses the headers with: mingw-w64's want its GNU dialect.
pub(crate) const CLANG_TRIPLE: &str = "x86_64-w64-windows-gnu";

/// A variable that Cargo sets for build scripts.
pub(crate) fn variable(name: &'static str) -> Result<String, ConfigError> {
    env::var(name).map_err(|_| ConfigError::NotABuildScript(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        assert_eq!(
            Target::from_triple("x86_64-pc-windows-msvc").unwrap(),
            Target::Amd64
        );
        assert_eq!(
            Target::from_triple("aarch64-pc-windows-msvc").unwrap(),
            Target::Arm64
        );
        assert_eq!(
            Target::from_triple("x86_64-unknown-linux-gnu").unwrap(),
            Target::Host
        );
        assert!(Target::from_triple("i686-pc-windows-msvc").is_err());
    }
}
