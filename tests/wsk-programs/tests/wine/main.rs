//! The programs in the simulator and in a driver under Wine: both must say the same, line by line.
//!
//! `cargo xtask test wsk [NAME]` builds the driver and runs it; WSKHTTP_SHOW=1 shows what Wine says.
//!
//! What is not compared, and why:
//!
//! | of Wine | |
//! |---|---|
//! | answers to a client that breaks a rule | the simulator ends the run with the rule; one line of Wine's is kept with each program `breach::` |
//! | WskQueryProviderCharacteristics | a stub whose call ends the process |
//! | WskGetNameInfo, WskInspectComplete, WskSendEx, WskReceiveEx | the simulator's tables have NULL there, Wine's have stubs |
//! | WskRelease | returns STATUS_NOT_IMPLEMENTED; there is never a list that could be released |
//! | ExAllocatePool2 does not zero | what is in the memory depends on what was there; a program must not look |
//! | the order in which requests of two sockets end | it depends on threads, on both sides |

mod peer;
mod simulated;
mod under_wine;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Failed, Trial};
use wskhttp_wsk_programs::{PROGRAMS, Program};

use simulated::Run;

/// What a run of all programs under Wine has said.
type Said = BTreeMap<String, Vec<String>>;

fn main() {
    let mut arguments = Arguments::from_args();
    // One simulation at a time.
    arguments.test_threads = Some(1);
    let trials = PROGRAMS
        .iter()
        .map(|program| Trial::test(program.name, || compare(program)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn compare(program: &'static Program) -> Result<(), Failed> {
    static WINE: OnceLock<Result<Said, String>> = OnceLock::new();
    let wine = WINE
        .get_or_init(|| under_wine::run().map_err(|error| format!("{error:#}")))
        .as_ref()?;
    let wine = wine
        .get(program.name)
        .ok_or("Wine has not come to this program")?;
    if std::env::var_os("WSKHTTP_SHOW").is_some() {
        println!("{}:\n  {}", program.name, wine.join("\n  "));
    }
    if let Some(breach) = program.breach
        && !wine.iter().any(|line| line == breach.answer)
    {
        let said = wine.join("\n  ");
        return Err(format!("Wine does not say {}:\n  {said}", breach.answer).into());
    }
    for seed in SEEDS {
        let run = simulated::run(program, seed)?;
        match (run, program.breach.map(|breach| breach.rule)) {
            (Run::Ended(said), None) => same(wine, &said, seed)?,
            (Run::Ended(_), Some(rule)) => {
                return Err(format!("the simulator lets a client break {rule}").into());
            }
            (Run::Broke(failure), Some(rule)) if failure.contains(&format!("{rule}:")) => {}
            (Run::Broke(failure), _) => return Err(format!("seed {seed}: {failure}").into()),
        }
    }
    Ok(())
}

/// Fails with both, unless they are the same.
fn same(wine: &[String], simulated: &[String], seed: u64) -> Result<(), Failed> {
    if wine == simulated {
        return Ok(());
    }
    let mut text = format!("seed {seed}; what only Wine says is marked -, the simulator +\n");
    for i in 0..wine.len().max(simulated.len()) {
        match (wine.get(i), simulated.get(i)) {
            (Some(left), Some(right)) if left == right => text.push_str(&format!("  {left}\n")),
            (left, right) => {
                for (mark, line) in [('-', left), ('+', right)] {
                    text.extend(line.map(|line| format!("{mark} {line}\n")));
                }
            }
        }
    }
    Err(text.into())
}

/// The lot decides about threads and completions; what is said must not depend on it.
const SEEDS: std::ops::Range<u64> = 0..3;
