//! OCSP responses that a server staples to its certificate (RFC 6960, RFC 6066 section 8).

mod response;

use core::time::Duration;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::EndEntityCert;

use self::response::{Basic, CertId, Single, Status};
use super::budget::Purpose;
use super::certificate::{Certificate, extension, values};
use super::disallowed::Disallowed;
use super::revocation::{Checks, Issuer, Lists};
use super::{Rejection, budget, fingerprint, rules};
use crate::crypto::verify::{Key, public_key};

/// Whose certificate a response must tell of, and how it may be signed.
pub(super) struct Question<'a> {
    pub(super) leaf: &'a Certificate<'a>,
    /// The authority that issued it, by the chain that was found good.
    pub(super) issuer: &'a TrustAnchor<'a>,
    /// Whether that may sign revocation lists.
    pub(super) signs_lists: bool,
    pub(super) lists: &'a Lists,
    pub(super) disallowed: &'a Disallowed,
    pub(super) checks: Checks<'a>,
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
        let now = self.checks.now;
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
                let key = responder.key()?.1;
                basic
                    .responder
                    .is(responder.subject, key)
                    .then_some((der, responder))
            })
            .ok_or(Rejection::StapleResponder)?;
        rules::any(&responder)
            .and_then(|()| rules::responder(&responder))
            .map_err(|_| Rejection::StapleResponder)?;
        if self.disallowed.has(der) {
            return Err(Rejection::StapleResponder);
        }
        let der = CertificateDer::from(der);
        EndEntityCert::try_from(&der)
            .and_then(|responder| {
                let by = core::slice::from_ref(self.issuer);
                let usage = Purpose::responder(self.checks.budget);
                let now = UnixTime::since_unix_epoch(self.checks.now);
                responder
                    .verify_for_usage(self.checks.algorithms, by, &[], now, usage, None, None)
                    .map(drop)
            })
            .map_err(|_| Rejection::StapleResponder)?;
        let above = Issuer {
            key: issuer,
            signs: self.signs_lists,
        };
        self.lists
            .judge(&responder, false, &above, self.checks)
            .map_err(|_| Rejection::StapleResponder)?;
        let key = responder.key().ok_or(Rejection::StapleResponder)?;
        self.signed(key, basic)
    }

    fn signed(&self, key: Key<'_>, basic: &Basic<'_>) -> Result<(), Rejection> {
        if basic.signed.is_by(key, self.checks.algorithms) {
            Ok(())
        } else {
            Err(Rejection::StapleSignature)
        }
    }

    fn issuer_key(&self) -> Result<Key<'_>, Rejection> {
        public_key(&self.issuer.subject_public_key_info).ok_or(Rejection::Malformed)
    }
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

/// SHA-1, 1.3.14.3.2.26, which names and does not sign.
const SHA1: &[u8] = &[0x2B, 14, 3, 2, 26];
/// SHA-256, 2.16.840.1.101.3.4.2.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 1];
/// By how much a responder's clock may be ahead.
const SKEW: Duration = Duration::from_secs(300);
