//! Versions and suites of the past.

use std::io::{self, Read, Write};

use wskhttp_client::{Kind, TlsOptions};
use wskhttp_ntsim::Stream;

use super::ask;
use crate::support::tls::root;

/// A server that speaks one version with one suite.
#[derive(Clone, Copy)]
struct Old {
    version: u16,
    suite: u16,
}

impl Old {
    /// Answers a ClientHello. If the client has not offered what the server speaks, it is told so; a
    /// stubborn server speaks it in any case.
    fn answer(self, mut stream: Stream, stubborn: bool) -> io::Result<()> {
        let mut header = [0; 5];
        stream.read_exact(&mut header)?;
        let mut hello = vec![0; word(&header[3..])];
        stream.read_exact(&mut hello)?;
        let (versions, suites) = offered(&hello);
        let refused = if !versions.contains(&self.version) {
            Some(PROTOCOL_VERSION)
        } else if !suites.contains(&self.suite) {
            Some(HANDSHAKE_FAILURE)
        } else {
            None
        };
        if let Some(alert) = refused.filter(|_| !stubborn) {
            stream.write_all(&[21, 3, 3, 0, 2, 2, alert])?;
        } else {
            let (version, suite) = (self.version.to_be_bytes(), self.suite.to_be_bytes());
            let hello = [&[2, 0, 0, 38][..], &version, &[7; 32], &[0], &suite, &[0]].concat();
            stream.write_all(&[&[22][..], &version, &[0, 42], &hello].concat())?;
        }
        while stream.read(&mut header)? > 0 {}
        Ok(())
    }
}

fn word(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn words(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// The versions and suites of a ClientHello (RFC 8446 section 4.1.2).
fn offered(hello: &[u8]) -> (Vec<u16>, Vec<u16>) {
    const SESSION: usize = 4 + 2 + 32;
    const SUPPORTED_VERSIONS: usize = 43;
    let rest = &hello[SESSION + 1 + usize::from(hello[SESSION])..];
    let (suites, rest) = rest[2..].split_at(word(rest));
    let mut extensions = &rest[1 + usize::from(rest[0]) + 2..];
    let mut versions = Vec::new();
    while !extensions.is_empty() {
        let (content, after) = extensions[4..].split_at(word(&extensions[2..]));
        if word(extensions) == SUPPORTED_VERSIONS {
            versions = words(&content[1..]);
        }
        extensions = after;
    }
    (versions, words(suites))
}

/// Both kinds of servers with each of `suites`.
fn refused(version: u16, suites: &[u16]) {
    for &suite in suites {
        for stubborn in [false, true] {
            let expected = match (version, stubborn) {
                (TLS12, false) => (
                    Kind::TlsAlert,
                    "the server accepts none of the offered TLS parameters (alert handshake_failure)",
                ),
                (TLS12, true) => (
                    Kind::TlsMisbehaved,
                    "the server chose a cipher suite or version that was not offered",
                ),
                _ => (Kind::TlsVersion, "the server does not speak TLS 1.2 or 1.3"),
            };
            let server = move |stream| {
                // Errors are the client's doing.
                let _ = Old { version, suite }.answer(stream, stubborn);
            };
            ask(server, root(), TlsOptions::new(), Err(expected));
        }
    }
}

#[test]
fn tls_1_0() {
    // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA.
    refused(0x0301, &[0xC013]);
}

#[test]
fn tls_1_1() {
    refused(0x0302, &[0xC013]);
}

#[test]
fn rc4() {
    // TLS_RSA_WITH_RC4_128_MD5, TLS_RSA_WITH_RC4_128_SHA, TLS_ECDHE_ECDSA_ and _RSA_WITH_RC4_128_SHA.
    refused(TLS12, &[0x0004, 0x0005, 0xC007, 0xC011]);
}

#[test]
fn null_cipher() {
    // TLS_RSA_WITH_NULL_SHA, _SHA256, TLS_ECDHE_RSA_WITH_NULL_SHA; that of RFC 9150 for TLS 1.3.
    refused(TLS12, &[0x0002, 0x003B, 0xC010, 0xC0B4]);
}

#[test]
fn static_rsa() {
    // TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA.
    refused(TLS12, &[0x009C, 0x002F]);
}

/// Diffie-Hellman over integers is refused for what it is, so that a server's small group is never seen.
#[test]
fn dh_small() {
    // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA.
    refused(TLS12, &[0x009E, 0x0014]);
}

/// A server that is not refused gets as far as its hello.
#[test]
fn what_is_offered() {
    let hello = [
        &[1, 0, 0, 0, 3, 3][..],
        &[0; 32],
        &[1, 9],
        &[0, 4, 0x13, 1, 0xC0, 0x2B],
        &[1, 0],
        &[0, 15, 0, 1, 0, 2, 9, 9, 0, 43, 0, 5, 4, 3, 4, 3, 3],
    ];
    assert_eq!(
        offered(&hello.concat()),
        (vec![0x0304, 0x0303], vec![0x1301, 0xC02B])
    );
}

const TLS12: u16 = 0x0303;
const PROTOCOL_VERSION: u8 = 70;
const HANDSHAKE_FAILURE: u8 = 40;
