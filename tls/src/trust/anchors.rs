//! Trust anchors and revocation lists, parsed once for a configuration.

use alloc::vec::Vec;
use core::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{AnyRef, Tag, Tagged};
use rustls_pki_types::pem::SectionKind;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use wskhttp_core::fallible::push;
use wskhttp_core::io::{Error, Kind, Phase};

use super::certificate::{self, Certificate};
use super::policy::Policy;
use super::rejection::Rejection;
use super::{pem, rules};
use crate::platform::Platform;

/// Trust anchors.
pub(crate) struct Anchors {
    /// Mozilla's first, then the private ones.
    pub(crate) all: Vec<TrustAnchor<'static>>,
    /// What else the private ones say, in their order.
    facts: Vec<Facts>,
}

/// What a private root says besides its name, key and constraints.
struct Facts {
    not_before: Duration,
    not_after: Duration,
    /// Why no chain may end here.
    refused: Option<Rejection>,
    /// May not sign revocation lists.
    no_lists: bool,
}

impl Anchors {
    /// # Errors
    /// Phase `Request`: a private root is no certificate, or there is no root; no memory.
    pub(crate) fn load(platform: &Platform, policy: &Policy<'_>) -> Result<Self, Error> {
        let (built_in, private) = policy.roots.parts();
        let mut anchors = Self {
            all: Vec::new(),
            facts: Vec::new(),
        };
        if built_in {
            let roots = webpki_roots::TLS_SERVER_ROOTS;
            anchors
                .all
                .try_reserve(roots.len())
                .map_err(|_| no_memory())?;
            anchors.all.extend_from_slice(roots);
        }
        let kind = SectionKind::Certificate;
        let whole = pem::each_promised(platform, private, kind, |der| {
            anchors.add(der, policy.disallows(der))
        })?;
        if !whole {
            return Err(not_a_root());
        }
        if anchors.all.is_empty() {
            return Err(invalid("there is no trusted root"));
        }
        Ok(anchors)
    }

    /// Whether a chain may end at `anchor` at the time `now`. Its lists among `lists` must be its to
    /// sign, which rustls-webpki asks of other authorities only.
    pub(crate) fn judge(
        &self,
        anchor: &TrustAnchor<'_>,
        lists: &[CertRevocationList<'_>],
        now: Duration,
    ) -> Result<(), Rejection> {
        let Some(facts) = self.facts(anchor) else {
            return Ok(());
        };
        if let Some(refused) = facts.refused {
            return Err(refused);
        }
        if facts.no_lists && lists.iter().any(|list| list.issuer() == &*anchor.subject) {
            return Err(Rejection::CrlInvalid);
        }
        if now < facts.not_before {
            return Err(Rejection::AnchorNotYetValid);
        }
        // Validity is inclusive, and to the second: RFC 5280 section 4.1.2.5.
        if now.as_secs() > facts.not_after.as_secs() {
            return Err(Rejection::AnchorExpired);
        }
        Ok(())
    }

    /// Whether `anchor` is Mozilla's.
    pub(crate) fn is_built_in(&self, anchor: &TrustAnchor<'_>) -> bool {
        self.facts(anchor).is_none()
    }

    /// What is known of a private root.
    fn facts(&self, anchor: &TrustAnchor<'_>) -> Option<&Facts> {
        let place = self
            .all
            .iter()
            .position(|own| core::ptr::addr_eq(own, anchor))?;
        let built_in = self.all.len().saturating_sub(self.facts.len());
        self.facts.get(place.checked_sub(built_in)?)
    }

    fn add(&mut self, der: &[u8], disallowed: bool) -> Result<(), Error> {
        let mut facts = Facts::of(der);
        if disallowed {
            facts.refused = Some(Rejection::Disallowed);
        }
        let certificate = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&certificate).map_err(|_| not_a_root())?;
        self.all.try_reserve(1).map_err(|_| no_memory())?;
        self.facts.try_reserve(1).map_err(|_| no_memory())?;
        self.all.push(anchor.to_owned());
        self.facts.push(facts);
        Ok(())
    }
}

impl Facts {
    fn of(der: &[u8]) -> Self {
        let none = |refused| Self {
            not_before: Duration::ZERO,
            not_after: Duration::MAX,
            refused,
            no_lists: false,
        };
        // rustls-webpki takes roots of version 1, which say no more than it has read.
        let Some(certificate) = Certificate::parse(der) else {
            return none(None);
        };
        let (Some(not_before), Some(not_after)) =
            (time(certificate.not_before), time(certificate.not_after))
        else {
            return none(Some(Rejection::Malformed));
        };
        Self {
            not_before,
            not_after,
            refused: rules::any(&certificate)
                .and_then(|()| rules::root(&certificate))
                .err(),
            no_lists: !rules::signs_lists(&certificate),
        }
    }
}

/// The revocation lists in `bytes`.
///
/// # Errors
/// Phase `Request`: something is not a revocation list of version 2 with a number, or one that is not
/// supported (delta, indirect); no memory.
pub(crate) fn revocation_lists(
    platform: &Platform,
    bytes: &[u8],
) -> Result<Vec<CertRevocationList<'static>>, Error> {
    let mut lists = Vec::new();
    let whole = pem::each_promised(platform, bytes, SectionKind::Crl, |der| {
        let list = revocation_list(der).ok_or(not_a_list())?;
        push(&mut lists, list).map_err(|_| no_memory())
    })?;
    if whole { Ok(lists) } else { Err(not_a_list()) }
}

/// The revocation list in `der`; `None` if it is malformed, or not supported.
pub(crate) fn revocation_list(der: &[u8]) -> Option<CertRevocationList<'static>> {
    if !certificate::is_numbered(der) {
        return None;
    }
    let list = OwnedCertRevocationList::from_der(der).ok()?;
    Some(CertRevocationList::from(list))
}

/// A time of RFC 5280 section 4.1.2.5; times before 1970 are 1970.
fn time(value: AnyRef<'_>) -> Option<Duration> {
    match value.tag() {
        Tag::UtcTime => match value.decode_as::<UtcTime>() {
            Ok(time) => Some(time.to_unix_duration()),
            Err(_) if matches!(value.value().first(), Some(b'5' | b'6')) => Some(Duration::ZERO),
            Err(_) => None,
        },
        Tag::GeneralizedTime => Some(
            value
                .decode_as::<GeneralizedTime>()
                .ok()?
                .to_unix_duration(),
        ),
        _ => None,
    }
}

const fn not_a_root() -> Error {
    invalid("a trusted root is not a certificate in DER or PEM")
}

const fn not_a_list() -> Error {
    invalid("a revocation list is not a CRL of version 2 in DER or PEM")
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the trusted roots",
    )
}
