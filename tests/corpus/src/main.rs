//! `wskhttp-corpus DIR...`: runs every case below the directories and files named.

use std::{env, path::PathBuf, process::ExitCode};

use wskhttp_corpus::{Summary, run_directory, write_seeds};

fn main() -> ExitCode {
    let mut verbose = false;
    let mut seeds = None;
    let mut paths = Vec::new();
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--seeds") => seeds = arguments.next().map(PathBuf::from),
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
    if let Some(target) = seeds {
        for path in &paths {
            match write_seeds(path, &target) {
                Ok(count) => println!("{count} seeds of {}", path.display()),
                Err(error) => {
                    eprintln!("{}: {error:#}", path.display());
                    return ExitCode::FAILURE;
                }
            }
        }
        return ExitCode::SUCCESS;
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
    --seeds OUT writes them as seeds for the fuzzers instead.\n\
    The format is described in tests/corpus/README.md.";
