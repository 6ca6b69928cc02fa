//! `openssl s_server -www`, whose page tells of the connection.

use crate::papers::Papers;
use crate::{Group, Resume, Row, Version};

use super::{Told, between, path};

pub(super) fn arguments(papers: &Papers, row: Row, port: u16) -> Vec<String> {
    let (certificate, key) = papers.server(row.leaf);
    let mut words: Vec<String> = ["s_server", "-www", "-quiet", "-accept"]
        .map(Into::into)
        .into();
    words.push(format!("127.0.0.1:{port}"));
    words.extend([
        "-cert".into(),
        path(&certificate),
        "-key".into(),
        path(&key),
    ]);
    words.extend(match row.suite.version() {
        Version::Tls12 => ["-tls1_2".into(), "-cipher".into()],
        Version::Tls13 => ["-tls1_3".into(), "-ciphersuites".into()],
    });
    words.push(row.suite.openssl().into());
    let group = match row.group {
        Group::X25519 => "X25519",
        Group::P256 => "P-256",
        Group::P384 => "P-384",
    };
    words.extend(["-groups".into(), group.into()]);
    if row.resume == Resume::Id {
        words.push("-no_ticket".into());
    }
    if row.mutual {
        words.extend(["-Verify", "1", "-verify_return_error", "-CAfile"].map(Into::into));
        words.push(path(&papers.ca()));
    }
    words
}

pub(super) fn told(page: &str) -> Told {
    let suite = |how| between(page, &format!("{how}, TLS"), "\n");
    let line = suite("Reused").or_else(|| suite("New"));
    Told {
        version: between(page, "Protocol  : ", "\n").map(Into::into),
        suite: line
            .and_then(|line| line.split_once("Cipher is "))
            .map(|(_, name)| name.into()),
        group: between(page, "Shared groups: ", "\n").map(Into::into),
        resumed: Some(suite("Reused").is_some()),
        mutual: Some(
            page.contains("Subject: CN=client-") || page.contains("Subject: CN = client-"),
        ),
    }
}
