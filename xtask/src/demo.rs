//! `cargo xtask demo`: the driver at work under Wine.

/// What `cargo xtask demo` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for wskhttp.exe
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds what the demo shows.
pub(crate) fn run(_options: &Options) -> anyhow::Result<()> {
    crate::build::run(&crate::build::Options::default())
}
