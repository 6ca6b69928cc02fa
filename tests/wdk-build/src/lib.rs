//! Stand-in for the build-script library `wdk-build` on hosts without the Windows Driver Kit.
//!
//! Same package name, version and public API as far as the build scripts of `wdk-sys`, `wdk`,
//! `wdk-alloc` and of the drivers here call it. Headers come from mingw-w64, import libraries are
//! made of mingw-w64's export lists (`link.rs`). It knows three targets: a driver for x86_64 and for
//! aarch64 (`*-pc-windows-msvc`), and the Linux host itself, where the same bindings serve a
//! simulated kernel and nothing is linked.
//!
//! Every driver here is a WDM driver, so [`Config`] is not read from manifests; the other models
//! exist as types only.

mod bindings;
mod config;
mod error;
mod link;
mod target;

pub use bindings::BuilderExt;
pub use config::{ApiSubset, Config, DriverConfig, KmdfConfig, UmdfConfig};
pub use error::{ConfigError, IoError};

/// Configures the build of a library that depends on the WDK.
///
/// # Errors
/// When not called from a build script for a known target.
pub fn configure_wdk_library_build() -> Result<(), ConfigError> {
    Config::from_env_auto()?.configure_library_build()
}

/// Configures the build of a library that depends on the WDK, then calls `f` with the
/// configuration.
///
/// # Errors
/// Those of [`configure_wdk_library_build`], and those of `f`.
pub fn configure_wdk_library_build_and_then<F, E>(mut f: F) -> Result<(), E>
where
    F: FnMut(Config) -> Result<(), E>,
    E: From<ConfigError>,
{
    let config = Config::from_env_auto()?;
    config.configure_library_build()?;
    f(config)
}

/// Configures the link of a driver: import libraries, entry point, linker options.
///
/// # Errors
/// Those of [`Config::configure_binary_build`].
pub fn configure_wdk_binary_build() -> Result<(), ConfigError> {
    Config::from_env_auto()?.configure_binary_build()
}
