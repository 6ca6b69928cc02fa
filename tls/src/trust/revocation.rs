//! Revocation lists (RFC 5280 section 5). Whether they are well-formed is rustls-webpki's affair; which
//! of them tell of a certificate is found here, since rustls-webpki asks the first such list alone.

use alloc::vec::Vec;
use core::time::Duration;

use der::asn1::BitStringRef;
use der::{AnyRef, Reader, Tag};
use rustls_pki_types::SignatureVerificationAlgorithm;
use rustls_pki_types::pem::SectionKind;
use webpki::BorrowedCertRevocationList;
use wskhttp_core::fallible::{copied, push};
use wskhttp_core::io::{Error, Kind, Phase};

use super::budget::Budget;
use super::certificate::{Certificate, content, context, extension, id, rest, time, values};
use super::policy::Revocation;
use super::{Rejection, pem};
use crate::crypto::verify::{Key, Signed};
use crate::platform::Platform;

/// The lists of a policy, and what they are for.
pub(crate) struct Lists {
    mode: Mode,
    /// Each in DER, and found to be one that [`List::parse`] takes.
    all: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Soft,
    Hard,
}

/// Who has issued a certificate.
pub(crate) struct Issuer<'a> {
    pub(crate) key: Key<'a>,
    /// Whether it may sign lists.
    pub(crate) signs: bool,
}

/// With what signatures are checked, and when.
#[derive(Clone, Copy)]
pub(crate) struct Checks<'a> {
    pub(crate) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    pub(crate) budget: &'a Budget,
    /// Since 1970.
    pub(crate) now: Duration,
}

impl Lists {
    /// # Errors
    /// Phase `Request`: something is not a revocation list of version 2 with a number, or one that is
    /// not supported (delta, indirect, of some reasons); no memory.
    pub(crate) fn load(platform: &Platform, revocation: Revocation<'_>) -> Result<Self, Error> {
        let (mode, bytes) = match revocation {
            Revocation::Off => (Mode::Off, &[][..]),
            Revocation::Soft(lists) => (Mode::Soft, lists),
            Revocation::Hard(lists) => (Mode::Hard, lists),
        };
        let mut all = Vec::new();
        let whole = pem::each_promised(platform, bytes, SectionKind::Crl, |der| {
            if !is_list(der) {
                return Err(NOT_A_LIST);
            }
            let list = copied(der).map_err(|_| NO_MEMORY)?;
            push(&mut all, list).map_err(|_| NO_MEMORY)
        })?;
        if whole {
            Ok(Self { mode, all })
        } else {
            Err(NOT_A_LIST)
        }
    }

    /// What all lists of `issuer` say of `certificate`, which it has issued.
    pub(crate) fn judge(
        &self,
        certificate: &Certificate<'_>,
        is_authority: bool,
        issuer: &Issuer<'_>,
        checks: Checks<'_>,
    ) -> Result<(), Rejection> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let (mut foreign, mut known, mut current, mut expired) = (false, false, false, false);
        for der in &self.all {
            let list = List::parse(der).ok_or(Rejection::Malformed)?;
            if list.issuer != certificate.issuer || !list.covers(certificate, is_authority) {
                continue;
            }
            if !issuer.signs || !list.signed.is_by(issuer.key, checks.algorithms) {
                if checks.budget.is_spent() {
                    return Err(Rejection::TooManySignatures);
                }
                foreign = true;
                continue;
            }
            if list.has(certificate.serial) {
                return Err(Rejection::Revoked);
            }
            known = true;
            expired |= list.next_update <= checks.now;
            current |= (list.this_update..list.next_update).contains(&checks.now);
        }
        match self.mode {
            _ if current => Ok(()),
            _ if foreign && !known => Err(Rejection::CrlInvalid),
            Mode::Hard if expired => Err(Rejection::CrlExpired),
            Mode::Hard => Err(Rejection::RevocationUnknown),
            Mode::Off | Mode::Soft => Ok(()),
        }
    }
}

/// A list taken apart. Slices are values with their tags and lengths, unless said.
struct List<'a> {
    signed: Signed<'a>,
    issuer: &'a [u8],
    this_update: Duration,
    next_update: Duration,
    /// What is revoked, one after the other.
    revoked: &'a [u8],
    /// The fields of issuingDistributionPoint.
    scope: Option<&'a [u8]>,
}

impl<'a> List<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = content(der, Tag::Sequence)?;
        let message = outer.tlv_bytes().ok()?;
        let algorithm = rest(content(outer.tlv_bytes().ok()?, Tag::Sequence)?)?;
        let signature: BitStringRef<'_> = outer.decode().ok()?;

        let mut fields = content(message, Tag::Sequence)?;
        let (_version, _algorithm) = (fields.tlv_bytes().ok()?, fields.tlv_bytes().ok()?);
        let issuer = fields.tlv_bytes().ok()?;
        let this_update = time(fields.decode().ok()?)?;
        let next_update = time(fields.decode().ok()?)?;
        let mut revoked: &[u8] = &[];
        if fields.peek_tag().ok()? == Tag::Sequence {
            revoked = rest(content(fields.tlv_bytes().ok()?, Tag::Sequence)?)?;
        }
        let mut extensions = content(fields.tlv_bytes().ok()?, context(0))?;
        let extensions = rest(content(extensions.tlv_bytes().ok()?, Tag::Sequence)?)?;
        let find = |id| {
            values(extensions)
                .filter_map(|one| extension(one?))
                .find(|one| one.id == id)
        };
        // RFC 5280 section 5.2.3.
        find(id::CRL_NUMBER).filter(|number| !number.critical)?;
        let scope = match find(id::ISSUING_DISTRIBUTION_POINT) {
            None => None,
            Some(point) => Some(rest(content(point.value, Tag::Sequence)?)?),
        };
        Some(Self {
            signed: Signed {
                message,
                algorithm,
                signature: signature.as_bytes()?,
            },
            issuer,
            this_update,
            next_update,
            revoked,
            scope,
        })
    }

    /// Whether the list would have `certificate` if it were revoked (RFC 5280 section 6.3.3 (b)).
    fn covers(&self, certificate: &Certificate<'_>, is_authority: bool) -> bool {
        /// onlyContainsUserCerts and onlyContainsCACerts, TRUE.
        const ONLY_SERVERS: &[u8] = &[0x81, 1, 0xFF];
        const ONLY_AUTHORITIES: &[u8] = &[0x82, 1, 0xFF];
        let Some(scope) = self.scope else {
            return true;
        };
        let other = if is_authority {
            ONLY_SERVERS
        } else {
            ONLY_AUTHORITIES
        };
        if values(scope).flatten().any(|field| field == other) {
            return false;
        }
        let Some(points) = certificate.extension(id::DISTRIBUTION_POINTS) else {
            return true;
        };
        let points = content(points.value, Tag::Sequence).and_then(rest);
        values(points.unwrap_or_default())
            .filter_map(|point| rest(content(point?, Tag::Sequence)?))
            // One with reasons or an issuer of its own is for lists that are not taken.
            .filter(|point| values(point).count() == 1)
            .flat_map(addresses)
            .any(|one| addresses(scope).any(|other| one == other))
    }

    /// Whether the certificate number `serial` is on the list.
    fn has(&self, serial: &[u8]) -> bool {
        values(self.revoked)
            .filter_map(|entry| content(entry?, Tag::Sequence)?.decode::<AnyRef<'_>>().ok())
            .any(|found| significant(found.value()) == significant(serial))
    }
}

/// The URIs of the distributionPoint among `fields`.
fn addresses(fields: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// uniformResourceIdentifier.
    const URI: u8 = 0x86;
    let names = values(fields).find_map(|field| {
        let name = rest(content(field?, context(0))?)?;
        rest(content(name, context(0))?)
    });
    values(names.unwrap_or_default())
        .flatten()
        .filter(|name| name.first() == Some(&URI))
}

/// A number without what DER would leave out.
fn significant(mut number: &[u8]) -> &[u8] {
    while let [0, left @ ..] = number {
        number = left;
    }
    number
}

/// Whether `der` is a list that is supported, all of it well-formed.
pub(crate) fn is_list(der: &[u8]) -> bool {
    BorrowedCertRevocationList::from_der(der)
        .is_ok_and(|list| list.into_iter().all(|entry| entry.is_ok()))
        && List::parse(der).is_some()
}

const NOT_A_LIST: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a revocation list is not a CRL of version 2 in DER or PEM",
);

const NO_MEMORY: Error = Error::new(
    Phase::Request,
    Kind::NoResources,
    "no memory for the revocation lists",
);
