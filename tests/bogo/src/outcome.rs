//! How the shim ends.

use std::process::ExitCode;

use wskhttp_core::io::{Error, Kind};

/// Why the shim does not end with 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A flag that is not implemented, by its name.
    Unimplemented(String),
    /// The client's error.
    Tls(Error),
    /// What was to be expected, and was not so.
    Unexpected(String),
}

impl Failure {
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Unimplemented(flag) => {
                eprintln!("not implemented: {flag}");
                ExitCode::from(89)
            }
            Self::Tls(error) => {
                eprintln!("{} {error}", code(error));
                ExitCode::FAILURE
            }
            Self::Unexpected(what) => {
                eprintln!("{what}");
                ExitCode::FAILURE
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

/// The name under which BoringSSL would report something like `error`.
fn code(error: &Error) -> &'static str {
    let says = |word: &str| error.cause.contains(word);
    match error.kind {
        Kind::TlsVersion => ":UNSUPPORTED_PROTOCOL:",
        Kind::TlsIncompatible => ":HANDSHAKE_FAILURE_ON_CLIENT_HELLO:",
        Kind::TlsTruncated => ":CONNECTION_CLOSED_WITHOUT_CLOSE_NOTIFY:",
        Kind::TlsAlert if says("handshake_failure") => ":HANDSHAKE_FAILURE_ON_CLIENT_HELLO:",
        Kind::TlsAlert if says("bad_record_mac") => ":SSLV3_ALERT_BAD_RECORD_MAC:",
        Kind::TlsAlert if says("decrypt_error") => ":TLSV1_ALERT_DECRYPT_ERROR:",
        Kind::TlsAlert if says("decode_error") => ":TLSV1_ALERT_DECODE_ERROR:",
        Kind::TlsAlert if says("record_overflow") => ":TLSV1_ALERT_RECORD_OVERFLOW:",
        Kind::TlsAlert if says("internal_error") => ":TLSV1_ALERT_INTERNAL_ERROR:",
        Kind::TlsAlert if says("unexpected_message") => ":SSLV3_ALERT_UNEXPECTED_MESSAGE:",
        Kind::TlsAlert => ":PEER_ALERT:",
        Kind::TlsMisbehaved if says("damaged") => ":DECRYPTION_FAILED_OR_BAD_RECORD_MAC:",
        Kind::TlsMisbehaved if says("does not speak TLS") => ":WRONG_VERSION_NUMBER:",
        Kind::TlsMisbehaved if says("not its turn") => ":UNEXPECTED_MESSAGE:",
        Kind::TlsMisbehaved if says("in the middle") => ":EXCESS_HANDSHAKE_DATA:",
        Kind::TlsMisbehaved if says("record that is too large") => ":ENCRYPTED_LENGTH_TOO_LONG:",
        Kind::TlsMisbehaved if says("message that is too large") => ":EXCESSIVE_MESSAGE_SIZE:",
        Kind::TlsMisbehaved if says("not asked for") => ":UNEXPECTED_EXTENSION:",
        Kind::TlsMisbehaved if says("twice") => ":DUPLICATE_EXTENSION:",
        Kind::TlsMisbehaved if says("tampered") => ":TLS13_DOWNGRADE:",
        Kind::TlsMisbehaved if says("scheme that was not offered") => ":WRONG_SIGNATURE_TYPE:",
        Kind::TlsMisbehaved if says("application protocol") => ":INVALID_ALPN_PROTOCOL:",
        Kind::TlsMisbehaved if says("cipher suite") => ":WRONG_CIPHER_RETURNED:",
        Kind::TlsMisbehaved if says("group") => ":WRONG_CURVE:",
        Kind::TlsMisbehaved if says("key share") => ":BAD_ECPOINT:",
        Kind::TlsMisbehaved if says("empty TLS records") => ":TOO_MANY_EMPTY_FRAGMENTS:",
        Kind::TlsMisbehaved if says("new keys") => ":TOO_MANY_KEY_UPDATES:",
        Kind::TlsMisbehaved if says("warnings") => ":TOO_MANY_WARNING_ALERTS:",
        Kind::TlsMisbehaved if says("ChangeCipherSpec") => ":UNEXPECTED_RECORD:",
        Kind::TlsMisbehaved if says("malformed") => ":DECODE_ERROR:",
        Kind::TlsMisbehaved => ":PROTOCOL_ERROR:",
        Kind::CertificateInvalid if says("signature of the handshake") => ":BAD_SIGNATURE:",
        Kind::CertificateInvalid if says("no certificate") => ":PEER_DID_NOT_RETURN_A_CERTIFICATE:",
        Kind::CertificateInvalid if says("does not fit its key") => ":WRONG_SIGNATURE_TYPE:",
        Kind::CertificateInvalid if says("keyUsage") => ":KEY_USAGE_BIT_INCORRECT:",
        Kind::UnknownIssuer
        | Kind::NameMismatch
        | Kind::CertificateExpired
        | Kind::CertificateNotYetValid
        | Kind::CertificateRevoked
        | Kind::CertificateInvalid
        | Kind::PinMismatch
        | Kind::RevocationUnknown => ":CERTIFICATE_VERIFY_FAILED:",
        _ => ":INTERNAL_ERROR:",
    }
}
