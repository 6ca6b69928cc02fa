//! The rules by which a certificate chain is refused.

mod packed;

use wskhttp_core::io::{Error, Kind, Phase};

/// Which rule refused a chain.
///
/// rustls without std carries no error of others through a handshake, so [`Rejection::to_tls`]
/// packs those that it has no name for into variants with room for a number: one that makes it
/// tell the server unknown_ca, one for unsupported_certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    UnknownIssuer,
    SelfSigned,
    Incomplete,
    Name,
    Expired,
    NotYetValid,
    Revoked,
    RevocationUnknown,
    CrlExpired,
    CrlInvalid,
    Malformed,
    BadSignature,
    SignatureAlgorithm,
    Critical,
    Purpose,
    NoPurpose,
    Version,
    Validity,
    AuthorityAsServer,
    NotAuthority,
    KeyCertSign,
    ServerKeyUsage,
    ServerKey,
    AuthorityKey,
    PathLength,
    NameConstraints,
    NameConstraintsMalformed,
    NameMalformed,
    NoName,
    Duplicate,
    Criticality,
    Serial,
    AuthorityNameless,
    AnchorExpired,
    AnchorNotYetValid,
    AnchorNotAuthority,
    Distrusted,
    Disallowed,
    Pin,
    StapleMissing,
    StapleMalformed,
    StapleTooLarge,
    StapleFailed,
    StapleForeign,
    StapleResponder,
    StapleSignature,
    StapleNotYetValid,
    StapleExpired,
    StapleUnknown,
    StapleRevoked,
    TooManyCertificates,
    TooLarge,
    TooDeep,
    TooManyPaths,
    TooManySignatures,
    TooManyNames,
    TooManyExtensions,
    NoMemory,
}

impl Rejection {
    /// The error of a handshake that this ends.
    pub(crate) const fn error(self) -> Error {
        let (kind, cause) = self.words();
        Error::new(Phase::Tls, kind, cause)
    }

    pub(crate) const fn words(self) -> (Kind, &'static str) {
        use Kind::CertificateInvalid as Invalid;
        match self {
            Self::UnknownIssuer => (
                Kind::UnknownIssuer,
                "the certificate's issuer is not trusted",
            ),
            Self::SelfSigned => (
                Kind::UnknownIssuer,
                "the certificate is self-signed, and is not trusted itself",
            ),
            Self::Incomplete => (
                Kind::UnknownIssuer,
                "the certificate's issuer is not trusted, and the server sent nothing that leads to one that is",
            ),
            Self::Name => (
                Kind::NameMismatch,
                "the certificate is for another host name",
            ),
            Self::Expired => (Kind::CertificateExpired, "the certificate has expired"),
            Self::NotYetValid => (
                Kind::CertificateNotYetValid,
                "the certificate is not valid yet",
            ),
            Self::Revoked => (Kind::CertificateRevoked, "the certificate was revoked"),
            Self::RevocationUnknown => (
                Kind::RevocationUnknown,
                "no revocation list tells of the certificate, and the policy wants one",
            ),
            Self::CrlExpired => (
                Kind::RevocationUnknown,
                "the revocation list for the certificate has expired",
            ),
            Self::CrlInvalid => (
                Kind::RevocationUnknown,
                "the revocation list for the certificate is not signed by its issuer",
            ),
            Self::Malformed => (Invalid, "the certificate is malformed"),
            Self::BadSignature => (Invalid, "a signature of the certificate chain is wrong"),
            Self::SignatureAlgorithm => (
                Invalid,
                "the certificate is signed with an algorithm that is not accepted",
            ),
            Self::Critical => (
                Invalid,
                "the certificate has a critical extension that is not known",
            ),
            Self::Purpose => (Invalid, "the certificate is not for a TLS server"),
            Self::NoPurpose => (
                Invalid,
                "the certificate does not say that it is for a TLS server (no extKeyUsage)",
            ),
            Self::Version => (Invalid, "the certificate is not of version 3"),
            Self::Validity => (Invalid, "the certificate ends before it begins"),
            Self::AuthorityAsServer => (
                Invalid,
                "the server's certificate is that of an authority (CA:TRUE)",
            ),
            Self::NotAuthority => (
                Invalid,
                "an issuing certificate is not that of an authority (CA:FALSE)",
            ),
            Self::KeyCertSign => (
                Invalid,
                "an issuing certificate's keyUsage does not allow it to sign certificates",
            ),
            Self::ServerKeyUsage => (
                Invalid,
                "the certificate's keyUsage does not allow it to sign a handshake",
            ),
            Self::ServerKey => (
                Invalid,
                "the certificate's key is too weak or of an unknown kind",
            ),
            Self::AuthorityKey => (
                Invalid,
                "an authority's key is too weak or of an unknown kind",
            ),
            Self::PathLength => (
                Invalid,
                "the chain is longer than an authority's pathLenConstraint allows",
            ),
            Self::NameConstraints => (
                Invalid,
                "the certificate's names are outside of its authority's nameConstraints",
            ),
            Self::NameConstraintsMalformed => {
                (Invalid, "an authority's nameConstraints are malformed")
            }
            Self::NameMalformed => (Invalid, "a name in the certificate is malformed"),
            Self::NoName => (Invalid, "the certificate has no subjectAltName"),
            Self::Duplicate => (Invalid, "a certificate has the same extension twice"),
            Self::Criticality => (
                Invalid,
                "an extension of a certificate is critical, or is not, against RFC 5280",
            ),
            Self::Serial => (Invalid, "a certificate's serial number is not acceptable"),
            Self::AuthorityNameless => (Invalid, "an authority's certificate has no subject"),
            Self::AnchorExpired => (
                Kind::CertificateExpired,
                "the trusted root of the certificate has expired",
            ),
            Self::AnchorNotYetValid => (
                Kind::CertificateNotYetValid,
                "the trusted root of the certificate is not valid yet",
            ),
            Self::AnchorNotAuthority => (
                Invalid,
                "the trusted root of the certificate is not that of an authority",
            ),
            Self::Distrusted => (Invalid, "the certificate's authority is distrusted"),
            Self::Disallowed => (
                Invalid,
                "the certificate or an authority of it is on the list of disallowed ones",
            ),
            Self::Pin => (
                Kind::PinMismatch,
                "no key in the certificate chain is a pinned one",
            ),
            Self::StapleMissing => (
                Kind::RevocationUnknown,
                "the server stapled no OCSP response, and the policy or the certificate wants one",
            ),
            Self::StapleMalformed => (
                Kind::RevocationUnknown,
                "the stapled OCSP response is malformed",
            ),
            Self::StapleTooLarge => (
                Kind::RevocationUnknown,
                "the stapled OCSP response is too large",
            ),
            Self::StapleFailed => (
                Kind::RevocationUnknown,
                "the stapled OCSP response says that its responder failed",
            ),
            Self::StapleForeign => (
                Kind::RevocationUnknown,
                "the stapled OCSP response tells of another certificate",
            ),
            Self::StapleResponder => (
                Kind::RevocationUnknown,
                "the stapled OCSP response is of nobody whom the certificate's issuer has authorised",
            ),
            Self::StapleSignature => (
                Kind::RevocationUnknown,
                "the signature of the stapled OCSP response is wrong",
            ),
            Self::StapleNotYetValid => (
                Kind::RevocationUnknown,
                "the stapled OCSP response is not valid yet",
            ),
            Self::StapleExpired => (
                Kind::RevocationUnknown,
                "the stapled OCSP response has expired",
            ),
            Self::StapleUnknown => (
                Kind::RevocationUnknown,
                "the stapled OCSP response does not know the certificate",
            ),
            Self::StapleRevoked => (
                Kind::CertificateRevoked,
                "the certificate was revoked, by the stapled OCSP response",
            ),
            Self::TooManyCertificates => (Invalid, "the server sent too many certificates"),
            Self::TooLarge => (Invalid, "the server's certificates are too large"),
            Self::TooDeep => (Invalid, "the certificate chain is too long"),
            Self::TooManyPaths => (
                Invalid,
                "the server's certificates can be chained in too many ways",
            ),
            Self::TooManySignatures => (
                Invalid,
                "the server's certificates have too many signatures to check",
            ),
            Self::TooManyNames => (Invalid, "a certificate has too many names"),
            Self::TooManyExtensions => (Invalid, "a certificate has too many extensions"),
            Self::NoMemory => (Kind::NoResources, "no memory for TLS"),
        }
    }
}

impl From<webpki::Error> for Rejection {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error as E;
        match error {
            E::UnknownIssuer => Self::UnknownIssuer,
            E::CertNotValidForName(_) => Self::Name,
            E::CertExpired { .. } => Self::Expired,
            E::CertNotValidYet { .. } => Self::NotYetValid,
            E::CertRevoked => Self::Revoked,
            E::UnknownRevocationStatus => Self::RevocationUnknown,
            E::CrlExpired { .. } => Self::CrlExpired,
            E::InvalidCrlSignatureForPublicKey
            | E::IssuerNotCrlSigner
            | E::UnsupportedCrlSignatureAlgorithmContext(_)
            | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Self::CrlInvalid,
            E::InvalidSignatureForPublicKey | E::SignatureAlgorithmMismatch => Self::BadSignature,
            E::UnsupportedSignatureAlgorithmContext(_)
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::SignatureAlgorithm,
            E::UnsupportedCriticalExtension => Self::Critical,
            E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Self::Purpose,
            E::UnsupportedCertVersion => Self::Version,
            E::InvalidCertValidity => Self::Validity,
            E::CaUsedAsEndEntity => Self::AuthorityAsServer,
            E::EndEntityUsedAsCa => Self::NotAuthority,
            E::PathLenConstraintViolated => Self::PathLength,
            E::NameConstraintViolation => Self::NameConstraints,
            E::MalformedNameConstraint | E::InvalidNetworkMaskConstraint => {
                Self::NameConstraintsMalformed
            }
            E::MalformedDnsIdentifier | E::UnsupportedNameType => Self::NameMalformed,
            E::CertDistrusted => Self::Distrusted,
            E::MaximumPathDepthExceeded => Self::TooDeep,
            E::MaximumPathBuildCallsExceeded => Self::TooManyPaths,
            E::MaximumSignatureChecksExceeded => Self::TooManySignatures,
            E::MaximumNameConstraintComparisonsExceeded => Self::TooManyNames,
            E::InvalidSerialNumber => Self::Serial,
            _ => Self::Malformed,
        }
    }
}
