//! `wskhttp-corpus DIR...`: runs every case below the directories and files named.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use wskhttp_corpus::{Summary, run_directory, write_seeds};

/// Runs each case (*.json, also in subdirectories). The format is described in tests/corpus/README.md.
#[derive(Parser)]
struct Options {
    /// Directories and files of cases
    #[arg(required = true, value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Show what was seen of each case
    #[arg(short, long)]
    verbose: bool,
    /// Do not run them, but write them here as seeds for the fuzzers
    #[arg(long, value_name = "DIR")]
    seeds: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let success = match &options.seeds {
        Some(target) => options.paths.iter().all(|path| {
            let written = write_seeds(path, target);
            match &written {
                Ok(count) => println!("{count} seeds of {}", path.display()),
                Err(error) => eprintln!("{}: {error:#}", path.display()),
            }
            written.is_ok()
        }),
        None => run(&options),
    };
    match success {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn run(options: &Options) -> bool {
    let mut summary = Summary::default();
    for path in &options.paths {
        match run_directory(path, options.verbose, &mut |line| println!("{line}")) {
            Ok(more) => summary += more,
            Err(error) => {
                println!("BAD   {}: {error:#}", path.display());
                summary.bad += 1;
            }
        }
    }
    println!("{summary}");
    summary.is_success()
}
