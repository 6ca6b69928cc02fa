//! Certificates for the servers that are not ours.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wskhttp_origin::{Ca, KeyKind, LeafOptions};
use wskhttp_wine_suite::servers::Leaf;

/// An authority with a leaf of each kind of key, in files for servers that are not ours.
pub(crate) struct Authority {
    certificate: PathBuf,
    ecdsa: Leaf,
    rsa: Leaf,
}

impl Authority {
    /// Makes one in a directory.
    pub(crate) fn new(directory: &Path) -> anyhow::Result<Self> {
        let ca = Ca::new()?;
        let certificate = directory.join("authority.pem");
        ca.write(&certificate)?;
        let leaf = |key, name: &str| {
            let leaf = ca.leaf(&LeafOptions { key, fault: None })?;
            let files = Leaf {
                certificate: directory.join(format!("{name}.pem")),
                key: directory.join(format!("{name}.key")),
            };
            fs::write(&files.certificate, leaf.certificate_pem)?;
            fs::write(&files.key, leaf.key_pem)?;
            anyhow::Ok(files)
        };
        Ok(Self {
            ecdsa: leaf(KeyKind::EcdsaP256, "ecdsa")?,
            rsa: leaf(KeyKind::Rsa2048, "rsa")?,
            certificate,
        })
    }

    /// The root's certificate, a PEM file.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The leaf with this kind of key.
    pub(crate) fn leaf(&self, key: KeyKind) -> &Leaf {
        match key {
            KeyKind::EcdsaP256 => &self.ecdsa,
            KeyKind::Rsa2048 => &self.rsa,
        }
    }
}
