//! `cargo xtask test`: every suite.

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Builds what the suites run.
pub(crate) fn run(_options: &Options) -> anyhow::Result<()> {
    crate::build::run(&crate::build::Options::default())
}
