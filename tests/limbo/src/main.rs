//! `wskhttp-limbo [--quiet] [--check] FILE...`: judges every chain in the files.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use wskhttp_limbo::{Summary, Verdict, judge, load};

/// Judges every chain in the files.
#[derive(Parser)]
struct Options {
    /// Test cases in the x509-limbo v1 format
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Show only the cases that do not come out as expected
    #[arg(long)]
    quiet: bool,
    /// Exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let Options {
        paths,
        quiet,
        check,
    } = Options::parse();
    let mut summary = Summary::default();
    for path in &paths {
        let cases = match load(path) {
            Ok(cases) => cases,
            Err(error) => {
                eprintln!("{}: {error:#}", path.display());
                return ExitCode::from(2);
            }
        };
        for case in &cases {
            let verdict = judge(case);
            let expected = verdict.is_expected(case);
            summary.count(&verdict, expected);
            if !quiet || expected == Some(false) {
                println!("{}", line(&case.id, &verdict, expected));
            }
        }
    }
    println!("{summary}");
    match check && !summary.is_as_expected() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn line(id: &str, verdict: &Verdict, expected: Option<bool>) -> String {
    let other = match (verdict, expected) {
        (Verdict::Accept, Some(false)) => "  [expected FAILURE]",
        (Verdict::Reject(_), Some(false)) => "  [expected SUCCESS]",
        _ => "",
    };
    format!("{id}: {verdict}{other}")
}
