//! A certification authority that is made at run time, by the openssl command.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// Kind of a leaf's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA with 2048 bits.
    Rsa,
}

/// A certificate of a server and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A root certificate with its key, in a directory that goes with it.
#[derive(Debug)]
pub struct Authority {
    directory: TempDir,
    ecdsa: Leaf,
    rsa: Leaf,
}

impl Authority {
    /// Makes a root, and a leaf of each kind of key for `localhost` and 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The openssl command is not there or fails.
    pub fn new() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("wskhttp-ca-").tempdir()?;
        let path = directory.path();
        certificate(path, "ca", ECDSA, ROOT)?;
        let (ecdsa, rsa) = (leaf(path, "ecdsa", ECDSA)?, leaf(path, "rsa", RSA)?);
        Ok(Self {
            directory,
            ecdsa,
            rsa,
        })
    }

    /// The root's certificate, a PEM file.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The leaf with this kind of key.
    #[must_use]
    pub fn leaf(&self, key: Key) -> &Leaf {
        match key {
            Key::Ecdsa => &self.ecdsa,
            Key::Rsa => &self.rsa,
        }
    }
}

fn leaf(directory: &Path, name: &str, key: &[&str]) -> anyhow::Result<Leaf> {
    let mut extensions = vec!["-CA", "ca.pem", "-CAkey", "ca.key"];
    extensions.extend(LEAF);
    certificate(directory, name, key, &extensions)?;
    Ok(Leaf {
        certificate: directory.join(format!("{name}.pem")),
        key: directory.join(format!("{name}.key")),
    })
}

fn certificate(directory: &Path, name: &str, key: &[&str], rest: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "2", "-subj"])
        .arg(format!("/CN=wskhttp test {name}"))
        .args(["-keyout", &format!("{name}.key")])
        .args(["-out", &format!("{name}.pem")])
        .args(key)
        .args(rest)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .context("openssl cannot be run")?;
    if !output.status.success() {
        bail!("openssl req: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

const ECDSA: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const ROOT: &[&str] = &["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
const LEAF: &[&str] = &[
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-addext",
    "keyUsage=critical,digitalSignature,keyEncipherment",
    "-addext",
    "extendedKeyUsage=serverAuth",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
];
