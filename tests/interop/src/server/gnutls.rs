//! `gnutls-serv`, whose output tells of its connections.

use crate::papers::Papers;
use crate::{Group, Leaf, Resume, Row, Version};

use super::{Told, between, path};

pub(super) fn arguments(papers: &Papers, row: Row, port: u16) -> Vec<String> {
    let (certificate, key) = papers.server(row.leaf);
    let mut words: Vec<String> = vec!["--http".into(), format!("--port={port}")];
    words.push(format!("--x509certfile={}", path(&certificate)));
    words.push(format!("--x509keyfile={}", path(&key)));
    words.push(format!("--x509cafile={}", path(&papers.ca())));
    words.push(format!("--priority={}", priority(row)));
    if row.resume == Resume::Id {
        words.push("--noticket".into());
    }
    words.extend(if row.mutual {
        vec![
            "--require-client-cert".into(),
            "--verify-client-cert".into(),
        ]
    } else {
        vec!["--disable-client-cert".into()]
    });
    words
}

fn priority(row: Row) -> String {
    let exchange = match (row.suite.version(), row.leaf) {
        (Version::Tls13, _) => "+VERS-TLS1.3",
        (_, Leaf::Rsa2048) => "+VERS-TLS1.2:+ECDHE-RSA",
        _ => "+VERS-TLS1.2:+ECDHE-ECDSA",
    };
    let group = match row.group {
        Group::X25519 => "X25519",
        Group::P256 => "SECP256R1",
        Group::P384 => "SECP384R1",
    };
    let cipher = row.suite.gnutls();
    format!("NONE:+AEAD:+SIGN-ALL:+COMP-NULL:+CTYPE-X.509:{exchange}:+{cipher}:+GROUP-{group}")
}

/// `- Description: ...` begins what it says of a connection; that it is resumed comes before.
pub(super) fn told(output: &str) -> Vec<Told> {
    let parts: Vec<&str> = output.split("- Description:").collect();
    let pairs = parts.windows(2).filter_map(|pair| match pair {
        [before, part] if part.contains("- Options:") => Some((*before, *part)),
        _ => None,
    });
    pairs
        .map(|(before, part)| {
            // That before the first is what came before it, that before others is their neighbour's.
            let since = before.rsplit("- Options:").next().unwrap_or(before);
            let certificate = format!("{since}{part}");
            Told {
                version: between(part, "- Version:", "\n").map(Into::into),
                suite: between(part, "- Cipher:", "\n").map(Into::into),
                group: between(part, "Using curve:", "\n").map(Into::into),
                resumed: Some(since.contains("This is a resumed session")),
                mutual: Some(certificate.contains("CN=client-")),
            }
        })
        .collect()
}
