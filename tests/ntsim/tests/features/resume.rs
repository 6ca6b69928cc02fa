//! The command gets what a cut download lacks, and nothing else.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use wskhttp_ntsim::{Driver, Sim, seed};

use crate::{Heads, command, pattern, serve, with_driver};

/// Serves `whole` as version "v1": from where Range says if If-Range says the same version, and only a
/// third of it to the first two requests.
fn cutting_server(whole: Vec<u8>) -> Heads {
    serve(80, move |head, number| {
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let from = field("Range: bytes=")
            .filter(|_| field("If-Range: ") == Some("\"v1\""))
            .and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
        let rest = &whole[from.unwrap_or(0)..];
        let (length, last) = (rest.len(), whole.len() - 1);
        let start = match from {
            None => "HTTP/1.1 200 x\r\n".to_owned(),
            Some(from) => format!(
                "HTTP/1.1 206 x\r\nContent-Range: bytes {from}-{last}/{}\r\n",
                whole.len()
            ),
        };
        let (cut, sent) = match number {
            0 | 1 => ("Cut: 1\r\n", length / 3),
            _ => ("", length),
        };
        let head = format!("{start}{cut}ETag: \"v1\"\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), &rest[..sent]].concat()
    })
}

/// Gets what `file` lacks, of the version that `tag` has, and keeps the version there.
fn resume(driver: &Driver, file: &Path, tag: &Path) -> u8 {
    let [file, tag] = [file, tag].map(|path| path.to_str().expect("a name"));
    let keep = ["--etag-save", tag, "--etag-compare", tag];
    let get = ["-C", "-", "-o", file, "http://localhost/"];
    command(driver, &[&keep[..], &get].concat())
}

fn resumed_in_three(driver: &Driver, length: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, tag) = (folder.path().join("file"), folder.path().join("tag"));
    let whole = pattern(length);
    let heads = cutting_server(whole.clone());
    let codes = [(); 3].map(|()| resume(driver, &file, &tag));
    assert_eq!(codes, [18, 18, 0]);
    let got = fs::read(&file).expect("a file");
    assert_eq!(Sha256::digest(&got), Sha256::digest(&whole));
    assert_eq!(heads.borrow().len(), 3);
}

#[test]
fn a_cut_download_is_resumed() {
    with_driver(|driver| resumed_in_three(driver, 1 << 20));
}

#[test]
fn a_cut_download_of_100_mib_is_resumed() {
    Sim::new(seed()).run(|| {
        let driver = Driver::load().expect("loaded");
        resumed_in_three(&driver, 100 << 20);
        driver.remove();
    });
}

/// Whatever a server calls the rest: what is there stays as it is unless that is so.
#[test]
fn what_is_not_the_rest_is_not_appended() {
    with_driver(|driver| {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, tag) = (folder.path().join("file"), folder.path().join("tag"));
        for (fields, code) in [
            ("ETag: \"v1\"\r\nContent-Range: bytes 5-9/10\r\n", 0),
            ("ETag: \"v2\"\r\nContent-Range: bytes 5-9/10\r\n", 33),
            ("ETag: W/\"v1\"\r\nContent-Range: bytes 5-9/10\r\n", 33),
            ("Content-Range: bytes 5-9/10\r\n", 33),
            ("ETag: \"v1\"\r\nContent-Range: bytes 4-8/9\r\n", 33),
            ("ETag: \"v1\"\r\nContent-Range: bytes 5-8/9\r\n", 33),
            ("ETag: \"v1\"\r\nContent-Range: bytes 5-9/1000\r\n", 33),
        ] {
            fs::write(&file, "first").expect("written");
            fs::write(&tag, "\"v1\"\n").expect("written");
            let _heads = serve(80, move |_, _| {
                let head = format!("HTTP/1.1 206 x\r\n{fields}Content-Length: 5\r\n\r\n");
                [head.as_bytes(), b" rest"].concat()
            });
            assert_eq!(resume(driver, &file, &tag), code, "{fields}");
            let expected = if code == 33 { "first" } else { "first rest" };
            assert_eq!(
                fs::read_to_string(&file).expect("a file"),
                expected,
                "{fields}"
            );
            assert_eq!(
                fs::read_to_string(&tag).expect("a file"),
                "\"v1\"\n",
                "{fields}"
            );
        }
    });
}
