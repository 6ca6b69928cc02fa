//! Bodies: their sizes, codings, and that memory does not grow with them.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use wskhttp_origin::KeyKind;
use wskhttp_wine_suite::servers::{Nginx, Tls};

use crate::bench::{Bench, pattern, succeeded, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("transfer::sizes_fixed", |bench| sizes(bench, "bytes")),
        trial("transfer::sizes_chunked", |bench| sizes(bench, "chunked")),
        trial("transfer::sizes_to_the_end", |bench| sizes(bench, "close")),
        trial("transfer::upload_sizes", upload_sizes),
        trial("transfer::download_1_gib", download),
        trial("transfer::upload_256_mib", |bench| upload(bench, false)),
        trial("transfer::upload_256_mib_chunked", |bench| {
            upload(bench, true)
        }),
        trial("transfer::one_connection", one_connection),
    ]
}

/// Around the sizes of TLS records and of buffers.
const SIZES: &[usize] = &[
    0, 1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_000_000,
];

fn sizes(bench: &Bench, coding: &str) -> anyhow::Result<()> {
    for size in SIZES {
        let body = bench.get(&bench.url(&format!("/{coding}/{size}")))?;
        ensure!(
            body == pattern(*size),
            "{size} bytes: another body of {}",
            body.len()
        );
    }
    Ok(())
}

fn upload_sizes(bench: &Bench) -> anyhow::Result<()> {
    let path = bench.file("upload");
    let data = format!("@{}", path.display());
    for size in SIZES {
        std::fs::write(&path, pattern(*size))?;
        let arguments = ["-X", "POST", "--data-binary", &data, &bench.url("/echo")];
        let output = bench.fetch(&arguments)?;
        succeeded(&output)?;
        ensure!(
            output.stdout == pattern(*size),
            "{size} bytes: another body"
        );
    }
    Ok(())
}

fn download(bench: &Bench) -> anyhow::Result<()> {
    let nginx = Nginx::start(bench.authority.leaf(KeyKind::EcdsaP256), Tls::V1_3)?;
    let received = bench.file("received");
    let fetch = |name: &str| {
        let url = format!("https://localhost:{}/{name}", nginx.port());
        let output = bench
            .driver
            .wskhttp([Path::new("--cacert"), bench.authority.certificate()])
            .args([Path::new("-o"), &received])
            .args([url])
            .timeout(LARGE)
            .run()?;
        succeeded(&output)?;
        anyhow::Ok(output.elapsed)
    };
    fill(&nginx.file("small"), 64)?;
    fill(&nginx.file("large"), 1024)?;
    fetch("small")?;
    let small = bench.driver.idle()?.get("pool_high")?;
    let elapsed = fetch("large")?;
    let large = bench.driver.idle()?.get("pool_high")?;
    println!(
        "1 GiB in {:.1} s, {:.0} MB/s; pool high {large} bytes",
        elapsed.as_secs_f32(),
        GIB / 1e6 / elapsed.as_secs_f32()
    );
    ensure!(
        sha256(&received)? == sha256(&nginx.file("large"))?,
        "another body"
    );
    std::fs::remove_file(&received)?;
    bounded(small, large)
}

/// The length of a file is known; that of standard input is not, so it goes chunked.
fn upload(bench: &Bench, chunked: bool) -> anyhow::Result<()> {
    let nginx = Nginx::start(bench.authority.leaf(KeyKind::EcdsaP256), Tls::V1_3)?;
    let send = |mebibytes| {
        let source = bench.file("source");
        fill(&source, mebibytes)?;
        let url = format!("https://localhost:{}/up/{mebibytes}", nginx.port());
        let name = if chunked { Path::new("-") } else { &source };
        let output = bench
            .driver
            .wskhttp([Path::new("--cacert"), bench.authority.certificate()])
            .args([Path::new("-T"), name])
            .args([url])
            .input(File::open(&source)?)
            .timeout(LARGE)
            .run()?;
        succeeded(&output)?;
        let stored = nginx.file(&format!("up/{mebibytes}"));
        ensure!(sha256(&source)? == sha256(&stored)?, "another body");
        std::fs::remove_file(&source)?;
        bench.driver.idle()?.get("pool_high")
    };
    let small = send(16)?;
    let large = send(256)?;
    let requests = nginx.requests(2)?;
    let stored = requests
        .iter()
        .all(|r| r.status == 201 && r.chunked == chunked);
    ensure!(stored, "{requests:?}");
    bounded(small, large)
}

/// As one process with one handle after the other can do it: the driver keeps the connection.
fn one_connection(bench: &Bench) -> anyhow::Result<()> {
    let nginx = Nginx::start(bench.authority.leaf(KeyKind::EcdsaP256), Tls::V1_3)?;
    std::fs::write(nginx.file("file"), "served")?;
    let url = format!("https://localhost:{}/file", nginx.port());
    let output = bench.fetch_with(bench.authority.certificate(), &vec![url.as_str(); 100])?;
    succeeded(&output)?;
    ensure!(output.text() == "served".repeat(100), "{}", output.text());
    let requests = nginx.requests(100)?;
    ensure!(requests.len() == 100, "{} requests", requests.len());
    let first = requests.first().context("no request")?.connection;
    ensure!(
        requests.iter().all(|r| r.connection == first),
        "{requests:?}"
    );
    Ok(())
}

const LARGE: Duration = Duration::from_secs(600);
const GIB: f32 = 1_073_741_824.0;

/// Memory that a body 16 times as long may need besides.
fn bounded(small: u64, large: u64) -> anyhow::Result<()> {
    ensure!(
        large <= small + (1 << 20),
        "pool grows with the body: {small}, then {large} bytes"
    );
    Ok(())
}

/// Writes a file of so many mebibytes, no two alike.
fn fill(path: &Path, mebibytes: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut block = pattern(1 << 20);
    for number in 0..mebibytes {
        block[..8].copy_from_slice(&number.to_le_bytes());
        file.write_all(&block)?;
    }
    file.flush()?;
    Ok(())
}

fn sha256(path: &Path) -> anyhow::Result<String> {
    let output = Command::new("sha256sum").arg(path).output()?;
    ensure!(output.status.success(), "sha256sum failed");
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}
