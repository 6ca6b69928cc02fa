//! Versions of TLS, kinds of keys and names, against each server.

use std::fs;

use anyhow::ensure;
use libtest_mimic::Trial;
use wskhttp_origin::{KeyKind, Origin, Versions};
use wskhttp_wine_suite::servers::{Nginx, SServer, Tls};

use crate::bench::{Bench, pattern, succeeded, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (tls, tls_name) in [(Tls::V1_3, "tls13"), (Tls::V1_2, "tls12")] {
        for (key, key_name) in [(KeyKind::EcdsaP256, "ecdsa"), (KeyKind::Rsa2048, "rsa")] {
            let name = |server| format!("protocol::{server}_{tls_name}_{key_name}");
            trials.extend([
                trial(name("origin"), move |bench| origin(bench, tls, key)),
                trial(name("nginx"), move |bench| nginx(bench, tls, key)),
                trial(name("s_server"), move |bench| s_server(bench, tls, key)),
            ]);
        }
    }
    trials.push(trial("protocol::plain_http", plain));
    trials.push(trial("protocol::methods", methods));
    trials.push(trial("protocol::interim_responses", interim));
    trials
}

const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

fn origin(bench: &Bench, tls: Tls, key: KeyKind) -> anyhow::Result<()> {
    let (versions, number) = match tls {
        Tls::V1_3 => (Versions::Tls13, 0x0304),
        _ => (Versions::Tls12, 0x0303),
    };
    let origin = Origin::start(wskhttp_origin::Options {
        key,
        versions,
        ..Default::default()
    })?;
    let ca = bench.file("other-ca.pem");
    origin.write_ca(&ca)?;
    for host in HOSTS {
        let url = format!("https://{host}:{}/chunked/100000", origin.https_port());
        let output = bench.fetch_with(&ca, &[&url])?;
        succeeded(&output)?;
        ensure!(output.stdout == pattern(100_000), "another body");
    }
    let versions: Vec<u16> = origin.log().connections.iter().map(|c| c.tls).collect();
    ensure!(versions.iter().all(|v| *v == number), "{versions:x?}");
    Ok(())
}

fn nginx(bench: &Bench, tls: Tls, key: KeyKind) -> anyhow::Result<()> {
    let nginx = Nginx::start(bench.authority.leaf(key), tls)?;
    let body = pattern(100_000);
    fs::write(nginx.file("file"), &body)?;
    for host in HOSTS {
        let url = format!("https://{host}:{}/file", nginx.port());
        let output = bench.fetch_with(bench.authority.certificate(), &[&url])?;
        succeeded(&output)?;
        ensure!(output.stdout == body, "another body");
    }
    let requests = nginx.requests(2)?;
    let version = if tls == Tls::V1_3 {
        "TLSv1.3"
    } else {
        "TLSv1.2"
    };
    ensure!(
        requests.len() == 2 && requests.iter().all(|r| r.tls == version),
        "{requests:?}"
    );
    Ok(())
}

/// Its body ends with the connection.
fn s_server(bench: &Bench, tls: Tls, key: KeyKind) -> anyhow::Result<()> {
    let server = SServer::start(bench.authority.leaf(key), tls)?;
    let body = pattern(100_000);
    fs::write(server.file("file"), &body)?;
    for host in HOSTS {
        let url = format!("https://{host}:{}/file", server.port());
        let output = bench.fetch_with(bench.authority.certificate(), &[&url])?;
        succeeded(&output)?;
        ensure!(output.stdout == body, "another body");
    }
    Ok(())
}

fn plain(bench: &Bench) -> anyhow::Result<()> {
    let url = format!("http://localhost:{}/bytes/1000", bench.origin.http_port());
    ensure!(bench.get(&url)? == pattern(1000), "another body");
    Ok(())
}

fn methods(bench: &Bench) -> anyhow::Result<()> {
    let echo = bench.url("/echo");
    for method in ["POST", "PUT", "DELETE"] {
        let output = bench.fetch(&["-i", "-X", method, "-d", "some text", &echo])?;
        succeeded(&output)?;
        let text = output.text();
        ensure!(text.ends_with("some text"), "{text}");
        ensure!(
            text.to_lowercase()
                .contains(&format!("x-method: {method}").to_lowercase()),
            "{text}"
        );
    }
    let output = bench.fetch(&["-I", &bench.url("/bytes/1000")])?;
    succeeded(&output)?;
    let text = output.text().to_lowercase();
    ensure!(text.starts_with("http/1.1 200"), "{text}");
    ensure!(text.contains("content-length: 1000"), "{text}");
    ensure!(text.ends_with("\r\n\r\n"), "a HEAD has a body: {text}");
    let fields = bench
        .fetch(&["-H", "X-Mark: here", &bench.url("/headers")])?
        .text();
    ensure!(
        fields.to_lowercase().contains("x-mark") && fields.contains("here"),
        "{fields}"
    );
    Ok(())
}

fn interim(bench: &Bench) -> anyhow::Result<()> {
    succeeded(&bench.fetch(&[&bench.url("/continue")])?)?;
    let trailers = bench.get(&bench.url("/trailers/5000"))?;
    ensure!(trailers == pattern(5000), "another body");
    Ok(())
}
