//! The programs in a driver under Wine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use wskhttp_wine_suite::{Options, Wine};

use crate::Said;
use crate::peer::Peer;

/// Loads the driver, which runs every program, and gives what they have said.
pub(crate) fn run() -> anyhow::Result<Said> {
    let built = std::env::var_os("WSKHTTP_WSK_PROGRAMS").map_or_else(default_place, PathBuf::from);
    let image = built.join(IMAGE);
    ensure!(
        image.is_file(),
        "{}: `cargo xtask test wsk` makes it",
        image.display()
    );
    let peer = Peer::start()?;
    let options = Options {
        channels: "+debugstr".into(),
        ..Options::default()
    };
    let wine = Wine::start(&options)?;
    std::fs::copy(&image, wine.file("drive_c/wsk-programs.sys"))?;
    let ports = peer.ports;
    let [a, b, c] = ports.free;
    let input = format!(
        "{} {} {} {a} {b} {c}\n",
        ports.data, ports.control, ports.full
    );
    std::fs::write(wine.file("drive_c/wsk-programs.in"), input)?;
    let control = |arguments: &[&str]| {
        let program = wine.program(Path::new("sc")).args(arguments);
        program.timeout(Duration::from_secs(90)).run()
    };
    let path = "binPath=";
    control(&[
        "create",
        "wskprograms",
        "type=",
        "kernel",
        path,
        "c:\\wsk-programs.sys",
    ])?;
    let started = control(&["start", "wskprograms"])?;
    let text =
        std::fs::read_to_string(wine.file("drive_c/wsk-programs.out")).with_context(|| {
            let log = wine.log();
            format!("the driver does not load: {}{log}", started.text())
        })?;
    if !text.ends_with("[end]\n") {
        eprintln!("the driver has stopped early: {}", wine.log());
    }
    wine.stop()?;
    Ok(parse(&text))
}

/// A program's name in brackets, then its lines.
fn parse(text: &str) -> Said {
    let mut said = Said::new();
    let mut lines = None;
    for line in text.lines() {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => lines = Some(said.entry(name.to_owned()).or_default()),
            None => lines
                .iter_mut()
                .for_each(|lines| lines.push(line.to_owned())),
        }
    }
    said
}

fn default_place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wsk-programs")
}

const IMAGE: &str = "wsk-programs.sys";
