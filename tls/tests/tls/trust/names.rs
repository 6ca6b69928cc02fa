//! Names of servers, in a handshake: which certificates they take, and what the server is told.

use rcgen::SanType;
use wskhttp_core::io::{Error, Kind};
use wskhttp_tls::{MaybeTls, Roots, TlsConfig};

use crate::support::certificates::params;
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

use super::{leaf, root};

#[test]
fn names() {
    let root = root();
    let config = TlsConfig::new(&PLATFORM, Roots::Only(&root.der)).expect("a configuration");
    let judge = |names: &[&str], host: &str| {
        let mut params = params(HOST);
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().expect("ASCII")),
            })
            .collect();
        let leaf = leaf(params, &root, &[]);
        let wire = Wire::new(Echo::new(leaf.any_server()));
        let connection = run(connect(wire, &config, target(host))).0?;
        let MaybeTls::Tls(mut tls) = connection else {
            panic!("no TLS")
        };
        let told = tls.inner_mut().peer.tls.server_name();
        Ok::<_, Error>(told.map(str::to_owned))
    };
    for (name, host, told) in [
        ("example.test", "example.test", Some("example.test")),
        ("example.test", "EXAMPLE.test", Some("example.test")),
        ("Example.TEST", "example.test", Some("example.test")),
        ("example.test", "example.test.", Some("example.test")),
        ("example.test", "Example.Test.", Some("example.test")),
        ("*.example.test", "a.example.test", Some("a.example.test")),
        ("*.Example.test", "A.example.test.", Some("a.example.test")),
        (
            "xn--bcher-kva.test",
            "xn--bcher-kva.test",
            Some("xn--bcher-kva.test"),
        ),
        (
            "XN--bcher-KVA.test",
            "xn--BCHER-kva.test",
            Some("xn--bcher-kva.test"),
        ),
        // RFC 6066 section 3: no address is told.
        ("127.0.0.1", "127.0.0.1", None),
        ("::1", "::1", None),
        ("2001:db8::1", "2001:DB8:0:0:0:0:0:1", None),
    ] {
        let done = judge(&["other.test", name], host);
        let done = done.unwrap_or_else(|e| panic!("{name} {host}: {e}"));
        assert_eq!(done.as_deref(), told, "{name} {host}");
    }
    for (name, host) in [
        ("example.test", "example.test.evil"),
        ("example.test", "a.example.test"),
        ("*.example.test", "example.test"),
        ("*.example.test", "a.b.example.test"),
        ("a*.example.test", "ab.example.test"),
        ("*.test", "example.test"),
        ("*", "test"),
        ("a.*.test", "a.b.test"),
        ("127.0.0.1", "127.0.0.2"),
        ("::1", "::2"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ] {
        let error = judge(&["other.test", name], host).expect_err(name);
        assert!(
            matches!(error.kind, Kind::NameMismatch | Kind::CertificateInvalid),
            "{name} {host}: {error}"
        );
    }
    for host in [
        "b\u{fc}cher.test",
        "example..test",
        "127.0.0.1.",
        "1.2.3",
        "",
    ] {
        let error = judge(&["example.test"], host).expect_err(host);
        assert_eq!(error.kind, Kind::InvalidUrl, "{host}");
    }
}
