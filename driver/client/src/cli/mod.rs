//! The command: its options, and what it does with them.

mod args;
mod cookies;
mod data;
mod failure;
mod form;
mod headers;
mod output;
mod policy;
mod progress;
mod range;
mod report;
mod resume;
mod tls;
mod transfer;
mod url;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches};
use wskhttp_client::{Device, Error, setup};

use self::args::{Cli, Command};
use self::data::Payload;
use self::failure::Failure;
use self::output::Output;

/// How the command opens the device.
pub type Open<'a> = &'a dyn Fn() -> Result<Device, Error>;

/// Runs the command with `arguments`, the first of which is its name, on the device that `open` opens,
/// and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, open: Open<'_>) -> u8 {
    let matches = match Cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let quiet = cli.transfer.silent && !cli.transfer.show_error;
    let result = match cli.command {
        Some(command) => setup_or_status(command, open).map(|()| 0),
        None => Payload::new(&cli.transfer, &matches)
            .and_then(|payload| transfer::run(&cli.transfer, &payload, open)),
    };
    result.unwrap_or_else(|failure| {
        if !quiet {
            eprintln!("{failure}");
        }
        failure.code
    })
}

fn setup_or_status(command: Command, open: Open<'_>) -> Result<(), Failure> {
    match command {
        Command::Install { inf } => say_restart(setup::install(&inf_or_default(inf))?),
        Command::Uninstall => say_restart(setup::uninstall()?),
        Command::Start { inf } => setup::start(&inf_or_default(inf))?,
        Command::Stop => setup::stop()?,
        Command::Status => {
            let mut stdout = Output::new(None);
            let status = open()?.status()?;
            for (name, value) in status.counters() {
                stdout.write(format!("{name}: {value}\n").as_bytes())?;
            }
            let missing: Vec<_> = status.missing_primitives().collect();
            let (policy, missing) = (status.crypto_policy(), missing.join(", "));
            let text = format!("cryptography: {policy}\nmissing in CNG: {missing}\n");
            stdout.write(text.as_bytes())?;
            stdout.finish()?;
        }
    }
    Ok(())
}

fn say_restart(restart: bool) {
    if restart {
        eprintln!("wskhttp: Windows has to be restarted for this to take effect");
    }
}

fn inf_or_default(inf: Option<PathBuf>) -> PathBuf {
    inf.unwrap_or_else(|| {
        let program = std::env::current_exe().unwrap_or_default();
        program.with_file_name("wskhttp.inf")
    })
}

/// Help and version are no errors; anything else is wrong usage.
fn explain(error: &clap::Error) -> u8 {
    // Nothing can be done about a standard error that cannot be written to.
    let _ = error.print();
    if error.use_stderr() {
        wskhttp_client::exit::USAGE
    } else {
        0
    }
}
