//! Names of servers.

use rcgen::SanType;
use wskhttp_core::io::Kind;
use wskhttp_tls::{Roots, TlsConfig};

use crate::support::HOST;
use crate::support::certificates::params;
use crate::support::platform::{NOW, PLATFORM};

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
        config.verify_chain(&leaf.chain[0], &[], Some(host), NOW)
    };
    for (name, host) in [
        ("example.test", "example.test"),
        ("example.test", "EXAMPLE.test"),
        ("Example.TEST", "example.test"),
        ("example.test", "example.test."),
        ("*.example.test", "a.example.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
    ] {
        judge(&["other.test", name], host).unwrap_or_else(|e| panic!("{name} {host}: {e}"));
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
