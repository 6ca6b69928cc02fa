//! `wskhttp-cases`: runs one case and says whether it held.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use wskhttp_cases::{CASES, Context, run};

/// Test cases for wskhttp.sys, through its device interface.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the names of the cases, each with what it asks of the runner.
    List,
    /// Run one case: exit code 0 and `ok NAME`, or 1 and the reason.
    Run {
        /// Its name.
        name: String,
        /// The origin over TLS.
        #[arg(long, value_name = "https://HOST:PORT")]
        base: String,
        /// The origin without TLS.
        #[arg(long, value_name = "http://ADDRESS:PORT")]
        raw_base: String,
        /// The origin's authority, PEM or DER.
        #[arg(long, value_name = "FILE")]
        cacert: PathBuf,
        /// For what a case draws by lot.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// A host name whose look-up lasts for seconds.
        #[arg(long, value_name = "NAME")]
        stalled_host: Option<String>,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::List => {
            for case in CASES {
                println!("{} {:?}", case.name, case.kind);
            }
            ExitCode::SUCCESS
        }
        Command::Run {
            name,
            base,
            raw_base,
            cacert,
            seed,
            stalled_host,
        } => {
            let context = context(base, &raw_base, &cacert, seed, stalled_host);
            match context.and_then(|context| run(&name, &context)) {
                Ok(()) => {
                    println!("ok {name}");
                    ExitCode::SUCCESS
                }
                Err(error) => {
                    println!("failed {name} (seed {seed}): {error:#}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}

fn context(
    base: String,
    raw_base: &str,
    cacert: &std::path::Path,
    seed: u64,
    stalled_host: Option<String>,
) -> Result<Context> {
    let ca = std::fs::read(cacert).with_context(|| format!("{}", cacert.display()))?;
    let observer = raw_base.strip_prefix("http://").unwrap_or(raw_base);
    Ok(Context {
        base: base.trim_end_matches('/').to_owned(),
        observer: observer.trim_end_matches('/').to_owned(),
        ca,
        seed,
        stalled_host,
        opener: None,
        process: None,
    })
}
