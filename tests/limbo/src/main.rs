//! `wskhttp-limbo [--quiet] [--check] FILE...`: judges every chain in the files.

use std::{env, path::PathBuf, process::ExitCode};

use wskhttp_limbo::{Summary, Verdict, judge, load};

fn main() -> ExitCode {
    let (mut quiet, mut check) = (false, false);
    let mut paths = Vec::new();
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--quiet") => quiet = true,
            Some("--check") => check = true,
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

const USAGE: &str = "usage: wskhttp-limbo [--quiet] [--check] FILE.json...
  FILE.json  test cases in the x509-limbo v1 format
  --quiet    show only the cases that do not come out as expected
  --check    exit with 1 if there are any";
