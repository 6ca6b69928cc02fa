//! What can go wrong while a build is configured.

use std::{fmt, io, path::PathBuf};

/// An I/O error, and the file or program it is about.
#[derive(Debug)]
pub struct IoError {
    path: PathBuf,
    source: io::Error,
}

impl IoError {
    /// `source` happened at `path`.
    pub fn with_path(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self {
            path: path.into(),
            source,
        }
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for IoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Why a build could not be configured.
#[derive(Debug)]
pub enum ConfigError {
    /// A file or program could not be used.
    IoError(IoError),
    /// Cargo did not set this variable: not called from a build script.
    NotABuildScript(&'static str),
    /// No bindings are known for this target.
    UnknownTarget(String),
    /// No mingw-w64 headers with a DDK for this architecture.
    HeadersNotFound(&'static str),
    /// A driver must be built with `-C target-feature=+crt-static`.
    StaticCrtNotEnabled,
    /// A program failed.
    Failed(String),
}

impl From<IoError> for ConfigError {
    fn from(error: IoError) -> Self {
        Self::IoError(error)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IoError(error) => error.fmt(f),
            Self::NotABuildScript(name) => write!(
                f,
                "{name} is not set: wdk-build works in build scripts only"
            ),
            Self::UnknownTarget(target) => write!(f, "no WDK bindings for target {target}"),
            Self::HeadersNotFound(package) => {
                write!(
                    f,
                    "no mingw-w64 headers with ddk/ntifs.h found: install {package}, or name the directory in WSKHTTP_MINGW_INCLUDE"
                )
            }
            Self::StaticCrtNotEnabled => write!(
                f,
                "a driver needs -C target-feature=+crt-static: an RUSTFLAGS variable hides .cargo/config.toml"
            ),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::IoError(error) => Some(error),
            _ => None,
        }
    }
}
