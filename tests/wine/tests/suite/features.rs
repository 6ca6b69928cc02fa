//! What the driver does beyond sending a request once, through the device interface.

use std::{
    fs,
    io::Write,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;

use crate::bench::{Bench, pattern, succeeded, trial};
use crate::canned::Canned;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("features::redirects", redirects),
        trial("features::redirect_refused", redirect_refused),
        trial("features::post_is_retried_never", post_is_not_repeated),
        trial("features::retry_after", retry_after),
        trial("features::gzip", gzip),
        trial("features::gzip_bomb", gzip_bomb),
        trial("features::slow_loris", slow_loris),
        trial("features::form_and_digest", form_and_digest),
        trial("features::expect", expect),
    ]
}

pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// From origin to origin, credentials left behind, the connections kept.
fn redirects(bench: &Bench) -> anyhow::Result<()> {
    let target = bench.url("/bytes/1000");
    let second = Canned::start(move |_, _, stream| {
        write!(
            stream,
            "HTTP/1.1 307 x\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        )?;
        Ok(true)
    })?;
    let elsewhere = second.url("/second");
    let first = Canned::start(move |head, _, stream| {
        let location = if head.starts_with("GET /a ") {
            "/b"
        } else {
            &elsewhere
        };
        write!(
            stream,
            "HTTP/1.1 302 x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        )?;
        Ok(true)
    })?;
    let url = first.url("/a");
    let output = bench.fetch(&["-L", "-u", "user:secret", "-b", "sid=secret", &url])?;
    succeeded(&output)?;
    ensure!(output.stdout == pattern(1000), "another body");
    let (own, other) = (first.heads(), second.heads());
    ensure!(own.len() == 2 && other.len() == 1, "{own:?} {other:?}");
    for head in &own {
        ensure!(
            head.contains("Authorization: Basic dXNlcjpzZWNyZXQ=") && head.contains("Cookie"),
            "{head}"
        );
    }
    ensure!(
        !other[0].contains("Authorization") && !other[0].contains("Cookie"),
        "{}",
        other[0]
    );
    let output = bench.fetch(&["-w", "%{http_code}", &url])?;
    ensure!(output.stdout.ends_with(b"302"), "followed unasked");
    let output = bench.fetch(&["-L", "--max-redirs", "1", &url])?;
    ensure!(
        output.code == Some(47),
        "{:?}: {}",
        output.code,
        output.stderr
    );
    bench.healthy()
}

fn redirect_refused(bench: &Bench) -> anyhow::Result<()> {
    for location in [
        "file:///c:/windows",
        "http://user@localhost/",
        "//[fe80::1]:x/",
    ] {
        let server = Canned::start(move |_, _, stream| {
            write!(
                stream,
                "HTTP/1.1 302 x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            )?;
            Ok(true)
        })?;
        let output = bench.fetch(&["-L", &server.url("/")])?;
        ensure!(output.code == Some(1), "{location}: {:?}", output.code);
    }
    bench.healthy()
}

fn post_is_not_repeated(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|_, _, stream| {
        write!(
            stream,
            "HTTP/1.1 503 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
        Ok(false)
    })?;
    let output = bench.fetch(&[
        "--retry",
        "3",
        "-d",
        "x",
        "-w",
        "%{http_code}",
        &server.url("/"),
    ])?;
    succeeded(&output)?;
    ensure!(
        output.stdout == b"503" && server.heads().len() == 1,
        "repeated"
    );
    Ok(())
}

fn retry_after(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|_, count, stream| {
        match count {
            0 => write!(
                stream,
                "HTTP/1.1 503 x\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy"
            )?,
            _ => write!(stream, "{}", ok("fine"))?,
        }
        Ok(true)
    })?;
    let start = Instant::now();
    let output = bench.fetch(&["--retry", "2", &server.url("/")])?;
    succeeded(&output)?;
    ensure!(output.stdout == b"fine", "another body");
    ensure!(
        start.elapsed() >= Duration::from_secs(2),
        "Retry-After was not heeded"
    );
    ensure!(server.heads().len() == 2, "another number of tries");
    Ok(())
}

/// `gzip -9` of so many zeros.
fn zeros(length: usize) -> anyhow::Result<Vec<u8>> {
    let mut gzip = std::process::Command::new("gzip")
        .args(["-9", "-c"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut input = gzip.stdin.take().context("no standard input")?;
    let writer = thread::spawn(move || input.write_all(&vec![0; length]));
    let output = gzip.wait_with_output()?;
    writer
        .join()
        .map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    Ok(output.stdout)
}

fn compressed(body: Vec<u8>) -> std::io::Result<Canned> {
    Canned::start(move |_, _, stream| {
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
        )?;
        stream.write_all(&body)?;
        Ok(true)
    })
}

fn gzip(bench: &Bench) -> anyhow::Result<()> {
    let body = zeros(300_000)?;
    let server = compressed(body.clone())?;
    let output = bench.fetch(&["--compressed", &server.url("/")])?;
    succeeded(&output)?;
    ensure!(output.stdout == vec![0; 300_000], "another body");
    ensure!(
        server.heads()[0].contains("Accept-Encoding: gzip, deflate"),
        "not asked for"
    );
    let output = bench.fetch(&[&server.url("/")])?;
    ensure!(output.stdout == body, "decoded unasked");
    Ok(())
}

fn gzip_bomb(bench: &Bench) -> anyhow::Result<()> {
    let server = compressed(zeros(256 << 20)?)?;
    let before = bench.in_use()?;
    let file = bench.file("bomb");
    let name = file.display().to_string();
    let output = bench.fetch(&["--compressed", "-o", &name, &server.url("/")])?;
    ensure!(
        output.code == Some(63),
        "{:?}: {}",
        output.code,
        output.stderr
    );
    let length = fs::metadata(&file)?.len();
    ensure!(length < 64 << 20, "{length} bytes of it arrived");
    fs::remove_file(&file)?;
    bench.back_to(before)?;
    bench.healthy()
}

fn slow_loris(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|_, _, stream| {
        write!(stream, "HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n")?;
        loop {
            stream.write_all(b"x")?;
            stream.flush()?;
            thread::sleep(Duration::from_millis(200));
        }
    })?;
    let output = bench.fetch(&[
        "--speed-limit",
        "1000",
        "--speed-time",
        "2",
        &server.url("/"),
    ])?;
    ensure!(
        output.code == Some(28),
        "{:?}: {}",
        output.code,
        output.stderr
    );
    ensure!(output.stderr.contains("slower"), "{}", output.stderr);
    bench.healthy()
}

fn expect(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|head, _, stream| {
        let refused = head.contains("Expect: 100-continue");
        write!(
            stream,
            "HTTP/1.1 {} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            if refused { 417 } else { 200 }
        )?;
        Ok(false)
    })?;
    let arguments = [
        "--expect100-timeout",
        "5",
        "-d",
        "data",
        "-w",
        "%{http_code}",
    ];
    let output = bench.fetch(&[&arguments[..], &[&server.url("/")]].concat())?;
    succeeded(&output)?;
    ensure!(
        output.stdout == b"200" && server.heads().len() == 2,
        "417 was not answered"
    );
    Ok(())
}

/// -F, and what is said of a body.
fn form_and_digest(bench: &Bench) -> anyhow::Result<()> {
    let file = bench.file("part");
    fs::write(&file, "contents")?;
    let field = format!("f=@{};type=text/x;filename=n", file.display());
    let output = bench.fetch(&["-F", "a=b", "-F", &field, &bench.url("/echo")])?;
    succeeded(&output)?;
    fs::remove_file(&file)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "Content-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n",
        "name=\"f\"; filename=\"n\"\r\nContent-Type: text/x\r\n\r\ncontents\r\n",
    ] {
        ensure!(text.contains(part), "{text}");
    }
    let server = Canned::start(|_, _, stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Digest: sha-256=:{HELLO}:\r\n\
             Content-Length: 5\r\n\r\nhello"
        )?;
        Ok(true)
    })?;
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for option in [
        "--check-digest".to_owned(),
        format!("--check-digest={digest}"),
    ] {
        let output = bench.fetch(&[&option, &server.url("/")])?;
        succeeded(&output)?;
        ensure!(output.stdout == b"hello", "another body");
    }
    let other = format!("--check-digest={}", "00".repeat(32));
    let output = bench.fetch(&[&other, &server.url("/")])?;
    ensure!(output.code == Some(36), "{:?}", output.code);
    Ok(())
}

/// The SHA-256 of `hello`, base64.
const HELLO: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
