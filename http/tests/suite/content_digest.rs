//! Digests of bodies through the agent: RFC 9530, and a SHA-256 that the caller gives.

use std::io::Write;

use base64ct::{Base64, Encoding};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use wskhttp_core::io::Kind;
use wskhttp_http::{Agent, Call, Decode, Outcome, Policy};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run};

const BODY: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn field(name: &str, body: &[u8]) -> String {
    let mut room = [0; 44];
    let digits = Base64::encode(&sha256(body), &mut room).unwrap();
    format!("{name}: sha-256=:{digits}:\r\n")
}

/// What a response comes to that arrives in pieces and is read in pieces.
fn fetch(
    status: u16,
    lines: &str,
    body: &[u8],
    piece: usize,
    known: Option<[u8; 32]>,
    policy: Policy,
) -> Result<(Vec<u8>, Outcome), Kind> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{lines}Content-Length: {length}\r\n\r\n");
    let mut script = Script::new([
        Act::AwaitHeads(1),
        Act::Give([head.as_bytes(), body].concat()),
    ]);
    script.piece = piece;
    let agent: Agent<_, _, Lock> =
        Agent::new(Connector::new([script]), FakeClock::default()).unwrap();
    let call = Call::get("http://a/").sha256(known).policy(policy);
    run(async {
        let mut response = agent.send(call, &0).await.map_err(|error| error.kind)?;
        let mut got = Vec::new();
        loop {
            let data = response.data().await.map_err(|error| error.kind)?;
            // Not all of it, so that bytes come twice.
            let Some(first) = data.chunks(5).next() else {
                break;
            };
            got.extend_from_slice(first);
            let count = first.len();
            response.consume(count);
        }
        Ok((got, response.done().await))
    })
}

const VERIFY: Policy = Policy {
    digest: true,
    ..Policy::NONE
};

#[test]
fn what_the_server_says() {
    for name in ["Content-Digest", "Repr-Digest"] {
        for piece in [1, 3, 1000] {
            let good = field(name, BODY);
            let seen = fetch(200, &good, BODY, piece, None, VERIFY);
            assert_eq!(seen, Ok((BODY.to_vec(), Outcome::Pooled)), "{name} {piece}");
            let other = field(name, b"another");
            let seen = fetch(200, &other, BODY, piece, None, VERIFY);
            assert_eq!(seen, Err(Kind::DigestMismatch), "{name} {piece}");
            // Not looked at unless asked for.
            assert!(fetch(200, &other, BODY, piece, None, Policy::NONE).is_ok());
        }
    }
    assert!(fetch(200, "", BODY, 7, None, VERIFY).is_ok());
    assert!(fetch(204, "", b"", 7, None, VERIFY).is_ok());
}

/// RFC 9530: in a response to HEAD they are of what GET would bring; a 204 or 304 brings nothing.
#[test]
fn responses_without_a_body() {
    let lines = [
        field("Repr-Digest", BODY),
        field("Content-Digest", BODY),
        "Content-Encoding: zstd\r\n".to_owned(),
        "Content-Encoding: gzip\r\n".to_owned(),
    ];
    let policy = Policy {
        decode: Some(Decode::default()),
        ..VERIFY
    };
    for lines in lines {
        for (method, status) in [("HEAD", 200), ("HEAD", 206), ("GET", 204), ("GET", 304)] {
            let head = format!("HTTP/1.1 {status} x\r\n{lines}Content-Length: 36\r\n\r\n");
            let connect = Connector::new([Script::answers(&[&head])]);
            let agent: Agent<_, _, Lock> = Agent::new(connect, FakeClock::default()).unwrap();
            let call = Call::new(method, "http://a/")
                .sha256(Some([7; 32]))
                .policy(policy);
            run(async {
                let mut response = agent.send(call, &0).await.unwrap();
                assert!(!response.is_decoded());
                assert_eq!(
                    response.data().await,
                    Ok(&[][..]),
                    "{method} {status} {lines}"
                );
            });
        }
    }
}

#[test]
fn what_the_caller_knows() {
    for piece in [1, 3, 1000] {
        let seen = fetch(200, "", BODY, piece, Some(sha256(BODY)), Policy::NONE);
        assert_eq!(seen, Ok((BODY.to_vec(), Outcome::Pooled)), "{piece}");
        let seen = fetch(200, "", BODY, piece, Some([7; 32]), Policy::NONE);
        assert_eq!(seen, Err(Kind::DigestMismatch), "{piece}");
    }
    // Another response than the one that is known.
    assert!(fetch(404, "", b"no", 7, Some(sha256(BODY)), Policy::NONE).is_ok());
    // The two are at odds: known before the body.
    let other = field("Content-Digest", b"another");
    let seen = fetch(200, &other, BODY, 7, Some(sha256(BODY)), VERIFY);
    assert_eq!(seen, Err(Kind::DigestMismatch));
}

#[test]
fn digests_are_of_the_coded_body() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(BODY).unwrap();
    let coded = encoder.finish().unwrap();
    let policy = Policy {
        decode: Some(Decode::default()),
        ..VERIFY
    };
    for piece in [1, 3, 1000] {
        let gzip = "Content-Encoding: gzip\r\n";
        let lines = format!("{gzip}{}", field("Repr-Digest", &coded));
        let seen = fetch(200, &lines, &coded, piece, Some(sha256(&coded)), policy);
        assert_eq!(seen, Ok((BODY.to_vec(), Outcome::Pooled)), "{piece}");
        let lines = format!("{gzip}{}", field("Repr-Digest", BODY));
        let seen = fetch(200, &lines, &coded, piece, None, policy);
        assert_eq!(seen, Err(Kind::DigestMismatch), "{piece}");
    }
}
