//! A shim for BoringSSL's test runner: the driver's TLS client, obedient to the runner's flags.
//!
//! It connects to the runner's port on loopback, says its number, shakes hands, and sends back every
//! byte it receives, inverted. Exit codes: 0, 1 with the error on stderr, 89 for a flag that is not
//! implemented.

mod exchange;
mod flags;
mod outcome;
mod wire;

use std::process::ExitCode;

use crate::flags::{Flags, Parsed};
use crate::outcome::Failure;

fn main() -> ExitCode {
    let flags = match flags::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(flags)) => flags,
        Ok(Parsed::NoHandshaker) => {
            println!("No");
            return ExitCode::SUCCESS;
        }
        Err(failure) => return failure.exit(),
    };
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.exit(),
    }
}

/// The first connection and as many more as are to be resumed.
fn run(flags: &Flags) -> Result<(), Failure> {
    let config = exchange::config(flags)?;
    for number in 0..=flags.resume_count {
        exchange::run(flags, &config, number)?;
    }
    Ok(())
}
