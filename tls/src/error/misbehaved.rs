//! How a peer can break the protocol.

use rustls::{InvalidMessage, PeerMisbehaved};

/// Words for `what`.
pub(super) const fn words(what: &PeerMisbehaved) -> &'static str {
    use PeerMisbehaved as P;
    match what {
        P::AttemptedDowngradeToTls12WhenTls13IsSupported => {
            "the TLS version was tampered with: the server speaks TLS 1.3 and chose 1.2"
        }
        P::BadCertChainExtensions | P::UnsolicitedCertExtension | P::UnsolicitedSctList => {
            "the server sent an extension of a certificate that was not asked for"
        }
        P::CipherSuiteDifferedOnRetry | P::SelectedDifferentCipherSuiteAfterRetry => {
            "the server changed the cipher suite after HelloRetryRequest"
        }
        P::DisallowedEncryptedExtension
        | P::UnsolicitedEncryptedExtension
        | P::UnsolicitedServerHelloExtension
        | P::UnexpectedCleartextExtension
        | P::EarlyDataExtensionWithoutResumption
        | P::UnsolicitedEchExtension => "the server sent an extension that was not asked for",
        P::DuplicateEncryptedExtensions
        | P::DuplicateHelloRetryRequestExtensions
        | P::DuplicateNewSessionTicketExtensions
        | P::DuplicateServerHelloExtensions => "the server sent an extension twice",
        P::HandshakeHashVariedAfterRetry => {
            "the server changed the hash function after HelloRetryRequest"
        }
        P::IllegalHelloRetryRequestWithNoChanges
        | P::IllegalHelloRetryRequestWithEmptyCookie
        | P::IllegalHelloRetryRequestWithOfferedGroup
        | P::IllegalHelloRetryRequestWithUnofferedCipherSuite
        | P::IllegalHelloRetryRequestWithUnofferedNamedGroup
        | P::IllegalHelloRetryRequestWithUnsupportedVersion
        | P::IllegalHelloRetryRequestWithWrongSessionId
        | P::IllegalHelloRetryRequestWithInvalidEch => {
            "the server sent a HelloRetryRequest that asks for nothing acceptable"
        }
        P::IllegalMiddleboxChangeCipherSpec => {
            "the peer sent a ChangeCipherSpec that was not its turn"
        }
        P::IllegalTlsInnerPlaintext => "the peer sent an encrypted record without a content type",
        P::InvalidKeyShare | P::WrongGroupForKeyShare | P::MissingKeyShare => {
            "the server's key share is not acceptable"
        }
        P::KeyEpochWithPendingFragment => {
            "the peer changed its keys in the middle of a handshake message"
        }
        P::MessageInterleavedWithHandshakeMessage => {
            "the peer sent another message in the middle of a handshake message"
        }
        P::ResumptionAttemptedWithVariedEms
        | P::ResumptionOfferedWithVariedCipherSuite
        | P::ResumptionOfferedWithVariedEms
        | P::ResumptionOfferedWithIncompatibleCipherSuite
        | P::SelectedInvalidPsk
        | P::SelectedUnofferedPsk => {
            "the server resumed a session that was not offered, or changed it"
        }
        P::SelectedTls12UsingTls13VersionExtension
        | P::SelectedUnusableCipherSuiteForVersion
        | P::SelectedUnofferedCipherSuite => {
            "the server chose a cipher suite or version that was not offered"
        }
        P::SelectedUnofferedApplicationProtocol => {
            "the server chose an application protocol that was not offered"
        }
        P::SelectedUnofferedCompression
        | P::SelectedUnofferedCertCompression
        | P::InvalidCertCompression => "the server chose a compression that was not offered",
        P::SelectedUnofferedKxGroup => "the server chose a key exchange group that was not offered",
        P::ServerEchoedCompatibilitySessionId => {
            "the server resumed a session by an identifier that never named one"
        }
        P::ServerHelloMustOfferUncompressedEcPoints => {
            "the server does not speak uncompressed points"
        }
        P::SignedKxWithWrongAlgorithm | P::SignedHandshakeWithUnadvertisedSigScheme => {
            "the server signed with a scheme that was not offered"
        }
        P::TooManyEmptyFragments => "the peer sent too many empty TLS records",
        P::TooManyKeyUpdateRequests => "the peer sent too many requests for new keys",
        P::TooManyRenegotiationRequests => "the server asked for a renegotiation too often",
        P::TooManyWarningAlertsReceived => "the peer sent too many warnings",
        _ => "the peer broke the TLS protocol",
    }
}

/// Words for a message that cannot be read.
pub(super) const fn malformed(what: &InvalidMessage) -> &'static str {
    use InvalidMessage as M;
    match what {
        M::InvalidContentType | M::UnknownProtocolVersion => "the peer does not speak TLS",
        M::MessageTooLarge => "the peer does not speak TLS",
        M::HandshakePayloadTooLarge | M::CertificatePayloadTooLarge => {
            "the server sent a handshake message that is too large"
        }
        M::InvalidCcs => "the peer sent a malformed ChangeCipherSpec",
        M::InvalidEmptyPayload => "the peer sent an empty TLS record where none may be",
        M::InvalidKeyUpdate => "the peer sent a malformed KeyUpdate",
        M::DuplicateExtension(_) => "the server sent an extension twice",
        M::UnknownHelloRetryRequestExtension | M::UnknownCertificateExtension => {
            "the server sent an extension that was not asked for"
        }
        M::UnsupportedCompression => "the server chose a compression that was not offered",
        _ => "the peer sent a malformed TLS message",
    }
}
