//! Fatal alerts of a peer (RFC 8446 section 6.2).

use rustls::AlertDescription;

/// Words for `alert`.
pub(super) const fn words(alert: AlertDescription) -> &'static str {
    use AlertDescription as A;
    match alert {
        A::UnexpectedMessage => "the server found a message out of turn (alert unexpected_message)",
        A::BadRecordMac => "the server could not decrypt what was sent (alert bad_record_mac)",
        A::DecryptError => "the server found a signature or a Finished wrong (alert decrypt_error)",
        A::RecordOverflow => "the server found a record too large (alert record_overflow)",
        A::HandshakeFailure => {
            "the server accepts none of the offered TLS parameters (alert handshake_failure)"
        }
        A::InsufficientSecurity => {
            "the server finds the offered TLS parameters too weak (alert insufficient_security)"
        }
        A::BadCertificate => "the server refuses the client certificate (alert bad_certificate)",
        A::UnsupportedCertificate => {
            "the server refuses the client certificate (alert unsupported_certificate)"
        }
        A::CertificateRevoked => {
            "the server refuses the client certificate as revoked (alert certificate_revoked)"
        }
        A::CertificateExpired => {
            "the server refuses the client certificate as expired (alert certificate_expired)"
        }
        A::CertificateUnknown => {
            "the server refuses the client certificate (alert certificate_unknown)"
        }
        A::UnknownCA => {
            "the server does not trust the client certificate's issuer (alert unknown_ca)"
        }
        A::CertificateRequired | A::NoCertificate => {
            "the server demands a client certificate (alert certificate_required)"
        }
        A::IllegalParameter => {
            "the server found what was sent contradictory (alert illegal_parameter)"
        }
        A::AccessDenied => "the server denies access (alert access_denied)",
        A::DecodeError => "the server could not read what was sent (alert decode_error)",
        A::InternalError => "the server failed (alert internal_error)",
        A::InappropriateFallback => {
            "the server speaks a newer TLS than was offered (alert inappropriate_fallback)"
        }
        A::UserCanceled => "the server gave up (alert user_canceled)",
        A::MissingExtension => "the server misses an extension (alert missing_extension)",
        A::UnsupportedExtension => {
            "the server does not take an extension (alert unsupported_extension)"
        }
        A::UnrecognisedName => "the server does not know this host name (alert unrecognized_name)",
        A::UnknownPSKIdentity => {
            "the server does not know the session (alert unknown_psk_identity)"
        }
        A::NoApplicationProtocol => {
            "the server does not offer HTTP/1.1 (alert no_application_protocol)"
        }
        _ => "the server ended TLS with a fatal alert",
    }
}
