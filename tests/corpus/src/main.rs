//! `wskhttp-corpus DIR...`: runs every case below the directories and files named.

use std::{env, path::PathBuf, process::ExitCode};

use wskhttp_corpus::{Summary, run_directory};

fn main() -> ExitCode {
    let mut verbose = false;
    let mut paths = Vec::new();
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("-v" | "--verbose") => verbose = true,
            Some("-h" | "--help") => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some(option) if option.starts_with('-') => {
                eprintln!("no option {option}\n{USAGE}");
                return ExitCode::from(2);
            }
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    if paths.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let mut summary = Summary::default();
    for path in &paths {
        match run_directory(path, verbose, &mut |line| println!("{line}")) {
            Ok(more) => summary += more,
            Err(error) => {
                println!("BAD   {}: {error:#}", path.display());
                summary.bad += 1;
            }
        }
    }
    println!("{summary}");
    match summary.is_success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

const USAGE: &str = "usage: wskhttp-corpus [-v] DIR...\n\
    Runs each case (*.json, also in subdirectories). -v shows what was seen of each.\n\
    The format is described in tests/corpus/README.md.";
