//! The policies of cryptography, on Wine's CNG.

use std::fs;

use anyhow::ensure;
use libtest_mimic::Trial;
use wskhttp_wine_suite::servers::{SServer, Tls};

use crate::bench::{Bench, succeeded, trial};
use crate::tls::{Papers, reg};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("crypto::auto", |bench| under(bench, "auto", all)),
        trial("crypto::fips", |bench| {
            under(bench, "fips", |bench| {
                all(bench)?;
                refusals(bench)
            })
        }),
    ]
}

/// What Wine's CNG has not, in the words of the status and of the trace.
const MISSING: &str = "ChaCha20-Poly1305, X25519";

/// Runs `body` with the driver started anew under `policy`.
fn under(
    bench: &Bench,
    policy: &str,
    body: fn(&Bench) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    bench.driver.stop()?;
    choose(bench, policy)?;
    let started = bench.driver.start();
    let done = started.and_then(|()| {
        let status = bench.driver.wskhttp(["status"]).run()?;
        let text = status.text().replace('\r', "");
        for line in [
            format!("cryptography: {policy}\n"),
            format!("missing in CNG: {MISSING}\n"),
        ] {
            ensure!(text.contains(&line), "{text}");
        }
        let line = format!("cryptography: {policy}; CNG lacks {MISSING}");
        let log = bench.driver.wine().log();
        ensure!(log.contains(&line), "the trace does not say {line:?}");
        body(bench)
    });
    bench.driver.stop()?;
    forget(bench)?;
    bench.driver.start()?;
    done
}

/// Both versions, from servers of rustls and of OpenSSL; records of every size.
fn all(bench: &Bench) -> anyhow::Result<()> {
    let url = bench.url("/bytes/300000");
    for (arguments, version) in [
        (&["--tlsv1.3"][..], "TLS 1.3"),
        (&["--tls-max", "1.2"], "TLS 1.2"),
    ] {
        let output = bench.fetch(&[arguments, &["-v", &url]].concat())?;
        succeeded(&output)?;
        ensure!(output.stderr.contains(version), "{}", output.stderr);
        ensure!(output.stdout.len() == 300_000, "{}", output.stdout.len());
    }
    let papers = Papers::new(bench, "crypto")?;
    let ca = bench.file("crypto/ca.pem");
    let body: Vec<u8> = (0..200_000_u32).map(|at| (at >> 3) as u8).collect();
    for tls in [Tls::V1_2, Tls::V1_3] {
        let server = SServer::start(&papers.leaf, tls)?;
        fs::write(server.file("file"), &body)?;
        let url = format!("https://localhost:{}/file", server.port());
        let output = bench.fetch_with(&ca, &[&url])?;
        succeeded(&output)?;
        ensure!(output.stdout == body, "{tls:?}: another body");
        let other = bench.fetch(&[&url])?;
        ensure!(other.code == Some(60), "{tls:?}: {:?}", other.code);
    }
    Ok(())
}

/// What `fips` does not do is said.
fn refusals(bench: &Bench) -> anyhow::Result<()> {
    let file = |name: &str| {
        let path = bench.file(&format!("crypto/{name}"));
        path.to_string_lossy().into_owned()
    };
    let (cert, key, url) = (
        file("client.pem"),
        file("client.key"),
        bench.url("/bytes/10"),
    );
    let output = bench.fetch(&["--cert", &cert, "--key", &key, &url])?;
    ensure!(output.code != Some(0), "a client certificate is used");
    let said = output.stderr.contains("fips");
    ensure!(said, "{}", output.stderr);
    Ok(())
}

const KEY: &str = r"HKLM\System\CurrentControlSet\Services\wskhttp\Parameters";
const VALUE: &str = "CryptoProvider";

fn choose(bench: &Bench, policy: &str) -> anyhow::Result<()> {
    let value = ["/v", VALUE, "/t", "REG_SZ", "/d", policy, "/f"];
    reg(bench, &[&["add", KEY][..], &value].concat())
}

fn forget(bench: &Bench) -> anyhow::Result<()> {
    reg(bench, &["delete", KEY, "/v", VALUE, "/f"])
}
