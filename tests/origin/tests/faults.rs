//! The broken answers, the broken certificates, and what the log says of them.

mod client;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use client::Client;
use wskhttp_origin::{
    Ca, End, KeyKind, LeafFault, LeafOptions, MALFORMED, Options, Origin, Versions,
};

fn start(options: Options) -> Origin {
    Origin::start(options).unwrap()
}

#[test]
fn resets_and_cuts_reach_the_client_as_such() {
    let origin = start(Options::default());
    for phase in ["early", "head", "body", "chunk", "close"] {
        let cases = [
            (format!("/reset/{phase}"), Some(ErrorKind::ConnectionReset)),
            (format!("/truncate/{phase}"), Some(ErrorKind::UnexpectedEof)),
            (format!("/truncate/{phase}/notify"), None),
        ];
        for (path, end) in cases {
            let mut client = Client::connect(&origin).unwrap();
            client.write(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            let (bytes, error) = client.read_to_end();
            assert_eq!(error.map(|e| e.kind()), end, "{path}");
            assert_eq!(bytes.is_empty(), phase == "early", "{path}");
            if matches!(phase, "body" | "chunk" | "close") {
                assert!(bytes.len() > 1000, "{path}: {}", bytes.len());
            }
        }
    }
}

#[test]
fn garbage_and_malformed_answers_are_sent_as_they_are() {
    let origin = start(Options::default());
    let paths = MALFORMED.iter().map(|kind| format!("/malformed/{kind}"));
    for path in paths.chain(["/garbage".into(), "/garbage/random".into()]) {
        let mut client = Client::connect(&origin).unwrap();
        client.write(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let (bytes, error) = client.read_to_end();
        assert!(error.is_none(), "{path}: {error:?}");
        assert!(bytes.len() > 10, "{path}");
        assert_eq!(bytes.starts_with(b"HTTP/1.1 200"), path.starts_with("/mal"));
    }
}

#[test]
fn stalls_last_until_the_client_goes() {
    let origin = start(Options::default());
    for phase in ["head", "body"] {
        let mut client = Client::connect(&origin).unwrap();
        client.write(&format!(
            "GET /stall/{phase}?tag={phase} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ));
        if phase == "body" {
            assert_eq!(client.read_head().unwrap().status, 200);
        }
        client::seen(&origin, phase);
        assert_eq!(origin.log().tagged(phase).next().unwrap().end, None);
        drop(client);
        // Reset, if the client left the session tickets unread.
        assert!(matches!(
            client::ended(&origin, phase),
            End::Fin | End::Reset
        ));
    }
}

#[test]
fn a_stalled_upload_waits_for_its_release() {
    let origin = start(Options::default());
    let mut client = Client::connect(&origin).unwrap();
    client.write("POST /stall/upload?tag=up HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    client::seen(&origin, "up");
    origin.release();
    assert!(
        client
            .read_answer()
            .unwrap()
            .text()
            .contains("\"length\":3")
    );
}

#[test]
fn the_silent_port_says_nothing_and_sees_the_end() {
    let origin = start(Options::default());
    let mut tcp = TcpStream::connect(("127.0.0.1", origin.silent_port())).unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    tcp.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).unwrap();
    assert!(bytes.is_empty());
    client::until(|| origin.log().connections[0].end == Some(End::Fin));
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_to_the_full_port_stays_pending() {
    let origin = start(Options::default());
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], origin.full_port()));
    for _ in 0..3 {
        let error = TcpStream::connect_timeout(&address, Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    drop(origin);
    let error = TcpStream::connect_timeout(&address, client::PATIENCE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn certificates_have_the_fault_that_was_asked_for() {
    for (fault, words) in [
        (LeafFault::Expired, "Expired"),
        (LeafFault::NotYetValid, "NotValidYet"),
        (LeafFault::WrongName, "NotValidForName"),
        (LeafFault::UntrustedCa, "UnknownIssuer"),
    ] {
        let origin = start(Options {
            fault: Some(fault),
            ..Options::default()
        });
        let error = Client::connect(&origin).err().unwrap().to_string();
        let debug = format!("{:?}", Client::connect(&origin).err().unwrap());
        assert!(debug.contains(words), "{fault:?}: {error} {debug}");
        client::until(|| {
            origin
                .log()
                .connections
                .iter()
                .all(|c| c.end == Some(End::Handshake))
        });
    }
}

#[test]
fn keys_and_versions_are_those_asked_for() {
    for (versions, number) in [(Versions::Tls12, 0x0303), (Versions::Tls13, 0x0304)] {
        let origin = start(Options {
            key: KeyKind::Rsa2048,
            versions,
            ..Options::default()
        });
        let answer = client::get(&origin, "/?tag=rsa").unwrap();
        assert!(answer.text().starts_with("Hello"));
        assert_eq!(origin.log().tagged("rsa").next().unwrap().tls, number);
    }
}

#[test]
fn an_authority_signs_for_other_servers() {
    let ca = Ca::new().unwrap();
    let leaf = ca.leaf(&LeafOptions::default()).unwrap();
    assert!(leaf.certificate_pem.starts_with("-----BEGIN CERTIFICATE"));
    assert!(leaf.key_pem.starts_with("-----BEGIN PRIVATE KEY"));
    assert!(ca.pem().starts_with("-----BEGIN CERTIFICATE"));
}
