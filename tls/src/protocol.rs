//! What is offered to servers.

use alloc::vec::Vec;

use rustls::crypto::{SupportedKxGroup, WebPkiSupportedAlgorithms};
use rustls::version::{TLS12, TLS13};
use rustls::{SignatureScheme, SupportedProtocolVersion};
use sha2::{Digest, Sha256};
use wskhttp_core::fallible::{copied, push, room};
use wskhttp_core::io::{Error, Kind, Phase};

use crate::crypto::Set;

/// What is offered to servers. Numbers are those of the IANA's TLS registries.
#[derive(Clone, Copy, Debug)]
pub struct Protocol<'a> {
    /// The versions, oldest first.
    pub versions: Versions,
    /// Groups for the key exchange, best first: x25519 (29), secp256r1 (23), secp384r1 (24), and
    /// X25519MLKEM768 (4588). Empty for all but the last, in that order. TLS 1.3 sends a share of the
    /// first; if that is X25519MLKEM768, also of x25519 if it is among them.
    pub groups: &'a [u16],
    /// Schemes for the server's signature of the handshake, best first. Empty for all.
    pub signatures: &'a [u16],
    /// Application protocols (RFC 7301), best first. Empty to offer none.
    pub applications: &'a [&'a [u8]],
}

/// Which versions of TLS are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    All,
    /// TLS 1.3.
    Tls13,
    /// TLS 1.2.
    Tls12,
}

impl Protocol<'_> {
    /// Everything, for HTTP/1.1.
    pub const HTTP: Self = Self {
        versions: Versions::All,
        groups: &[],
        signatures: &[],
        applications: &[b"http/1.1"],
    };

    pub(crate) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        static ONLY_13: [&SupportedProtocolVersion; 1] = [&TLS13];
        static ONLY_12: [&SupportedProtocolVersion; 1] = [&TLS12];
        match self.versions {
            Versions::All => &ALL,
            Versions::Tls13 => &ONLY_13,
            Versions::Tls12 => &ONLY_12,
        }
    }

    /// Leaves in `crypto` what is to be offered.
    ///
    /// # Errors
    /// Phase `Request`: a group is not known.
    pub(crate) fn restrict(&self, crypto: &mut Set) -> Result<(), Error> {
        if self.groups.is_empty() {
            return Ok(());
        }
        let unknown = if crypto.exclusive {
            "the crypto policy is fips, which has no such key exchange group"
        } else {
            "a key exchange group is not known"
        };
        let known = core::mem::take(&mut crypto.provider.kx_groups);
        let find = |number: u16| -> Option<&'static dyn SupportedKxGroup> {
            known
                .iter()
                .chain(&crypto.on_request)
                .copied()
                .find(|group| u16::from(group.name()) == number)
        };
        for &number in self.groups {
            let group = find(number).ok_or(invalid(unknown))?;
            push(&mut crypto.provider.kx_groups, group).map_err(|_| no_memory())?;
        }
        Ok(())
    }

    /// The signature schemes to offer, of those that there are `algorithms` for.
    ///
    /// # Errors
    /// Phase `Request`: a scheme is not known; no memory.
    pub(crate) fn schemes(
        &self,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<Vec<SignatureScheme>, Error> {
        let mut schemes = algorithms.supported_schemes();
        if self.signatures.is_empty() {
            return Ok(schemes);
        }
        let known = core::mem::take(&mut schemes);
        schemes
            .try_reserve_exact(self.signatures.len())
            .map_err(|_| no_memory())?;
        for &number in self.signatures {
            let scheme = SignatureScheme::from(number);
            if !known.contains(&scheme) {
                return Err(invalid("a signature scheme is not known"));
            }
            schemes.push(scheme);
        }
        Ok(schemes)
    }

    /// # Errors
    /// No memory.
    pub(crate) fn applications(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut all = room(self.applications.len()).map_err(|_| no_memory())?;
        for name in self.applications {
            if name.is_empty() || name.len() > usize::from(u8::MAX) {
                return Err(invalid("an application protocol has 1 to 255 bytes"));
            }
            all.push(copied(name).map_err(|_| no_memory())?);
        }
        Ok(all)
    }

    /// What tells this from others.
    pub(crate) fn digest(&self, hash: &mut Sha256) {
        hash.update([self.versions as u8]);
        for list in [self.groups, self.signatures] {
            hash.update(list.len().to_be_bytes());
            for number in list {
                hash.update(number.to_be_bytes());
            }
        }
        hash.update(self.applications.len().to_be_bytes());
        for name in self.applications {
            hash.update(name.len().to_be_bytes());
            hash.update(name);
        }
    }
}

impl Default for Protocol<'_> {
    fn default() -> Self {
        Self::HTTP
    }
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(Phase::Request, Kind::NoResources, "no memory for TLS")
}
