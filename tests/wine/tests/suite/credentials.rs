//! Who the caller is: credentials that a server asks for, and cookies.

use std::fs;
use std::io::Write;

use anyhow::ensure;
use libtest_mimic::Trial;

use crate::bench::{Bench, succeeded, trial};
use crate::canned::Canned;
use crate::features::ok;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("credentials::digest", digest),
        trial("credentials::cookies", cookies),
    ]
}

fn digest(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|head, _, stream| {
        if head.contains("Authorization: Digest username=\"u\"") {
            write!(stream, "{}", ok("in"))?;
        } else {
            write!(
                stream,
                "HTTP/1.1 401 x\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", \
                 algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n"
            )?;
        }
        Ok(true)
    })?;
    let output = bench.fetch(&["--digest", "-u", "u:p", &server.url("/")])?;
    succeeded(&output)?;
    ensure!(output.stdout == b"in", "another body");
    Ok(())
}

/// -c and -b: from one run of the command to the next.
fn cookies(bench: &Bench) -> anyhow::Result<()> {
    let server = Canned::start(|head, _, stream| {
        let set = match head.starts_with("GET /in ") {
            true => "Set-Cookie: sid=s3cret; Path=/; Max-Age=1000\r\n",
            false => "",
        };
        write!(stream, "HTTP/1.1 200 OK\r\n{set}Content-Length: 0\r\n\r\n")?;
        Ok(true)
    })?;
    let file = bench.file("cookies");
    let name = file.display().to_string();
    succeeded(&bench.fetch(&["-c", &name, &server.url("/in"), &server.url("/more")])?)?;
    let kept = fs::read_to_string(&file)?;
    ensure!(kept.contains("\tsid\ts3cret\n"), "{kept}");
    succeeded(&bench.fetch(&["-b", &name, &server.url("/again")])?)?;
    succeeded(&bench.fetch(&[&server.url("/without")])?)?;
    fs::remove_file(&file)?;
    let has: Vec<bool> = server
        .heads()
        .iter()
        .map(|head| head.contains("Cookie: sid=s3cret\r\n"))
        .collect();
    ensure!(has == [false, true, true, false], "{:?}", server.heads());
    Ok(())
}
