//! Client certificates.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject, SectionKind};
use sha2::{Digest, Sha256};
use wskhttp_core::fallible::{copied, push};
use wskhttp_core::io::{Error, Kind, Phase};
use zeroize::Zeroizing;

use crate::crypto::sign;
use crate::platform::Platform;
use crate::trust::pem;

/// A certificate with which the client shows who it is, and its key.
///
/// The key is copied where it is used, and every copy is overwritten when it is dropped, but for the
/// digits of PEM, which rustls-pki-types collects: those are for an allocator that overwrites what is freed.
/// `key` itself is the caller's to overwrite.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The client's certificate, then what leads from it to a root of the server's; DER (one after the
    /// other) or PEM.
    pub chain: &'a [u8],
    /// The private key, PKCS#8 (RFC 5958) in DER or PEM: RSA of 2048 to 8192 bits, ECDSA on P-256 or
    /// P-384, or Ed25519.
    pub key: &'a [u8],
}

/// A client that has no certificate.
#[derive(Debug)]
pub(crate) struct Nobody;

impl ResolvesClientCert for Nobody {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl core::fmt::Debug for Identity<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity<'_> {
    /// # Errors
    /// Phase `Request`: the chain or the key is malformed, or they do not belong together; no memory.
    pub(crate) fn load(&self, platform: &'static Platform) -> Result<Arc<SingleCertAndKey>, Error> {
        let mut chain = Vec::new();
        let whole = pem::each(self.chain, SectionKind::Certificate, |der| {
            copied(der)
                .and_then(|copy| push(&mut chain, CertificateDer::from(copy)))
                .map_err(|_| no_memory())
        })?;
        if !whole || chain.is_empty() {
            return Err(invalid("the client certificate is not in DER or PEM"));
        }
        let key = self.private_key()?;
        let certified = CertifiedKey::new(chain, key.signing_key(platform));
        match certified.keys_match() {
            Ok(()) => Ok(Arc::new(SingleCertAndKey::from(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(invalid(
                "the client certificate is for another key than the one given",
            )),
            Err(_) => Err(invalid("the client certificate is malformed")),
        }
    }

    /// Bytes of both.
    pub(crate) const fn bytes(&self) -> usize {
        self.chain.len().saturating_add(self.key.len())
    }

    /// What tells this identity from others; the key by its digest.
    pub(crate) fn digest(&self, hash: &mut Sha256) {
        for field in [self.chain, self.key] {
            hash.update(field.len().to_be_bytes());
            hash.update(Sha256::digest(field));
        }
    }

    fn private_key(&self) -> Result<sign::PrivateKey, Error> {
        const UNKNOWN: Error =
            invalid("the client's key is not PKCS#8 of RSA, ECDSA on P-256 or P-384, or Ed25519");
        /// The tag of a SEQUENCE; PEM cannot begin with it.
        const SEQUENCE: u8 = 0x30;
        if self.key.first() == Some(&SEQUENCE) {
            return sign::PrivateKey::from_pkcs8(self.key).ok_or(UNKNOWN);
        }
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(self.key) {
            let (kind, der) = section.map_err(|_| UNKNOWN)?;
            let der = Zeroizing::new(der);
            if kind == SectionKind::PrivateKey {
                return sign::PrivateKey::from_pkcs8(&der).ok_or(UNKNOWN);
            }
        }
        Err(UNKNOWN)
    }
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the client certificate",
    )
}
