//! What a test case says.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// A chain, and what a validator should say of it. Fields that bear on nothing here are left out.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name in the collection.
    pub id: String,
    /// `SERVER` or `CLIENT`: whose chain it is.
    pub validation_kind: String,
    /// Roots, PEM.
    #[serde(default)]
    pub trusted_certs: Vec<String>,
    /// What the peer sends besides its certificate, PEM.
    #[serde(default)]
    pub untrusted_intermediates: Vec<String>,
    /// The peer's certificate, PEM.
    pub peer_certificate: String,
    /// The time of validation (RFC 3339); now, without.
    #[serde(default)]
    pub validation_time: Option<String>,
    /// Signature algorithms to which the validator is to be restricted.
    #[serde(default)]
    pub signature_algorithms: Vec<String>,
    /// Key usages that the peer's certificate must have.
    #[serde(default)]
    pub key_usage: Vec<String>,
    /// Purposes that the peer's certificate must have.
    #[serde(default)]
    pub extended_key_usage: Vec<String>,
    /// What the validator should say.
    pub expected_result: Expected,
    /// The name that the peer must have.
    #[serde(default)]
    pub expected_peer_name: Option<PeerName>,
    /// Most certificates between the peer's and the root.
    #[serde(default)]
    pub max_chain_depth: Option<usize>,
    /// Revocation lists, PEM.
    #[serde(default)]
    pub crls: Vec<String>,
}

/// What a validator should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Expected {
    /// The chain is good.
    Success,
    /// It is not.
    Failure,
}

/// A name of a peer.
#[derive(Clone, Debug, Deserialize)]
pub struct PeerName {
    /// `DNS`, `IP` or `RFC822`.
    pub kind: String,
    /// The name.
    pub value: String,
}

/// The cases in the file at `path`.
///
/// # Errors
/// The file cannot be read, or is not in version 1 of the format.
pub fn load(path: &Path) -> anyhow::Result<Vec<Case>> {
    #[derive(Deserialize)]
    struct Collection {
        version: u64,
        testcases: Vec<Case>,
    }
    let text = fs::read_to_string(path).context("the file cannot be read")?;
    let collection: Collection =
        serde_json::from_str(&text).context("the file is not an x509-limbo collection")?;
    ensure!(
        collection.version == 1,
        "version {} of the format is not known here",
        collection.version
    );
    Ok(collection.testcases)
}
