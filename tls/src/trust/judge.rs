//! The judge of a server's certificates: rustls-webpki, with bounds and rules on top.

use alloc::vec::Vec;
use core::cell::Cell;
use core::sync::atomic::{AtomicU16, Ordering::Relaxed};
use core::time::Duration;

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{PeerMisbehaved, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, VerifiedPath};
use wskhttp_core::fallible::{copied, push, room};
use wskhttp_core::io::{Error, Kind, Phase};

use super::anchors::Anchors;
use super::budget::{self, Budget, Counted, Purpose};
use super::certificate::{Certificate, values};
use super::disallowed::Disallowed;
use super::policy::{MAX_INTERMEDIATES, Policy, Stapling};
use super::revocation::{Checks, Issuer, Lists};
use super::{Rejection, fingerprint, ocsp, rules};
use crate::crypto::verify::public_key;
use crate::error;
use crate::platform::Platform;

/// What [`Verifier`](super::Verifier)s for connections under one policy share.
pub(crate) struct Judge {
    anchors: Anchors,
    pins: Vec<[u8; 32]>,
    disallowed: Disallowed,
    intermediates: Vec<CertificateDer<'static>>,
    lists: Lists,
    stapling: Stapling,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) schemes: Vec<SignatureScheme>,
    web_profile: bool,
    max_intermediates: usize,
    last_scheme: AtomicU16,
}

impl Judge {
    /// # Errors
    /// Phase `Request`: the policy has a root or a revocation list that is none; no memory.
    pub(super) fn new(
        platform: &Platform,
        policy: &Policy<'_>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<Self, Error> {
        let disallowed = Disallowed::new(policy)?;
        Ok(Self {
            anchors: Anchors::load(platform, policy, &disallowed)?,
            pins: copied(policy.pins).map_err(|_| error::no_memory())?,
            disallowed,
            intermediates: intermediates(policy.intermediates)?,
            lists: Lists::load(platform, policy.revocation)?,
            stapling: policy.stapling,
            algorithms,
            schemes: platform.promise(SCHEMES, || policy.protocol.schemes(&algorithms))??,
            web_profile: policy.web_profile,
            max_intermediates: policy.max_intermediates.min(MAX_INTERMEDIATES),
            last_scheme: AtomicU16::new(0),
        })
    }

    /// The scheme of the handshake's signature that was verified last.
    pub(crate) fn last_scheme(&self) -> u16 {
        self.last_scheme.load(Relaxed)
    }

    /// Whether the server `name` is who it says, by the certificates that it sent and the OCSP response
    /// that it stapled to its own, if any.
    pub(crate) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        staple: &[u8],
        name: Option<&ServerName<'_>>,
        now: UnixTime,
    ) -> Result<(), Rejection> {
        bound(leaf, others)?;
        let server = EndEntityCert::try_from(leaf)?;
        let parsed = Certificate::parse(leaf).ok_or(Rejection::Malformed)?;
        self.chain(&server, &parsed, others, staple, now)
            .or_else(|refused| match refused {
                Rejection::UnknownIssuer if !self.intermediates.is_empty() => {
                    self.completed(&server, &parsed, others, staple, now)
                }
                refused => Err(refused),
            })
            .map_err(|refused| explain(refused, &parsed, others))?;
        rules::server(&parsed)?;
        let Some(name) = name else {
            return Ok(());
        };
        server.verify_is_valid_for_subject_name(name)?;
        if rules::wildcard(&server, name) {
            Ok(())
        } else {
            Err(Rejection::Name)
        }
    }

    /// Whether a chain leads from `server` to an anchor, and what is stapled is good.
    fn chain(
        &self,
        server: &EndEntityCert<'_>,
        parsed: &Certificate<'_>,
        others: &[CertificateDer<'_>],
        staple: &[u8],
        now: UnixTime,
    ) -> Result<(), Rejection> {
        let budget = Budget::new();
        let mut all = self.algorithms.all.iter();
        let counted: [Option<Counted<'_>>; ALGORITHM_COUNT] = core::array::from_fn(|_| {
            all.next().map(|&algorithm| Counted {
                budget: &budget,
                algorithm,
            })
        });
        let mut algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
            room(counted.len()).map_err(|_| Rejection::NoMemory)?;
        algorithms.extend(
            counted
                .iter()
                .flatten()
                .map(|counted| counted as &dyn SignatureVerificationAlgorithm),
        );
        let checks = Checks {
            algorithms: &algorithms,
            budget: &budget,
            now: Duration::from_secs(now.as_secs()),
        };
        let refused = Cell::new(None);
        let found = server.verify_for_usage(
            &algorithms,
            &self.anchors.all,
            others,
            now,
            Purpose::server(&budget),
            // It would ask one list only.
            None,
            Some(&|path| {
                self.path(path, checks).map_err(|why| {
                    refused.set(Some(why));
                    webpki::Error::CertDistrusted
                })
            }),
        );
        match found {
            Ok(_) if self.is_unstapled(parsed, staple)? => Ok(()),
            Ok(path) => {
                let first = path.intermediate_certificates().next();
                let first = first.map(webpki::Cert::der);
                let above = first.as_deref().and_then(Certificate::parse);
                let issuer = match &first {
                    Some(der) => &webpki::anchor_from_trusted_cert(der)?,
                    None => path.anchor(),
                };
                let question = ocsp::Question {
                    leaf: parsed,
                    issuer,
                    signs_lists: match &above {
                        Some(above) => rules::signs_lists(above),
                        None => self.anchors.signs_lists(path.anchor()),
                    },
                    lists: &self.lists,
                    disallowed: &self.disallowed,
                    checks,
                };
                question.judge(staple)
            }
            // Of a chain that rustls-webpki found good, that tells more than why others are not.
            Err(error) => Err(refused.get().unwrap_or_else(|| error.into())),
        }
    }

    /// Whether there is no response to judge, and none is wanted.
    fn is_unstapled(&self, leaf: &Certificate<'_>, staple: &[u8]) -> Result<bool, Rejection> {
        match self.stapling {
            Stapling::Off => Ok(true),
            _ if !staple.is_empty() => Ok(false),
            Stapling::Soft if !rules::must_staple(leaf) => Ok(true),
            Stapling::Soft | Stapling::Hard => Err(Rejection::StapleMissing),
        }
    }

    /// The same with the authorities that the policy knows besides those that the server has sent.
    fn completed(
        &self,
        server: &EndEntityCert<'_>,
        parsed: &Certificate<'_>,
        others: &[CertificateDer<'_>],
        staple: &[u8],
        now: UnixTime,
    ) -> Result<(), Rejection> {
        let count = others.len().saturating_add(self.intermediates.len());
        let mut all = room(count).map_err(|_| Rejection::NoMemory)?;
        let both = others.iter().chain(&self.intermediates);
        all.extend(both.map(|der| CertificateDer::from(&**der)));
        self.chain(server, parsed, &all, staple, now)
    }

    /// Whether a chain that is good by rustls-webpki is good.
    fn path(&self, path: &VerifiedPath<'_>, checks: Checks<'_>) -> Result<(), Rejection> {
        let authorities = || path.intermediate_certificates().map(webpki::Cert::der);
        let count = authorities().count();
        if count > self.max_intermediates {
            return Err(Rejection::TooDeep);
        }
        for der in authorities() {
            let certificate = Certificate::parse(&der).ok_or(Rejection::Malformed)?;
            rules::any(&certificate)?;
            rules::authority(&certificate)?;
        }
        self.anchors.judge(path.anchor(), count, checks.now)?;
        let leaf = path.end_entity().der();
        if self.web_profile || self.anchors.is_built_in(path.anchor()) {
            rules::web(&Certificate::parse(&leaf).ok_or(Rejection::Malformed)?)?;
        }
        let key = &path.anchor().subject_public_key_info;
        if self.disallowed.has(&leaf)
            || authorities().any(|der| self.disallowed.has_authority(&der))
            || self.disallowed.has_key(key)
        {
            return Err(Rejection::Disallowed);
        }
        self.look_up(path, checks)?;
        if self.pins.is_empty() || self.is_pinned(path) {
            Ok(())
        } else {
            Err(Rejection::Pin)
        }
    }

    /// Whether the client has offered `scheme` (RFC 8446 section 4.4.3, RFC 5246 section 7.4.3).
    pub(super) fn offered(&self, scheme: SignatureScheme) -> Result<(), rustls::Error> {
        if !self.schemes.contains(&scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.last_scheme.store(scheme.into(), Relaxed);
        Ok(())
    }

    /// Whether no certificate of a chain but the root has been revoked.
    fn look_up(&self, path: &VerifiedPath<'_>, checks: Checks<'_>) -> Result<(), Rejection> {
        let anchor = path.anchor();
        let authorities = path.intermediate_certificates().map(webpki::Cert::der);
        let mut chain = core::iter::once(path.end_entity().der())
            .chain(authorities)
            .peekable();
        let mut is_authority = false;
        while let Some(der) = chain.next() {
            let certificate = Certificate::parse(&der).ok_or(Rejection::Malformed)?;
            let issuer = match chain.peek() {
                Some(der) => Certificate::parse(der).and_then(|above| {
                    Some(Issuer {
                        key: above.key()?,
                        signs: rules::signs_lists(&above),
                    })
                }),
                None => public_key(&anchor.subject_public_key_info).map(|key| Issuer {
                    key,
                    signs: self.anchors.signs_lists(anchor),
                }),
            };
            let issuer = issuer.ok_or(Rejection::Malformed)?;
            self.lists
                .judge(&certificate, is_authority, &issuer, checks)?;
            is_authority = true;
        }
        Ok(())
    }

    fn is_pinned(&self, path: &VerifiedPath<'_>) -> bool {
        let leaf = path.end_entity().der();
        let authorities = path.intermediate_certificates().map(webpki::Cert::der);
        core::iter::once(leaf).chain(authorities).any(|der| {
            Certificate::parse(&der)
                .is_some_and(|parsed| self.pins.contains(&fingerprint::of(parsed.spki)))
        }) || fingerprint::of_sequence(&path.anchor().subject_public_key_info)
            .is_some_and(|digest| self.pins.contains(&digest))
    }
}

/// The certificates in `bytes`, DER one after the other.
///
/// # Errors
/// Phase `Request`: it is not that; no memory.
fn intermediates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut all = Vec::new();
    for der in values(bytes) {
        let der = der.ok_or(NOT_AN_AUTHORITY)?;
        let copy = copied(der).map_err(|_| error::no_memory())?;
        push(&mut all, CertificateDer::from(copy)).map_err(|_| error::no_memory())?;
    }
    Ok(all)
}

const NOT_AN_AUTHORITY: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "an intermediate authority is not a certificate in DER",
);

/// What the lists of signature schemes allocate.
const SCHEMES: usize = 1 << 10;

/// Most algorithms of a set.
const ALGORITHM_COUNT: usize = 11;

/// Refuses what would cost too much to look at.
fn bound(leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Result<(), Rejection> {
    if others.len() > budget::CERTIFICATES {
        return Err(Rejection::TooManyCertificates);
    }
    let all = || core::iter::once(leaf).chain(others);
    let bytes = all()
        .map(|der| der.len())
        .fold(0_usize, usize::saturating_add);
    if bytes > budget::BYTES {
        return Err(Rejection::TooLarge);
    }
    let (mut names, mut subtrees) = (0_usize, 0_usize);
    for (place, der) in all().enumerate() {
        let Some(certificate) = Certificate::parse(der) else {
            // The server's own tells better of itself later; another may be one that no chain needs.
            continue;
        };
        match rules::any(&certificate) {
            Err(Rejection::Malformed | Rejection::Duplicate | Rejection::Criticality)
                if place > 0 => {}
            done => done?,
        }
        names = names.max(rules::names(&certificate));
        subtrees = subtrees.saturating_add(rules::subtrees(&certificate));
    }
    if names.saturating_mul(subtrees) > budget::NAME_COMPARISONS {
        return Err(Rejection::TooManyNames);
    }
    Ok(())
}

/// Tells apart why an issuer is not known.
fn explain(refused: Rejection, leaf: &Certificate<'_>, others: &[CertificateDer<'_>]) -> Rejection {
    let own = leaf.issuer == leaf.subject;
    match refused {
        Rejection::UnknownIssuer | Rejection::AuthorityAsServer if own => Rejection::SelfSigned,
        Rejection::UnknownIssuer if others.is_empty() => Rejection::Incomplete,
        other => other,
    }
}
