//! Rejections as errors of rustls, and back.

use alloc::vec::Vec;
use core::time::Duration;

use rustls::{CertificateError, ExtendedKeyPurpose};
use rustls_pki_types::UnixTime;

use super::Rejection;

impl Rejection {
    /// What rustls is to fail with: it decides on the alert.
    pub(crate) fn to_tls(self) -> rustls::Error {
        let error = match self {
            Self::UnknownIssuer => CertificateError::UnknownIssuer,
            Self::Name => CertificateError::NotValidForName,
            Self::Expired => CertificateError::Expired,
            Self::NotYetValid => CertificateError::NotValidYet,
            Self::Revoked => CertificateError::Revoked,
            Self::RevocationUnknown => CertificateError::UnknownRevocationStatus,
            Self::CrlExpired => CertificateError::ExpiredRevocationList,
            Self::Malformed => CertificateError::BadEncoding,
            Self::Critical => CertificateError::UnhandledCriticalExtension,
            Self::Pin => CertificateError::ApplicationVerificationFailure,
            Self::StapleMalformed => CertificateError::InvalidOcspResponse,
            Self::Purpose => CertificateError::InvalidPurpose,
            other => other.packed(),
        };
        rustls::Error::InvalidCertificate(error)
    }

    /// Undoes [`Rejection::to_tls`], for errors that can come from there.
    pub(crate) fn of_tls(error: &CertificateError) -> Option<Self> {
        Some(match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName => Self::Name,
            CertificateError::Expired => Self::Expired,
            CertificateError::NotValidYet => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownRevocationStatus => Self::RevocationUnknown,
            CertificateError::ExpiredRevocationList => Self::CrlExpired,
            CertificateError::BadEncoding => Self::Malformed,
            CertificateError::UnhandledCriticalExtension => Self::Critical,
            CertificateError::ApplicationVerificationFailure => Self::Pin,
            CertificateError::InvalidOcspResponse => Self::StapleMalformed,
            CertificateError::InvalidPurpose => Self::Purpose,
            CertificateError::ExpiredRevocationListContext { time, .. } => {
                let code = usize::try_from(time.as_secs()).ok()?;
                Self::unpack(&Self::UNKNOWN_CA, code)?
            }
            CertificateError::InvalidPurposeContext {
                required: ExtendedKeyPurpose::Other(code),
                ..
            } => Self::unpack(&Self::UNSUPPORTED, *code.first()?)?,
            _ => return None,
        })
    }

    fn packed(self) -> CertificateError {
        let code = self as usize;
        if Self::UNKNOWN_CA.contains(&self) {
            let code = u64::try_from(code).unwrap_or_default();
            return CertificateError::ExpiredRevocationListContext {
                time: UnixTime::since_unix_epoch(Duration::from_secs(code)),
                next_update: UnixTime::since_unix_epoch(Duration::ZERO),
            };
        }
        let mut number = Vec::new();
        if number.try_reserve_exact(1).is_err() {
            return CertificateError::InvalidPurpose;
        }
        number.push(code);
        CertificateError::InvalidPurposeContext {
            required: ExtendedKeyPurpose::Other(number),
            presented: Vec::new(),
        }
    }

    fn unpack(packed: &[Self], code: usize) -> Option<Self> {
        packed.iter().copied().find(|one| *one as usize == code)
    }

    const UNKNOWN_CA: [Self; 18] = [
        Self::SelfSigned,
        Self::Incomplete,
        Self::CrlInvalid,
        Self::AnchorExpired,
        Self::AnchorNotYetValid,
        Self::AnchorNotAuthority,
        Self::Distrusted,
        Self::Disallowed,
        Self::StapleMissing,
        Self::StapleTooLarge,
        Self::StapleFailed,
        Self::StapleForeign,
        Self::StapleResponder,
        Self::StapleSignature,
        Self::StapleNotYetValid,
        Self::StapleExpired,
        Self::StapleUnknown,
        Self::StapleRevoked,
    ];

    const UNSUPPORTED: [Self; 28] = [
        Self::BadSignature,
        Self::SignatureAlgorithm,
        Self::NoPurpose,
        Self::Version,
        Self::Validity,
        Self::AuthorityAsServer,
        Self::NotAuthority,
        Self::KeyCertSign,
        Self::ServerKeyUsage,
        Self::ServerKey,
        Self::AuthorityKey,
        Self::PathLength,
        Self::NameConstraints,
        Self::NameConstraintsMalformed,
        Self::NameMalformed,
        Self::NoName,
        Self::Duplicate,
        Self::Criticality,
        Self::Serial,
        Self::AuthorityNameless,
        Self::TooManyCertificates,
        Self::TooLarge,
        Self::TooDeep,
        Self::TooManyPaths,
        Self::TooManySignatures,
        Self::TooManyNames,
        Self::TooManyExtensions,
        Self::NoMemory,
    ];
}
