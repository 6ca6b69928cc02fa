//! The private certificate authority and the leaves it signs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Command;

use crate::pattern::hex;
use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// A certificate authority whose key lives in this process only.
pub struct Ca {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// What a leaf is to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeafOptions {
    /// Its key.
    pub key: KeyKind,
    /// What is wrong with it. [`LeafFault::UntrustedCa`] is the signer's matter and changes nothing
    /// here.
    pub fault: Option<LeafFault>,
}

/// The kind of a leaf's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// RSA of 2048 bits, made by the `openssl` command.
    Rsa2048,
}

/// What can be wrong with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafFault {
    /// It ended yesterday.
    Expired,
    /// It begins in a month.
    NotYetValid,
    /// It is for `wrong.example`.
    WrongName,
    /// Another authority than the published one signs it.
    UntrustedCa,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The private key, PKCS#8 in PEM.
    pub key_pem: String,
}

impl Ca {
    /// Makes an authority with a new P-256 key, valid for 30 days around now.
    ///
    /// # Errors
    /// No randomness.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let now = OffsetDateTime::now_utc();
        params.not_before = now - Duration::days(15);
        params.not_after = now + Duration::days(15);
        let key = KeyPair::generate()?;
        // Two authorities must not share a name: a leaf of one would look like a forgery by the other.
        let id = hex(&params.key_identifier(&key));
        params
            .distinguished_name
            .push(DnType::CommonName, format!("wskhttp test authority {id}"));
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// Signs a leaf for localhost, 127.0.0.1 and ::1, valid for ten days around now unless the
    /// fault says otherwise.
    ///
    /// # Errors
    /// For an RSA key: the `openssl` command is missing.
    pub fn leaf(&self, options: &LeafOptions) -> Result<Leaf> {
        let mut params = CertificateParams::new(Vec::new())?;
        let (name, addresses) = match options.fault {
            Some(LeafFault::WrongName) => ("wrong.example", None),
            _ => (
                "localhost",
                Some([
                    IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(Ipv6Addr::LOCALHOST),
                ]),
            ),
        };
        params
            .subject_alt_names
            .push(SanType::DnsName(name.try_into()?));
        for address in addresses.into_iter().flatten() {
            params.subject_alt_names.push(SanType::IpAddress(address));
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if options.key == KeyKind::Rsa2048 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = OffsetDateTime::now_utc();
        let (begin, end) = match options.fault {
            Some(LeafFault::Expired) => (-10, -1),
            Some(LeafFault::NotYetValid) => (30, 40),
            _ => (-5, 5),
        };
        params.not_before = now + Duration::days(begin);
        params.not_after = now + Duration::days(end);
        let key = match options.key {
            KeyKind::EcdsaP256 => KeyPair::generate()?,
            KeyKind::Rsa2048 => rsa_key()?,
        };
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The authority's certificate, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// Writes the authority's certificate to a PEM file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.pem()).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn rsa_key() -> Result<KeyPair> {
    let made = Command::new("openssl")
        .args(["genpkey", "-quiet", "-algorithm", "RSA"])
        .args(["-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .context("an RSA leaf needs the openssl command")?;
    if !made.status.success() {
        bail!(
            "openssl genpkey failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
    }
    let pem = String::from_utf8(made.stdout).context("openssl genpkey gave no PEM")?;
    Ok(KeyPair::from_pem(&pem)?)
}
