//! Trust anchors, parsed once for a configuration.

use alloc::vec::Vec;
use core::time::Duration;

use rustls_pki_types::pem::SectionKind;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use wskhttp_core::io::{Error, Kind, Phase};

use super::certificate::{Certificate, time};
use super::disallowed::Disallowed;
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
    /// May sign revocation lists.
    lists: bool,
    /// Most authorities between it and a server.
    most: Option<u8>,
}

impl Anchors {
    /// # Errors
    /// Phase `Request`: a private root is no certificate, or there is no root; no memory.
    pub(crate) fn load(
        platform: &Platform,
        policy: &Policy<'_>,
        disallowed: &Disallowed,
    ) -> Result<Self, Error> {
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
            anchors.add(der, disallowed.has(der))
        })?;
        if !whole {
            return Err(not_a_root());
        }
        if anchors.all.is_empty() {
            return Err(invalid("there is no trusted root"));
        }
        Ok(anchors)
    }

    /// Whether a chain with `authorities` between the server and `anchor` may end there at the time
    /// `now`.
    pub(crate) fn judge(
        &self,
        anchor: &TrustAnchor<'_>,
        authorities: usize,
        now: Duration,
    ) -> Result<(), Rejection> {
        let Some(facts) = self.facts(anchor) else {
            return Ok(());
        };
        if let Some(refused) = facts.refused {
            return Err(refused);
        }
        if facts.most.is_some_and(|most| authorities > most.into()) {
            return Err(Rejection::PathLength);
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

    /// Whether `anchor` may sign revocation lists.
    pub(crate) fn signs_lists(&self, anchor: &TrustAnchor<'_>) -> bool {
        self.facts(anchor).is_none_or(|facts| facts.lists)
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
        Self::read(der).unwrap_or(Self {
            not_before: Duration::ZERO,
            not_after: Duration::ZERO,
            refused: Some(Rejection::Malformed),
            lists: false,
            most: None,
        })
    }

    fn read(der: &[u8]) -> Option<Self> {
        let (certificate, judged) = match Certificate::parse(der) {
            Some(parsed) => (
                parsed,
                rules::any(&parsed).and_then(|()| rules::root(&parsed)),
            ),
            None => {
                let parsed = Certificate::parse_version1(der)?;
                (parsed, rules::root_key(&parsed))
            }
        };
        Some(Self {
            not_before: time(certificate.not_before)?,
            not_after: time(certificate.not_after)?,
            refused: judged.err(),
            lists: rules::signs_lists(&certificate),
            most: certificate.basic_constraints()?.path_length,
        })
    }
}

const fn not_a_root() -> Error {
    invalid("a trusted root is not a certificate in DER or PEM")
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
