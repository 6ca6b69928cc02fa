//! Certificates as Windows keeps them in the registry.
//!
//! Below `SOFTWARE\Microsoft\SystemCertificates\{ROOT,AuthRoot,CA,Disallowed}\Certificates` there is a
//! key for each certificate, named by its SHA-1 digest, whose value `Blob` is a list of properties
//! ([MS-GPEF] section 2.2.1.2.2, `CertSerializeCertificateStoreElement`):
//!
//! ```text
//! u32 property | u32 reserved | u32 length | length bytes | ... all little-endian
//! ```

use core::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::SectionKind;
use wskhttp_core::io::Error;

use crate::Platform;
use crate::trust::certificate::{Certificate, has_server_auth, split};
use crate::trust::{fingerprint, pem, revocation};

/// A certificate and what the machine's administrator said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCertificate<'a> {
    /// The certificate, DER.
    pub certificate: &'a [u8],
    /// The purposes for which it is good, DER of extKeyUsage; for all without.
    purposes: Option<&'a [u8]>,
    /// The purposes for which it is not.
    disallowed_purposes: Option<&'a [u8]>,
    /// Since when it is not good at all.
    disallowed_since: Option<Duration>,
    /// Whether it is good for some servers only, in a way that is not looked into.
    restricted: bool,
}

/// What a blob says that is none of a certificate's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBlob {
    /// A property is longer than what is left, or there are too many.
    Malformed,
    /// There is no certificate in it, as in entries of `Disallowed` that name one by a digest.
    NoCertificate,
}

impl<'a> StoredCertificate<'a> {
    /// Takes the `Blob` of one registry key apart. Properties that are not known are skipped; of one
    /// that is there twice the first counts.
    ///
    /// # Errors
    /// The blob is malformed, or holds no certificate.
    pub fn parse(blob: &'a [u8]) -> Result<Self, BadBlob> {
        let mut left = blob;
        let mut found = [None; KNOWN.len()];
        for _ in 0..MAX_PROPERTIES {
            if left.is_empty() {
                break;
            }
            let (property, value, after) = property(left).ok_or(BadBlob::Malformed)?;
            left = after;
            let slot = KNOWN.iter().position(|known| *known == property);
            if let Some(slot) = slot.and_then(|slot| found.get_mut(slot)) {
                slot.get_or_insert(value);
            }
        }
        let [
            certificate,
            purposes,
            disallowed_purposes,
            since,
            names,
            not_before,
            not_before_purposes,
            authorities_since,
        ] = found;
        if !left.is_empty() {
            return Err(BadBlob::Malformed);
        }
        let certificate = certificate.ok_or(BadBlob::NoCertificate)?;
        match split(certificate) {
            Some((_, [])) => {}
            _ => return Err(BadBlob::Malformed),
        }
        Ok(Self {
            certificate,
            purposes,
            disallowed_purposes,
            disallowed_since: match since {
                None => None,
                Some(time) => Some(filetime(time).ok_or(BadBlob::Malformed)?),
            },
            restricted: names.or(authorities_since).is_some()
                || (not_before.is_some()
                    && not_before_purposes.is_none_or(|list| has_server_auth(list) != Some(false))),
        })
    }

    /// The SHA-256 digest of what is signed in the certificate, as
    /// [`Policy::disallowed`](crate::Policy) has it; of the whole if it is not DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        fingerprint::of(fingerprint::signed(self.certificate).unwrap_or(self.certificate))
    }

    /// The SHA-256 digest of the key of a certificate that is its own issuer's, as
    /// [`Policy::disallowed_keys`](crate::Policy) has it; `None` for others.
    #[must_use]
    pub fn root_key(&self) -> Option<[u8; 32]> {
        let parsed = Certificate::parse(self.certificate)
            .or_else(|| Certificate::parse_version1(self.certificate))?;
        (parsed.issuer == parsed.subject).then(|| fingerprint::of(parsed.spki))
    }

    /// Whether it can be an authority between a server and a root.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        Certificate::parse(self.certificate)
            .is_some_and(|parsed| parsed.basic_constraints().is_some_and(|found| found.ca))
    }

    /// Whether it can be a root at all, so that [`Roots`](crate::Roots) takes it.
    #[must_use]
    pub fn is_root(&self) -> bool {
        webpki::anchor_from_trusted_cert(&CertificateDer::from(self.certificate)).is_ok()
    }

    /// Whether it is good as a root for servers at `now`, which is since 1970-01-01 00:00 UTC: its
    /// purposes, if it has any set, must be those of a server, and it must not be withdrawn by then.
    #[must_use]
    pub fn is_for_servers(&self, now: Duration) -> bool {
        self.purposes
            .is_none_or(|list| has_server_auth(list) == Some(true))
            && self
                .disallowed_purposes
                .is_none_or(|list| has_server_auth(list) == Some(false))
            && self.disallowed_since.is_none_or(|since| now < since)
            && !self.restricted
    }

    /// Whether Windows takes it for some servers only: for names below some domains, if their own
    /// certificates or those of authorities are from before some date. It is not good for servers here,
    /// where none of this is looked into.
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// Since when it is withdrawn, since 1970-01-01 00:00 UTC; `None` if it is not to be.
    #[must_use]
    pub const fn withdrawn(&self) -> Option<Duration> {
        self.disallowed_since
    }
}

/// Calls `each` with every root in `bytes`, which are DER one after the other or PEM, as
/// [`Roots`](crate::Roots) takes them. False if something in it is no root: then nothing of it is to be
/// used. `platform` promises the memory.
///
/// # Errors
/// Those of `each`; no memory.
pub fn each_root(
    platform: &Platform,
    bytes: &[u8],
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    let mut good = true;
    let whole = pem::each_promised(platform, bytes, SectionKind::Certificate, |der| {
        good &= webpki::anchor_from_trusted_cert(&CertificateDer::from(der)).is_ok();
        if good { each(der) } else { Ok(()) }
    })?;
    Ok(whole && good)
}

/// The same for revocation lists, as [`Revocation`](crate::Revocation) takes them.
///
/// # Errors
/// Those of `each`; no memory.
pub fn each_list(
    platform: &Platform,
    bytes: &[u8],
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    let mut good = true;
    let whole = pem::each_promised(platform, bytes, SectionKind::Crl, |der| {
        good &= revocation::is_list(der);
        if good { each(der) } else { Ok(()) }
    })?;
    Ok(whole && good)
}

/// The digest of what is signed in a certificate of which there is only that in `blob`, by the hash of
/// its signature (CERT_SIGNATURE_HASH_PROP_ID).
#[must_use]
pub fn signature_hash(blob: &[u8]) -> Option<&[u8]> {
    const SIGNATURE_HASH: u32 = 15;
    let mut left = blob;
    for _ in 0..MAX_PROPERTIES {
        let (number, value, after) = property(left)?;
        if number == SIGNATURE_HASH {
            return Some(value);
        }
        left = after;
    }
    None
}

/// CERT_CERT_PROP_ID, CERT_ENHKEY_USAGE_PROP_ID, CERT_DISALLOWED_ENHKEY_USAGE_PROP_ID,
/// CERT_DISALLOWED_FILETIME_PROP_ID, CERT_ROOT_PROGRAM_NAME_CONSTRAINTS_PROP_ID,
/// CERT_NOT_BEFORE_FILETIME_PROP_ID, CERT_NOT_BEFORE_ENHKEY_USAGE_PROP_ID,
/// CERT_DISALLOWED_CA_FILETIME_PROP_ID of wincrypt.h.
const KNOWN: [u32; 8] = [32, 9, 122, 104, 84, 126, 127, 128];
/// Most properties that are looked at; Windows sets about a dozen.
const MAX_PROPERTIES: usize = 256;

/// The first property of `blob`: its number, its value, what follows.
fn property(blob: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (property, rest) = blob.split_first_chunk::<4>()?;
    let (_reserved, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (value, after) = rest.split_at_checked(length)?;
    Some((u32::from_le_bytes(*property), value, after))
}

/// A FILETIME: steps of 100 ns since 1601. A time before 1970 is 1970; zero means always.
fn filetime(value: &[u8]) -> Option<Duration> {
    /// Seconds from 1601 to 1970.
    const EPOCH: u64 = 11_644_473_600;
    let ticks = u64::from_le_bytes(value.try_into().ok()?);
    Some(Duration::from_secs(
        (ticks / 10_000_000).saturating_sub(EPOCH),
    ))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const CERTIFICATE: &[u8] = &[0x30, 3, 2, 1, 1];
    const SERVER: &[u8] = &[0x30, 10, 6, 8, 0x2B, 6, 1, 5, 5, 7, 3, 1];
    const CLIENT: &[u8] = &[0x30, 10, 6, 8, 0x2B, 6, 1, 5, 5, 7, 3, 2];
    const NOW: Duration = Duration::from_secs(1_767_225_600);

    fn blob(properties: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (property, value) in properties {
            bytes.extend(property.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
            bytes.extend(*value);
        }
        bytes
    }

    fn time(since: Duration) -> [u8; 8] {
        ((since.as_secs() + 11_644_473_600) * 10_000_000).to_le_bytes()
    }

    #[test]
    fn properties_are_told_apart() {
        let whole = blob(&[
            (3, &[7; 20]),
            (32, CERTIFICATE),
            (11, b"n\0a\0m\0e\0\0\0"),
            (32, &[0x30, 0]),
        ]);
        let stored = StoredCertificate::parse(&whole).expect("a certificate");
        assert_eq!(stored.certificate, CERTIFICATE);
        assert!(stored.is_for_servers(NOW));
        for length in 1..whole.len() {
            // Cut between properties it is another blob.
            let cut = StoredCertificate::parse(&whole[..length]);
            assert!(
                cut.is_err() || blob(&[(3, &[7; 20]), (32, CERTIFICATE)]).len() <= length,
                "{length}"
            );
        }
        assert_eq!(StoredCertificate::parse(&[]), Err(BadBlob::NoCertificate));
        assert_eq!(
            StoredCertificate::parse(&blob(&[(3, &[7; 20])])),
            Err(BadBlob::NoCertificate)
        );
        let mut long = blob(&[(32, CERTIFICATE)]);
        long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(StoredCertificate::parse(&long), Err(BadBlob::Malformed));
        for odd in [&[0x30, 9, 2][..], &[0x30, 0, 0], &[]] {
            assert_eq!(
                StoredCertificate::parse(&blob(&[(32, odd)])),
                Err(BadBlob::Malformed)
            );
        }
        let many: Vec<(u32, &[u8])> = (0..300).map(|_| (1000, &[][..])).collect();
        assert_eq!(
            StoredCertificate::parse(&blob(&many)),
            Err(BadBlob::Malformed)
        );
    }

    #[test]
    fn purposes_and_withdrawal() {
        let judge = |more: (u32, &[u8])| {
            let bytes = blob(&[(32, CERTIFICATE), more]);
            StoredCertificate::parse(&bytes).map(|stored| stored.is_for_servers(NOW))
        };
        assert_eq!(judge((9, SERVER)), Ok(true));
        assert_eq!(judge((9, CLIENT)), Ok(false));
        assert_eq!(judge((9, b"odd")), Ok(false));
        assert_eq!(judge((122, SERVER)), Ok(false));
        assert_eq!(judge((122, CLIENT)), Ok(true));
        assert_eq!(judge((122, b"odd")), Ok(false));
        assert_eq!(judge((104, &time(NOW + Duration::from_secs(1)))), Ok(true));
        assert_eq!(judge((104, &time(NOW))), Ok(false));
        assert_eq!(judge((104, &[0; 8])), Ok(false));
        assert_eq!(judge((104, &[0; 7])), Err(BadBlob::Malformed));
        for restriction in [84, 126, 128] {
            assert_eq!(judge((restriction, &[0; 8])), Ok(false), "{restriction}");
        }
        for (purposes, good) in [(SERVER, false), (CLIENT, true), (b"odd", false)] {
            let bytes = blob(&[(32, CERTIFICATE), (126, &[0; 8]), (127, purposes)]);
            let stored = StoredCertificate::parse(&bytes).expect("a certificate");
            assert_eq!(stored.is_for_servers(NOW), good);
            assert_eq!(stored.is_restricted(), !good);
        }
    }

    #[test]
    fn entries_that_are_digests() {
        assert_eq!(signature_hash(&blob(&[(3, &[7; 20])])), None);
        let with = blob(&[(3, &[7; 20]), (15, &[8; 32])]);
        assert_eq!(signature_hash(&with), Some(&[8; 32][..]));
        assert_eq!(signature_hash(&with[..with.len() - 1]), None);
    }
}
