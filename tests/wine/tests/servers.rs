//! The servers, tried with the host's curl: what it gets, the driver has to get too.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use authority::Authority;
use tempfile::TempDir;
use wskhttp_origin::KeyKind;
use wskhttp_wine_suite::servers::{Nginx, SServer, Tls, free_port};

#[path = "suite/authority.rs"]
mod authority;

fn authority() -> (TempDir, Authority) {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path()).unwrap();
    (directory, authority)
}

fn curl(authority: &Authority, arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--cacert"])
        .arg(authority.certificate())
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn nginx_serves_by_name_and_by_address() {
    let (_directory, authority) = authority();
    for (key, tls, text) in [
        (KeyKind::EcdsaP256, Tls::V1_3, "TLSv1.3"),
        (KeyKind::Rsa2048, Tls::V1_2, "TLSv1.2"),
    ] {
        let nginx = Nginx::start(authority.leaf(key), tls).unwrap();
        fs::write(nginx.file("hello"), "served").unwrap();
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{}/hello", nginx.port());
            let output = curl(&authority, &["-4", &url, &url]);
            assert_eq!(output.stdout, b"servedserved", "{output:?}");
        }
        let requests = nginx.requests(4).unwrap();
        assert_eq!(requests.len(), 4);
        assert_eq!(requests[0].connection, requests[1].connection);
        assert_ne!(requests[1].connection, requests[2].connection);
        assert_eq!(requests[0].tls, text);
        assert_eq!(requests[0].line, "GET /hello HTTP/1.1");
    }
}

#[test]
fn nginx_stores() {
    let (_directory, authority) = authority();
    let nginx = Nginx::start(authority.leaf(KeyKind::EcdsaP256), Tls::V1_3).unwrap();
    let source = nginx.file("source");
    fs::write(&source, vec![7; 3 << 20]).unwrap();
    let url = format!("https://127.0.0.1:{}/up/there", nginx.port());
    let chunked = ["-H", "Transfer-Encoding: chunked"];
    for more in [[].as_slice(), &chunked] {
        let mut arguments = vec!["-T", source.to_str().unwrap(), &url];
        arguments.extend(more);
        let output = curl(&authority, &arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(nginx.file("up/there")).unwrap(), vec![7; 3 << 20]);
        fs::remove_file(nginx.file("up/there")).unwrap();
    }
    let requests = nginx.requests(2).unwrap();
    assert_eq!(requests.len(), 2);
    let all = requests
        .iter()
        .all(|r| r.status == 201 && r.received > 3 << 20);
    assert!(
        all && !requests[0].chunked && requests[1].chunked,
        "{requests:?}"
    );
}

#[test]
fn s_server_serves() {
    let (_directory, authority) = authority();
    for (key, tls) in [
        (KeyKind::Rsa2048, Tls::V1_3),
        (KeyKind::EcdsaP256, Tls::V1_2),
    ] {
        let server = SServer::start(authority.leaf(key), tls).unwrap();
        fs::write(server.file("hello"), "served").unwrap();
        let url = format!("https://localhost:{}/hello", server.port());
        let output = curl(&authority, &["-4", &url]);
        assert_eq!(output.stdout, b"served", "{output:?}");
    }
}

#[test]
fn tls_1_1_is_that_alone() {
    let (_directory, authority) = authority();
    let server = SServer::start(authority.leaf(KeyKind::Rsa2048), Tls::V1_1).unwrap();
    fs::write(server.file("hello"), "served").unwrap();
    let url = format!("https://127.0.0.1:{}/hello", server.port());
    assert_eq!(curl(&authority, &[&url]).status.code(), Some(35));
    let old = ["--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0", &url];
    let output = curl(&authority, &[&["--tlsv1.1"], old.as_slice()].concat());
    assert_eq!(output.stdout, b"served", "{output:?}");
}

#[test]
fn servers_end_with_their_values() {
    let (_directory, authority) = authority();
    let nginx = Nginx::start(authority.leaf(KeyKind::EcdsaP256), Tls::V1_3).unwrap();
    let (port, file) = (nginx.port(), nginx.file("x"));
    drop(nginx);
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(curl(&authority, &[&url]).status.code(), Some(7));
    assert!(!file.parent().is_some_and(Path::exists));
    assert!(free_port().unwrap() > 0);
}
