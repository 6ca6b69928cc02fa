//! Content codings: RFC 9110 section 8.4, RFC 1950 to 1952; attacks.md section 1, "H content".

#[cfg(feature = "br")]
mod brotli;
mod limits;
mod members;

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Agent, Call, Decode, Decoder, Outcome};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn bare(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that deflate cannot make much smaller, mixed with some that it can.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state & 0x1000_0000 == 0 {
            b'a'
        } else {
            (state >> 24) as u8
        }
    };
    (0..length).map(next).collect()
}

fn response(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Body and outcome of a response that arrives in pieces of `piece` bytes.
fn fetch(response: &[u8], piece: usize, limits: Decode) -> Result<(Vec<u8>, Outcome), Error> {
    let mut script = Script::new([Act::AwaitHeads(1), Act::Give(response.to_vec())]);
    script.piece = piece;
    let agent: Agent<_, _, Lock> =
        Agent::new(Connector::new([script]), FakeClock::default()).unwrap();
    let agent = agent.decode(Some(limits));
    run(async {
        let mut response = agent.send(Call::get("http://a/"), &0).await?;
        let body = response.read_to_end(1 << 26).await?;
        Ok((body, response.done().await))
    })
}

fn decode(coding: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
    fetch(&response(coding, body), usize::MAX, Decode::default()).map(|(body, _)| body)
}

/// Whole and in pieces, and the connection is good for more.
#[track_caller]
fn decodes(coding: &str, body: &[u8], plain: &[u8]) {
    for piece in [usize::MAX, 1000] {
        let (decoded, outcome) = fetch(&response(coding, body), piece, Decode::default()).unwrap();
        assert!(decoded == plain, "{coding} {} {piece}", plain.len());
        assert_eq!(outcome, Outcome::Pooled);
    }
}

fn kind(coding: &str, body: &[u8]) -> Kind {
    decode(coding, body).unwrap_err().kind
}

#[test]
fn codings() {
    for length in [0, 1, 100, 70_000, 300_000] {
        let plain = text(length);
        for (coding, body) in [
            ("gzip", gzip(&plain)),
            ("GZip", gzip(&plain)),
            ("x-gzip", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", bare(&plain)),
            ("identity", plain.clone()),
            ("identity, gzip", gzip(&plain)),
            (", gzip ,", gzip(&plain)),
            ("gzip, gzip", gzip(&gzip(&plain))),
            ("deflate, gzip", gzip(&zlib(&plain))),
            ("gzip\r\nContent-Encoding: deflate", zlib(&gzip(&plain))),
        ] {
            decodes(coding, &body, &plain);
        }
    }
}

#[test]
fn any_cut_gives_the_same() {
    let plain = text(3000);
    let member = [0x1f, 0x8b, 8, 4 + 8 + 16, 0, 0, 0, 0, 0, 255];
    let named = [
        &member[..],
        b"\x03\0abc",
        b"name\0",
        b"comment\0",
        &gzip(&plain)[10..],
    ]
    .concat();
    for (coding, body) in [
        ("gzip", named),
        (
            "gzip",
            [gzip(&plain[..999]), gzip(b""), gzip(&plain[999..])].concat(),
        ),
        ("deflate", zlib(&plain)),
        ("deflate", bare(&plain)),
    ] {
        let response = response(coding, &body);
        for piece in [1, 2, 3, 7, 13, 64] {
            assert!(
                fetch(&response, piece, Decode::default()).unwrap().0 == plain,
                "{coding} {piece}"
            );
        }
        let start = response.len() - body.len();
        for at in (start..response.len())
            .step_by(17)
            .chain(response.len() - 20..response.len())
        {
            let mut script = Script::new([Act::AwaitHeads(1)]);
            let (first, second) = response.split_at(at);
            script = script
                .and(Act::Give(first.to_vec()))
                .and(Act::Give(second.to_vec()));
            let agent: Agent<_, _, Lock> =
                Agent::new(Connector::new([script]), FakeClock::default()).unwrap();
            let agent = agent.decode(Some(Decode::default()));
            let body = run(async {
                let mut response = agent.send(Call::get("http://a/"), &0).await.unwrap();
                response.read_to_end(1 << 20).await.unwrap()
            });
            assert!(body == plain, "{coding} cut at {at}");
        }
    }
}

/// Many bytes of output may wait in the few bits that a decoder took last: they come out although no
/// more is received.
#[test]
fn what_waits_inside_comes_out() {
    for length in (32_768..32_768 + 2_000).step_by(37).chain([300_000]) {
        let plain = vec![b'a'; length];
        for body in [bare(&plain), zlib(&plain), gzip(&plain)] {
            let coding = if body[0] == 0x1f { "gzip" } else { "deflate" };
            assert!(decode(coding, &body).unwrap() == plain, "{coding} {length}");
            let twice = bare(&body);
            let coding = format!("{coding}, deflate");
            assert!(
                decode(&coding, &twice).unwrap() == plain,
                "{coding} {length}"
            );
        }
    }
}

#[test]
fn truncated_anywhere() {
    let plain = text(200);
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("deflate", zlib(&plain)),
        ("deflate", bare(&plain)),
    ] {
        for length in 1..body.len() {
            assert_eq!(
                kind(coding, &body[..length]),
                Kind::BodyTruncated,
                "{coding} {length}"
            );
        }
        // No byte at all is an empty body, which servers send with a coding.
        assert_eq!(decode(coding, b"").unwrap(), b"");
    }
}

#[test]
fn damaged_anywhere() {
    let plain = text(100);
    let body = gzip(&plain);
    // Not the padding of the last byte of deflate; nor the text flag, time, extra flags and system of the
    // header, which mean nothing here.
    for at in (0..3)
        .chain(10..body.len() - 9)
        .chain(body.len() - 8..body.len())
    {
        for bit in [1, 0x80] {
            let mut damaged = body.clone();
            damaged[at] ^= bit;
            assert!(decode("gzip", &damaged).is_err(), "{at} {bit}");
        }
    }
    let body = zlib(&plain);
    for at in 2..body.len() {
        let mut damaged = body.clone();
        damaged[at] ^= 1;
        assert!(decode("deflate", &damaged).is_err(), "{at}");
    }
}

#[test]
fn off_unless_asked_for() {
    let raw = gzip(b"hi");
    let connect = Connector::new([Script::new([
        Act::AwaitHeads(1),
        Act::Give(response("gzip", &raw)),
    ])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    run(async {
        let mut response = agent.send(Call::get("http://a/"), &0).await.unwrap();
        assert!(!response.is_decoded());
        assert_eq!(response.read_to_end(1000).await.unwrap(), raw);
    });
    assert!(!connect.log(0).text().contains("Accept-Encoding"));
}

#[test]
fn what_is_asked_for() {
    for (line, expected) in [
        ("X: y", Some(Decoder::ACCEPT)),
        ("accept-encoding: identity", None),
        // A part of a coded body cannot be decoded.
        ("Range: bytes=5-", None),
    ] {
        let connect = Connector::new([Script::answers(&["HTTP/1.1 204 x\r\n\r\n"])]);
        let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
        let agent = agent.decode(Some(Decode::default()));
        let call = Call::get("http://a/").lines(format!("{line}\r\n").as_bytes());
        run(async { agent.send(call, &0).await.unwrap().done().await });
        let text = connect.log(0).text();
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix("Accept-Encoding: "));
        assert_eq!(found, expected, "{text}");
    }
    let part = b"HTTP/1.1 206 x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(fetch(part, usize::MAX, Decode::default()).unwrap().0, b"hi");
}
