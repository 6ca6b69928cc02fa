//! Cargo without one warning: with `-Zbuild-std` it resolves the standard library too, and says
//! each time that the patch for wdk-build was not used there.

use std::{
    io::{self, BufRead, BufReader, IsTerminal, Write},
    process::{Command, ExitStatus, Stdio},
};

/// Runs `command`, and passes on all that it says but the warning.
pub(super) fn status(command: &mut Command) -> io::Result<ExitStatus> {
    let stderr = io::stderr();
    if stderr.is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
        command.env("CARGO_TERM_PROGRESS_WHEN", "always");
        command.env("CARGO_TERM_PROGRESS_WIDTH", "80");
    }
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    if let Some(pipe) = child.stderr.take() {
        filter(BufReader::new(pipe), stderr.lock())?;
    }
    child.wait()
}

fn filter(mut from: impl BufRead, mut to: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    let mut dropping = false;
    loop {
        let available = from.fill_buf()?;
        if available.is_empty() {
            return to.write_all(&line);
        }
        // A progress bar ends in a carriage return, and must not wait for the end of a line.
        let end = available
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'));
        let taken = end.map_or(available.len(), |end| end + 1);
        line.extend_from_slice(&available[..taken]);
        from.consume(taken);
        if end.is_none() {
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        dropping =
            text.contains(WARNING) || (dropping && HELP.iter().any(|help| text.contains(help)));
        if !dropping {
            to.write_all(&line)?;
            to.flush()?;
        }
        line.clear();
    }
}

const WARNING: &str = "was not used in the crate graph";

const HELP: &[&str] = &[
    "Check that the patched package version",
    "with the dependency requirements",
    "what is locked in the Cargo.lock file",
    "version. This may also occur",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_warning_is_dropped() {
        let said = "   Compiling a\n\
            warning: patch `wdk-build v0.6.0 (x)` was not used in the crate graph\n\
            help: Check that the patched package version and available features are compatible\n\
            \x20     with the dependency requirements. If the patch has a different version from\n\
            \x20     what is locked in the Cargo.lock file, run `cargo update` to use the new\n\
            \x20     version. This may also occur with an optional dependency that is not enabled.\n\
            Building [=>  ]\rwarning: unused\nhelp: with the dependency requirements\nlast";
        let mut passed = Vec::new();
        filter(said.as_bytes(), &mut passed).unwrap();
        assert_eq!(
            String::from_utf8(passed).unwrap(),
            "   Compiling a\nBuilding [=>  ]\rwarning: unused\nhelp: with the dependency requirements\nlast"
        );
    }
}
