//! Certificates and keys, made by OpenSSL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::Leaf;

/// An authority, and of each kind of key a server's certificate and a client's, all PEM files.
#[derive(Debug)]
pub struct Papers(TempDir);

impl Papers {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("wskhttp-papers-")
            .tempdir()?;
        fs::write(directory.path().join("server.ext"), SERVER)?;
        fs::write(directory.path().join("client.ext"), CLIENT)?;
        shell(directory.path(), SCRIPT)?;
        Ok(Self(directory))
    }

    /// The authority's certificate.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// A server's certificate and its key.
    pub(crate) fn server(&self, leaf: Leaf) -> (PathBuf, PathBuf) {
        self.pair("server", leaf)
    }

    /// A client's certificate and its key.
    pub(crate) fn client(&self, leaf: Leaf) -> (PathBuf, PathBuf) {
        self.pair("client", leaf)
    }

    /// A database of NSS's with all of it.
    pub(crate) fn nss(&self) -> PathBuf {
        self.0.path().join("nss")
    }

    /// Fills [`Papers::nss`].
    pub(crate) fn make_nss(&self) -> anyhow::Result<()> {
        shell(self.0.path(), NSS)
    }

    /// Where they all are.
    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    fn pair(&self, role: &str, leaf: Leaf) -> (PathBuf, PathBuf) {
        let file = |kind| self.0.path().join(format!("{role}-{}.{kind}", leaf.name()));
        (file("pem"), file("key"))
    }
}

/// Runs a script there.
pub(crate) fn shell(directory: &Path, script: &str) -> anyhow::Result<()> {
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .context("sh cannot be run")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {text}");
    Ok(())
}

const SERVER: &str = "\
subjectAltName=DNS:localhost,IP:127.0.0.1
keyUsage=digitalSignature
extendedKeyUsage=serverAuth
";

const CLIENT: &str = "keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n";

const SCRIPT: &str = r"
p256='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
p384='-newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes'
rsa2048='-newkey rsa:2048 -nodes'
ed25519='-newkey ed25519 -nodes'
openssl req -x509 $p256 -keyout ca.key -out ca.pem -subj '/CN=authority' -days 30 \
  -addext keyUsage=critical,keyCertSign,cRLSign
serial=2
for kind in rsa2048 p256 p384 ed25519; do
  eval key=\$$kind
  for role in server client; do
    name=$role-$kind
    openssl req $key -keyout $name.key -out $name.csr -subj /CN=$name
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -set_serial $serial -days 30 \
      -extfile $role.ext -out $name.pem
    serial=$((serial+1))
  done
done
";

const NSS: &str = r"
mkdir nss
certutil -N -d sql:nss --empty-password
certutil -A -d sql:nss -n authority -t CT,C,C -i ca.pem
for kind in rsa2048 p256 p384; do
  openssl pkcs12 -export -in server-$kind.pem -inkey server-$kind.key -name $kind -passout pass: \
    -out $kind.p12
  pk12util -i $kind.p12 -d sql:nss -W ''
done
";
