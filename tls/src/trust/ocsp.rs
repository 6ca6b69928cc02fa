//! OCSP responses that a server staples to its certificate (RFC 6960, RFC 6066 section 8).

mod response;

use core::time::Duration;

use der::Tag;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, RevocationOptions};

use self::response::{Basic, CertId, Single, Status};
use super::certificate::{Certificate, content, extension, rest, values};
use super::{Rejection, budget, fingerprint, rules};
use crate::crypto::verify::public_key;

/// Whose certificate a response must tell of, and how it may be signed.
pub(super) struct Question<'a> {
    pub(super) leaf: &'a Certificate<'a>,
    /// The authority that issued it, by the chain that was found good.
    pub(super) issuer: &'a TrustAnchor<'a>,
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    pub(super) revocation: Option<RevocationOptions<'a>>,
    pub(super) now: UnixTime,
}

impl Question<'_> {
    /// Whether `response` says that the certificate is good.
    pub(super) fn judge(&self, response: &[u8]) -> Result<(), Rejection> {
        if response.len() > budget::STAPLE {
            return Err(Rejection::StapleTooLarge);
        }
        let basic = Basic::parse(response::of(response)?).ok_or(Rejection::StapleMalformed)?;
        let mut found = None;
        for single in values(basic.responses) {
            let single = single.and_then(Single::parse);
            let single = single.ok_or(Rejection::StapleMalformed)?;
            if found.is_none() && self.is_about(&single.id)? {
                found = Some(single);
            }
        }
        let single = found.ok_or(Rejection::StapleForeign)?;
        critical(basic.extensions)?;
        critical(single.extensions)?;
        self.authenticate(&basic)?;
        let now = Duration::from_secs(self.now.as_secs());
        if now.saturating_add(SKEW) < single.this_update {
            return Err(Rejection::StapleNotYetValid);
        }
        // A response without an end says that newer ones are always to be had, which a copy is not.
        if single.next_update.is_none_or(|end| end < now) {
            return Err(Rejection::StapleExpired);
        }
        match single.status {
            Status::Good => Ok(()),
            Status::Revoked => Err(Rejection::StapleRevoked),
            Status::Unknown => Err(Rejection::StapleUnknown),
        }
    }

    /// Whether `id` names the server's certificate (RFC 6960 section 4.1.1).
    fn is_about(&self, id: &CertId<'_>) -> Result<bool, Rejection> {
        let key = self.issuer_key()?.1;
        let (name, key) = match id.hash {
            SHA1 => (
                &fingerprint::sha1(self.leaf.issuer)[..],
                &fingerprint::sha1(key)[..],
            ),
            SHA256 => (
                &fingerprint::of(self.leaf.issuer)[..],
                &fingerprint::of(key)[..],
            ),
            _ => return Ok(false),
        };
        Ok(id.name == name && id.key == key && id.serial == self.leaf.serial)
    }

    /// Whether the response is signed by the authority, or by whom it has authorised (RFC 6960 section
    /// 4.2.2.2).
    fn authenticate(&self, basic: &Basic<'_>) -> Result<(), Rejection> {
        let issuer = self.issuer_key()?;
        if basic.responder.is(self.leaf.issuer, issuer.1) {
            return self.signed(issuer, basic);
        }
        let mut certificates = values(basic.certificates)
            .take(budget::RESPONDERS)
            .flatten();
        let (der, responder) = certificates
            .find_map(|der| {
                let responder = Certificate::parse(der)?;
                let key = key_of(responder.spki)?.1;
                basic
                    .responder
                    .is(responder.subject, key)
                    .then_some((der, responder))
            })
            .ok_or(Rejection::StapleResponder)?;
        rules::any(&responder)
            .and_then(|()| rules::responder(&responder))
            .map_err(|_| Rejection::StapleResponder)?;
        let der = CertificateDer::from(der);
        EndEntityCert::try_from(&der)
            .and_then(|responder| {
                let by = core::slice::from_ref(self.issuer);
                let usage = KeyUsage::required(OCSP_SIGNING);
                let (algorithms, revocation) = (self.algorithms, self.revocation);
                responder
                    .verify_for_usage(algorithms, by, &[], self.now, usage, revocation, None)
                    .map(drop)
            })
            .map_err(|_| Rejection::StapleResponder)?;
        let key = key_of(responder.spki).ok_or(Rejection::StapleResponder)?;
        self.signed(key, basic)
    }

    fn signed(&self, key: Key<'_>, basic: &Basic<'_>) -> Result<(), Rejection> {
        let (kind, key) = key;
        self.algorithms
            .iter()
            .find(|algorithm| {
                *algorithm.signature_alg_id() == *basic.algorithm
                    && *algorithm.public_key_alg_id() == *kind
            })
            .and_then(|algorithm| {
                algorithm
                    .verify_signature(key, basic.signed, basic.signature)
                    .ok()
            })
            .ok_or(Rejection::StapleSignature)
    }

    fn issuer_key(&self) -> Result<Key<'_>, Rejection> {
        public_key(&self.issuer.subject_public_key_info).ok_or(Rejection::Malformed)
    }
}

/// The content of an AlgorithmIdentifier, and the key's bytes.
type Key<'a> = (&'a [u8], &'a [u8]);

fn key_of(spki: &[u8]) -> Option<Key<'_>> {
    public_key(rest(content(spki, Tag::Sequence)?)?)
}

/// None of a response's extensions changes what it says; a critical one that is not known might.
fn critical(extensions: &[u8]) -> Result<(), Rejection> {
    for one in values(extensions) {
        match one.and_then(extension) {
            Some(extension) if !extension.critical => {}
            _ => return Err(Rejection::StapleMalformed),
        }
    }
    Ok(())
}

/// id-kp-OCSPSigning, 1.3.6.1.5.5.7.3.9.
const OCSP_SIGNING: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 9];
/// SHA-1, 1.3.14.3.2.26, which names and does not sign.
const SHA1: &[u8] = &[0x2B, 14, 3, 2, 26];
/// SHA-256, 2.16.840.1.101.3.4.2.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 1];
/// By how much a responder's clock may be ahead.
const SKEW: Duration = Duration::from_secs(300);
