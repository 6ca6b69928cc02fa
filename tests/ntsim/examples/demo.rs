//! The command over the driver on the simulated kernel. `cargo xtask demo --sim` runs it.

#[path = "../tests/origin/mod.rs"]
mod origin;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use origin::Origin;
use wskhttp_client::{Device, cli};
use wskhttp_ntsim::{Machine, Options};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    origin::build()?;
    let started = Instant::now();
    let origin = Origin::start()?;
    let url = format!("https://localhost:{}", origin.https);
    let directory = tempfile::tempdir()?;
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, &origin.ca)?;
    let ca = ca.to_str().context("the path of a temporary file")?;
    let machine = Machine::start(Options::default()).map_err(|rule| anyhow!(rule))?;
    eprintln!("driver loaded in {:.1} s", started.elapsed().as_secs_f32());
    eprintln!("{{url}} = {url}  {{ca}} = {ca}");
    eprintln!("without TLS: http://localhost:{}", origin.http);

    let arguments = if arguments.is_empty() {
        ["-v", "--cacert", ca, &format!("{url}/")]
            .map(str::to_owned)
            .into()
    } else {
        let fill = |argument: &String| argument.replace("{url}", &url).replace("{ca}", ca);
        arguments.iter().map(fill).collect::<Vec<_>>()
    };
    eprintln!("$ wskhttp {}", arguments.join(" "));
    let opener = machine.process().opener();
    let words = std::iter::once("wskhttp".to_owned()).chain(arguments);
    let code = cli::run(words.map(OsString::from), &move || {
        Device::with_opener(opener.clone())
    });
    // Nothing may be left of it.
    machine.shut_down().map_err(|rule| anyhow!(rule))?;
    Ok(code.into())
}
