//! The driver at work under Wine. `cargo xtask demo` builds what it needs and runs it.

use std::{
    env,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use wskhttp_origin::Origin;
use wskhttp_wine_suite::{Driver, Options};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let products = PathBuf::from(
        arguments
            .next()
            .context("usage: demo PRODUCTS [ARGUMENT...]")?,
    );
    let arguments: Vec<String> = arguments.collect();

    let started = Instant::now();
    let driver = Driver::install(&products, &Options::default())?;
    let origin = Origin::start(wskhttp_origin::Options::default())?;
    let url = format!("https://localhost:{}", origin.https_port());
    let ca = driver.wine().shared().join("ca.pem");
    origin.write_ca(&ca)?;
    let ca = ca
        .to_str()
        .context("the path of a temporary file is not UTF-8")?;
    eprintln!(
        "driver installed in {:.1} s",
        started.elapsed().as_secs_f32()
    );
    eprintln!("{{url}} = {url}  {{ca}} = {ca}");

    let arguments = if arguments.is_empty() {
        ["-v", "--cacert", ca, &format!("{url}/")]
            .map(str::to_owned)
            .into()
    } else {
        let fill = |argument: &String| argument.replace("{url}", &url).replace("{ca}", ca);
        arguments.iter().map(fill).collect::<Vec<_>>()
    };
    eprintln!("$ wskhttp {}", arguments.join(" "));
    let output = driver
        .wskhttp(&arguments)
        .directory(&env::current_dir()?)
        .timeout(Duration::from_secs(24 * 60 * 60))
        .shown()
        .run()?;
    driver.uninstall()?;
    eprintln!(
        "driver removed; {:.1} s in all",
        started.elapsed().as_secs_f32()
    );
    let code = output.code.and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
