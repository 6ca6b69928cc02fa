//! A test that runs itself in a process of its own, which has to fail.

use std::process::Command;

/// Runs `inside` in a process of the test of that name; gives how it failed and all that it wrote. In
/// that process it gives `None`.
#[track_caller]
pub(crate) fn fails(test: &str, inside: impl FnOnce()) -> Option<String> {
    if std::env::var_os(INSIDE).is_some() {
        inside();
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    assert!(!output.status.success(), "it passes");
    let text = String::from_utf8_lossy;
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Some(format!("{}: {stdout}{stderr}", output.status))
}

const INSIDE: &str = "NTSIM_TEST_INSIDE";
