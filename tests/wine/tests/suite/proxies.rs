//! Proxies: those of a request, and those of the machine.

use std::path::Path;

use anyhow::ensure;
use libtest_mimic::Trial;
use wskhttp_wine_suite::servers::Tinyproxy;

use crate::bench::{Bench, pattern, succeeded, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("proxies::of_a_request", proxy),
        trial("proxies::of_the_machine", machine_proxy),
    ]
}

fn proxy(bench: &Bench) -> anyhow::Result<()> {
    let proxy = Tinyproxy::start()?;
    let address = format!("127.0.0.1:{}", proxy.port());
    let url = bench.url("/bytes/70000");
    let through = ["-x", &address, "-U", "user:password"];
    let output = bench.fetch(&[&through[..], &[&url, &url]].concat())?;
    succeeded(&output)?;
    ensure!(
        output.stdout == [pattern(70_000), pattern(70_000)].concat(),
        "another body"
    );
    let log = proxy.log()?;
    let tunnel = format!("CONNECT localhost:{} HTTP/1.1", bench.origin.https_port());
    ensure!(
        log.matches(&tunnel).count() == 1,
        "not one tunnel for both: {log}"
    );
    let plain = format!("http://localhost:{}/bytes/100", bench.origin.http_port());
    let output = bench.fetch(&[&through[..], &[&plain]].concat())?;
    succeeded(&output)?;
    ensure!(output.stdout == pattern(100), "another body");
    ensure!(
        proxy.log()?.contains(&format!("GET {plain} HTTP/1.1")),
        "not in absolute form"
    );
    let before = proxy.log()?.matches("CONNECT ").count();
    let output = bench.fetch(&[&through[..], &["--noproxy", "localhost", &url]].concat())?;
    succeeded(&output)?;
    ensure!(
        proxy.log()?.matches("CONNECT ").count() == before,
        "used in spite of --noproxy"
    );
    let output = bench.fetch(&["-x", &address, "-U", "user:wrong", &url])?;
    ensure!(
        output.code == Some(97),
        "{:?}: {}",
        output.code,
        output.stderr
    );
    bench.healthy()
}

/// What `netsh winhttp set proxy` has set is used, unless the service has settings of its own.
fn machine_proxy(bench: &Bench) -> anyhow::Result<()> {
    const WINHTTP: &str =
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
    const OWN: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\wskhttp\Parameters";
    let reg = |arguments: &[&str]| {
        let program = bench.driver.wine().program(Path::new("reg"));
        succeeded(&program.args(arguments).run()?)
    };
    let proxy = Tinyproxy::start()?;
    let address = format!("127.0.0.1:{}", proxy.port());
    let mut value = [0x28_u32, 0, 3].map(u32::to_le_bytes).concat();
    for text in [&address, "elsewhere.test"] {
        value.extend(u32::try_from(text.len())?.to_le_bytes());
        value.extend(text.as_bytes());
    }
    let digits: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let set = ["/v", "WinHttpSettings", "/t", "REG_BINARY", "/d", &digits];
    reg(&[&["add", WINHTTP, "/f"][..], &set].concat())?;
    let url = bench.url("/bytes/1000");
    // tinyproxy asks for a password, which the machine's settings have not.
    let refused = bench.fetch(&[&url]);
    let tunnels = proxy.log();
    let direct = bench.fetch(&["--noproxy", "*", &url]);
    reg(&["add", OWN, "/f", "/v", "Proxy", "/t", "REG_SZ", "/d", ""])?;
    let own = bench.fetch(&[&url]);
    reg(&["delete", OWN, "/f", "/v", "Proxy"])?;
    reg(&["delete", WINHTTP, "/f", "/v", "WinHttpSettings"])?;
    let refused = refused?;
    ensure!(
        refused.code == Some(97),
        "{:?}: {}",
        refused.code,
        refused.stderr
    );
    let tunnels = tunnels?;
    ensure!(tunnels.contains("CONNECT localhost:"), "{tunnels}");
    for output in [direct?, own?, bench.fetch(&[&url])?] {
        succeeded(&output)?;
        ensure!(output.stdout == pattern(1000), "another body");
    }
    bench.healthy()
}
