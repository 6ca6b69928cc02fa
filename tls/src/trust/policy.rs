//! What the owner of a configuration wants.

use sha2::{Digest, Sha256};

use super::ClockPolicy;
use crate::{Identity, Protocol};

/// How servers are to be judged, and what they are told. Verification itself cannot be turned off.
///
/// ```
/// use wskhttp_tls::{Policy, Revocation, Roots};
///
/// let pem = b"-----BEGIN CERTIFICATE-----";
/// let mut policy = Policy::new(Roots::BuiltInAnd(pem));
/// policy.revocation = Revocation::Soft(b"");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The trusted roots.
    pub roots: Roots<'a>,
    /// SHA-256 digests of SubjectPublicKeyInfos (RFC 7469 section 2.4), backups included: one of
    /// the keys in the chain, the root's too, must have one of them. None given, none wanted.
    pub pins: &'a [[u8; 32]],
    /// SHA-256 digests of certificates that no chain may contain: of the whole, or of what is signed in
    /// it (TBSCertificate), which finds it however it is signed.
    pub disallowed: &'a [[u8; 32]],
    /// SHA-1 digests of either, for lists that know no better: what is on them is refused.
    pub disallowed_sha1: &'a [[u8; 20]],
    /// SHA-256 digests of SubjectPublicKeyInfos: no root and no other authority of a chain may have such
    /// a key. It is how a built-in root is disallowed, of which no certificate is here, and a root that
    /// another one has signed.
    pub disallowed_keys: &'a [[u8; 32]],
    /// Certificates of authorities, DER one after the other, that may stand between a server's and a
    /// root though the server has not sent them. Nothing is trusted for being among them.
    pub intermediates: &'a [u8],
    /// What revocation lists are for.
    pub revocation: Revocation<'a>,
    /// What a stapled OCSP response is for.
    pub stapling: Stapling,
    /// When to believe the wall clock.
    pub clock: ClockPolicy,
    /// Hold every server's certificate to what the web's authorities may issue, as is always done
    /// below Mozilla's roots: it says what it is for, and its names are critical if it has no
    /// subject. By RFC 5280 it is for any purpose without extKeyUsage; private authorities leave both
    /// out often.
    pub web_profile: bool,
    /// Most certificates between the server's and the root, at most 6.
    pub max_intermediates: usize,
    /// Who the client is to a server that asks.
    pub identity: Option<Identity<'a>>,
    /// The one server that `identity` is for, by its host as it is connected to and its port: others,
    /// as those that a response redirects to, are told that the client has none. For all without.
    pub identity_for: Option<(&'a str, u16)>,
    /// What is offered to servers.
    pub protocol: Protocol<'a>,
}

/// The trusted roots. Bytes are certificates, DER (one after the other) or PEM.
#[derive(Clone, Copy, Debug)]
pub enum Roots<'a> {
    /// Mozilla's roots, built in.
    BuiltIn,
    /// These only.
    Only(&'a [u8]),
    /// Mozilla's and these.
    BuiltInAnd(&'a [u8]),
}

/// How revocation lists (RFC 5280 section 5) are used. Bytes are lists, DER (one after the other) or
/// PEM. Every certificate of a chain but the root is looked up in all lists that its issuer has signed.
#[derive(Clone, Copy, Debug, Default)]
pub enum Revocation<'a> {
    /// Not at all.
    #[default]
    Off,
    /// What is on a list is refused, be the list expired or not; what no list tells of passes.
    Soft(&'a [u8]),
    /// A list that has begun and has not expired must tell of each certificate, and no list may have it.
    Hard(&'a [u8]),
}

/// How an OCSP response is used that the server staples to its own certificate (RFC 6066 section 8):
/// it must be signed by the authority that issued the certificate, or by whom that has authorised for
/// it directly (RFC 6960 section 4.2.2.2), be in date, and say that the certificate is good. Servers are
/// asked for one whatever the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stapling {
    /// Not at all.
    #[default]
    Off,
    /// A response that comes must be good; none need come, unless the certificate says so (RFC 7633).
    Soft,
    /// A good one must come.
    Hard,
}

/// Most certificates between a server's and its root that rustls-webpki will chain.
pub(super) const MAX_INTERMEDIATES: usize = 6;

impl<'a> Policy<'a> {
    /// Trust in `roots`, nothing pinned, no revocation lists, the wall clock as it is.
    #[must_use]
    pub const fn new(roots: Roots<'a>) -> Self {
        Self {
            roots,
            pins: &[],
            disallowed: &[],
            disallowed_sha1: &[],
            disallowed_keys: &[],
            intermediates: &[],
            revocation: Revocation::Off,
            stapling: Stapling::Off,
            clock: ClockPolicy::UNBOUNDED,
            web_profile: false,
            max_intermediates: MAX_INTERMEDIATES,
            identity: None,
            identity_for: None,
            protocol: Protocol::HTTP,
        }
    }

    /// What tells this policy from others.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let (built_in, private) = self.roots.parts();
        field(&mut hash, &[u8::from(built_in)]);
        field(&mut hash, private);
        field(&mut hash, self.pins.as_flattened());
        field(&mut hash, self.disallowed.as_flattened());
        field(&mut hash, self.disallowed_sha1.as_flattened());
        field(&mut hash, self.disallowed_keys.as_flattened());
        field(&mut hash, self.intermediates);
        let (mode, lists) = match self.revocation {
            Revocation::Off => (0, &[][..]),
            Revocation::Soft(lists) => (1, lists),
            Revocation::Hard(lists) => (2, lists),
        };
        field(&mut hash, &[mode, self.stapling as u8]);
        field(&mut hash, lists);
        let (strict, floor) = match self.clock {
            ClockPolicy::Strict(floor) => (1, floor),
            ClockPolicy::Floor(floor) => (0, floor),
        };
        field(&mut hash, &[strict, u8::from(self.web_profile)]);
        field(&mut hash, &floor.as_nanos().to_be_bytes());
        field(&mut hash, &self.max_intermediates.to_be_bytes());
        self.protocol.digest(&mut hash);
        let (host, port) = self.identity_for.unwrap_or_default();
        field(&mut hash, host.as_bytes());
        field(&mut hash, &port.to_be_bytes());
        if let Some(identity) = &self.identity {
            identity.digest(&mut hash);
        }
        hash.finalize().into()
    }
}

impl<'a> Roots<'a> {
    /// Whether Mozilla's roots are among them, and the private ones.
    pub(crate) const fn parts(self) -> (bool, &'a [u8]) {
        match self {
            Self::BuiltIn => (true, &[]),
            Self::Only(bytes) => (false, bytes),
            Self::BuiltInAnd(bytes) => (true, bytes),
        }
    }
}

/// Hashes `bytes` such that fields cannot run into each other.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_be_bytes());
    hash.update(bytes);
}
