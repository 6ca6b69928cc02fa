//! Programs of Wine's own, to see that the sandbox does what it says.
//!
//! Needs Wine: `cargo xtask setup`.

use std::{fs, path::Path, thread, time::Duration};

use wskhttp_wine_suite::{Options, Wine};

const CMD: &str = "cmd";

fn start() -> Wine {
    Wine::start(&Options::default()).unwrap()
}

#[test]
fn exit_codes_and_both_outputs() {
    let wine = start();
    let output = wine
        .program(Path::new(CMD))
        .args(["/c", "echo one& echo two 1>&2& exit 7"])
        .run()
        .unwrap();
    assert_eq!(output.code, Some(7));
    assert_eq!(output.text().trim(), "one");
    assert_eq!(output.stderr.trim(), "two");
    wine.stop().unwrap();
}

#[test]
fn files_of_both_sides() {
    let wine = start();
    fs::write(wine.shared().join("in.txt"), "from the host").unwrap();
    let output = wine
        .program(Path::new(CMD))
        .args(["/c", "type in.txt && copy in.txt c:\\windows\\out.txt >nul"])
        .run()
        .unwrap();
    assert_eq!(output.text(), "from the host", "{}", output.stderr);
    let copied = fs::read_to_string(wine.file("drive_c/windows/out.txt")).unwrap();
    assert_eq!(copied, "from the host");
    drop(wine);
    // The next prefix has nothing of this one.
    assert!(!start().file("drive_c/windows/out.txt").exists());
}

#[test]
fn a_program_that_hangs_is_killed() {
    let wine = start();
    let error = wine
        .program(Path::new(CMD))
        .args(["/c", "echo waiting& ping -n 600 127.0.0.1 >nul"])
        .timeout(Duration::from_secs(3))
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("waiting"), "{error}");
}

#[test]
fn nothing_outlives_the_sandbox() {
    let wine = start();
    let shared = wine.shared().to_owned();
    let mut running = wine
        .program(Path::new(CMD))
        .args(["/c", "echo waiting& ping -n 600 127.0.0.1 >nul"])
        .start()
        .unwrap();
    running
        .wait_for("waiting", Duration::from_secs(30))
        .unwrap();
    drop(wine);
    thread::sleep(Duration::from_millis(200));
    running.kill();
    assert!(!shared.exists());
    let mine = format!("WINEPREFIX={}", shared.display());
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        assert!(
            !String::from_utf8_lossy(&environment).contains(&mine),
            "{entry:?}"
        );
    }
}
