//! `cargo xtask build`: the driver, the Windows programs, and the gates that what came out must pass.

/// Host packages that a build needs.
pub(crate) const PACKAGES: &[&str] = &[
    "rustc-web",
    "rust-web-src",
    "lld",
    "llvm",
    "clang",
    "libclang-dev",
    "mingw-w64-x86-64-dev",
    "gcc-mingw-w64-x86-64-win32",
];

/// What `cargo xtask build` takes.
#[derive(clap::Args, Default)]
pub(crate) struct Options {}

/// Builds everything.
pub(crate) fn run(_options: &Options) -> anyhow::Result<()> {
    crate::setup::packages(PACKAGES)
}
