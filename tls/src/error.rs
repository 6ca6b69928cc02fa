//! Errors of rustls in the words of this stack.

mod alert;
mod misbehaved;

use alloc::string::String;

use rustls::{AlertDescription, CertificateError, Error as Tls, PeerIncompatible};
use wskhttp_core::io::{Error, Kind, Phase};

use crate::trust::Rejection;

/// `error` in phase `Tls`.
pub(crate) fn of(error: &Tls) -> Error {
    let (kind, cause) = match error {
        Tls::InvalidCertificate(error) => certificate(error),
        Tls::NoCertificatesPresented => (
            Kind::CertificateInvalid,
            "the server presented no certificate",
        ),
        Tls::AlertReceived(alert) => received(*alert),
        Tls::PeerIncompatible(error) => incompatible(error),
        Tls::InvalidMessage(error) => (Kind::TlsMisbehaved, misbehaved::malformed(error)),
        Tls::InappropriateMessage { .. } | Tls::InappropriateHandshakeMessage { .. } => (
            Kind::TlsMisbehaved,
            "the peer sent a TLS message that was not its turn",
        ),
        Tls::DecryptError => (
            Kind::TlsMisbehaved,
            "a TLS record was damaged or forged on its way",
        ),
        Tls::PeerSentOversizedRecord => (
            Kind::TlsMisbehaved,
            "the peer sent a TLS record that is too large",
        ),
        Tls::PeerMisbehaved(error) => (Kind::TlsMisbehaved, misbehaved::words(error)),
        Tls::NoApplicationProtocol => (Kind::TlsIncompatible, "the server does not offer HTTP/1.1"),
        Tls::General(words) if words.is_empty() => {
            (Kind::NoResources, "no memory for a larger stack")
        }
        Tls::FailedToGetRandomBytes => (Kind::TlsInternal, "there is no randomness"),
        Tls::FailedToGetCurrentTime => (Kind::TlsInternal, "the wall clock is not set"),
        _ => (Kind::TlsInternal, "the TLS client failed"),
    };
    Error::new(Phase::Tls, kind, cause)
}

/// A part of our own that failed.
pub(crate) const fn internal(cause: &'static str) -> Error {
    Error::new(Phase::Tls, Kind::TlsInternal, cause)
}

/// A stack that was not to be had, for which rustls has no word.
pub(crate) const fn no_stack() -> Tls {
    Tls::General(String::new())
}

/// Memory that was not to be had.
pub(crate) const fn no_memory() -> Error {
    Error::new(Phase::Tls, Kind::NoResources, "no memory for TLS")
}

fn certificate(error: &CertificateError) -> (Kind, &'static str) {
    if let Some(rejection) = Rejection::of_tls(error) {
        return rejection.words();
    }
    match error {
        CertificateError::BadSignature => (
            Kind::CertificateInvalid,
            "the server's signature of the handshake is wrong",
        ),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            Kind::CertificateInvalid,
            "the server signed the handshake with an algorithm that does not fit its key",
        ),
        _ => (
            Kind::CertificateInvalid,
            "the certificate is not acceptable",
        ),
    }
}

const fn incompatible(error: &PeerIncompatible) -> (Kind, &'static str) {
    use PeerIncompatible as P;
    match error {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => NO_VERSION,
        P::NoSignatureSchemesInCommon => (
            Kind::TlsIncompatible,
            "the server and the client share no signature scheme",
        ),
        P::NoKxGroupsInCommon | P::NamedGroupsExtensionRequired => (
            Kind::TlsIncompatible,
            "the server and the client share no key exchange group",
        ),
        _ => (
            Kind::TlsIncompatible,
            "the server and the client have no TLS parameters in common",
        ),
    }
}

const fn received(alert: AlertDescription) -> (Kind, &'static str) {
    match alert {
        AlertDescription::ProtocolVersion => NO_VERSION,
        alert => (Kind::TlsAlert, alert::words(alert)),
    }
}

const NO_VERSION: (Kind, &str) = (Kind::TlsVersion, "the server does not speak TLS 1.2 or 1.3");
