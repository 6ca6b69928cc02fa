//! Parts and versions of resources.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use libtest_mimic::Trial;

use crate::bench::{Bench, pattern, succeeded, trial};
use crate::canned::Canned;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ranges::resume_100_mib", resume),
        trial("ranges::versions", versions),
    ]
}

/// A download that the server cuts, and its rest, have the digest of the whole.
fn resume(bench: &Bench) -> anyhow::Result<()> {
    const LENGTH: usize = 100 << 20;
    let whole = pattern(LENGTH);
    let served = whole.clone();
    let server = Canned::start(move |head, count, stream| {
        let from = head
            .lines()
            .find_map(|line| line.strip_prefix("Range: bytes="))
            .and_then(|range| range.trim_end_matches('-').parse().ok())
            .unwrap_or(0);
        if from >= LENGTH {
            write!(
                stream,
                "HTTP/1.1 416 x\r\nContent-Range: bytes */{LENGTH}\r\nContent-Length: 0\r\n\r\n"
            )?;
            return Ok(true);
        }
        let rest = &served[from..];
        let length = rest.len();
        match from {
            0 => write!(stream, "HTTP/1.1 200 x\r\nContent-Length: {length}\r\n\r\n")?,
            _ => write!(
                stream,
                "HTTP/1.1 206 x\r\nContent-Range: bytes {from}-{}/{LENGTH}\r\nContent-Length: {length}\r\n\r\n",
                LENGTH - 1
            )?,
        }
        // The first two are cut.
        let sent = if count < 2 { length / 3 } else { length };
        stream.write_all(&rest[..sent])?;
        Ok(count >= 2)
    })?;
    let file = bench.file("resumed");
    let fetch = || {
        bench
            .driver
            .wskhttp([Path::new("-C"), Path::new("-"), Path::new("-o"), &file])
            .args([server.url("/")])
            .timeout(LARGE)
            .run()
    };
    for _ in 0..2 {
        let output = fetch()?;
        ensure!(
            output.code == Some(18),
            "{:?}: {}",
            output.code,
            output.stderr
        );
    }
    succeeded(&fetch()?)?;
    ensure!(fs::read(&file)? == whole, "another body");
    // Nothing is left to get.
    succeeded(&fetch()?)?;
    ensure!(fs::read(&file)? == whole, "another body after all of it");
    fs::remove_file(&file)?;
    Ok(())
}

/// --etag-save, --etag-compare: nothing comes of the same version, its rest of a cut one, and all of
/// another.
fn versions(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|head, count, stream| {
        let (tag, body) = if count < 4 {
            ("\"a\"", "first version")
        } else {
            ("\"b\"", "second one")
        };
        let asks = |name: &str| head.contains(&format!("{name}: {tag}\r\n"));
        if asks("If-None-Match") {
            write!(stream, "HTTP/1.1 304 x\r\nETag: {tag}\r\n\r\n")?;
        } else if head.contains("Range: bytes=5-\r\n") && asks("If-Range") {
            write!(
                stream,
                "HTTP/1.1 206 x\r\nETag: {tag}\r\nContent-Range: bytes 5-{}/{}\r\nContent-Length: {}\r\n\r\n{}",
                body.len() - 1,
                body.len(),
                body.len() - 5,
                &body[5..]
            )?;
        } else {
            let sent = if count == 0 { &body[..5] } else { body };
            write!(
                stream,
                "HTTP/1.1 200 x\r\nETag: {tag}\r\nContent-Length: {}\r\n\r\n{sent}",
                body.len()
            )?;
            return Ok(count > 0);
        }
        Ok(true)
    })?;
    let (file, tag) = (bench.file("version"), bench.file("tag"));
    let names = [&file, &tag].map(|path| path.display().to_string());
    let fetch = |options: &[&str]| {
        let to = ["-o", &names[0], "--etag-save", &names[1]];
        bench.fetch(&[&to[..], options, &[&server.url("/")]].concat())
    };
    let rest = ["-C", "-", "--etag-compare", &names[1]];
    let there = |text: &str| -> anyhow::Result<()> {
        let found = fs::read_to_string(&file)?;
        ensure!(found == text, "{found:?}, not {text:?}");
        Ok(())
    };
    ensure!(fetch(&[])?.code == Some(18), "not cut");
    there("first")?;
    succeeded(&fetch(&rest)?)?;
    there("first version")?;
    succeeded(&fetch(&["--etag-compare", &names[1]])?)?;
    there("first version")?;
    fs::write(&file, "first")?;
    // Without a condition, the rest of another version would be put behind this one.
    ensure!(fetch(&["-C", "-"])?.code == Some(33), "taken for the rest");
    there("first")?;
    succeeded(&fetch(&["-C", "-", "--etag-compare", &names[1]])?)?;
    there("second one")?;
    let kept = fs::read_to_string(&tag)?;
    ensure!(kept == "\"b\"\n", "{kept:?}");
    for path in [&file, &tag] {
        fs::remove_file(path)?;
    }
    bench.healthy()
}

const LARGE: Duration = Duration::from_secs(180);
