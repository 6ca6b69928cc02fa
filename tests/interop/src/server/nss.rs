//! `selfserv` of NSS, whose output tells of its connections.

use crate::papers::Papers;
use crate::{Group, Leaf, Resume, Row, Version};

use super::{Told, path};

pub(super) fn arguments(papers: &Papers, row: Row, port: u16) -> Vec<String> {
    let group = match row.group {
        Group::X25519 => "x25519",
        Group::P256 => "P256",
        Group::P384 => "P384",
    };
    // A server of NSS is one of RSA; a certificate with another key comes besides.
    let nickname = match row.leaf {
        Leaf::Rsa2048 => "-n",
        _ => "-e",
    };
    let version = match row.suite.version() {
        Version::Tls12 => "tls1.2:tls1.2",
        Version::Tls13 => "tls1.3:tls1.3",
    };
    let mut words: Vec<String> = ["-v", "-d"].map(Into::into).into();
    words.push(format!("sql:{}", path(&papers.nss())));
    words.extend([nickname.into(), row.leaf.name().into()]);
    words.extend(["-p".into(), port.to_string()]);
    words.extend(["-V".into(), version.into(), "-I".into(), group.into()]);
    words.extend(["-c".into(), format!(":{:04X}", row.suite.0)]);
    if row.resume == Resume::Ticket {
        words.push("-u".into());
    }
    if row.mutual {
        words.push("-rr".into());
    }
    words
}

/// For each connection a line with the version and one with the hits so far, in either order.
pub(super) fn told(output: &str) -> Vec<Told> {
    let lines = || {
        output
            .lines()
            .filter_map(|line| line.strip_prefix("selfserv: "))
    };
    let versions = lines().filter_map(|line| line.strip_prefix("SSL version "));
    let hits = lines().filter_map(|line| line.split_once(" cache hits")?.0.parse::<u32>().ok());
    let mutual = output.contains("Subject: CN=client-");
    let mut before = 0;
    versions
        .zip(hits)
        .map(|(version, hits)| {
            let resumed = hits > before;
            before = hits;
            Told {
                version: version.split_whitespace().next().map(Into::into),
                resumed: Some(resumed),
                mutual: Some(mutual),
                ..Told::default()
            }
        })
        .collect()
}
