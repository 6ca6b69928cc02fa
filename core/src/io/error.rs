//! The one error of the stack: in which phase, what, with which status, and whose fault.

use core::fmt;

/// An NTSTATUS value. Negative values are errors.
pub type NtStatus = i32;

/// Why something failed.
///
/// Small and `Copy`: making one never allocates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the client was doing.
    pub phase: Phase,
    /// What went wrong.
    pub kind: Kind,
    /// The status from the kernel, if one is the cause; else 0. [`Error::status`] always has one.
    pub raw_status: NtStatus,
    /// One readable English clause that names the culprit, without a full stop.
    pub cause: &'static str,
}

/// What the client was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Phase {
    /// Checking the caller's request.
    Request = 1,
    /// Waiting for the network or for admission.
    Wait = 2,
    /// Looking up the host name.
    Resolve = 3,
    /// Making the TCP connection.
    Connect = 4,
    /// TLS handshake.
    Tls = 5,
    /// Sending the head or the body of the request.
    Send = 6,
    /// Receiving the head of the response.
    Head = 7,
    /// Receiving the body of the response.
    Body = 8,
    /// Receiving, when the layer does not know of which part.
    Receive = 9,
    /// Closing.
    Close = 10,
}

/// What went wrong. The numbers are part of the ABI: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
#[non_exhaustive]
pub enum Kind {
    /// The caller's request is not valid.
    InvalidRequest = 1,
    /// The URL is not valid.
    InvalidUrl = 2,
    /// The URL's scheme is neither http nor https.
    UnsupportedScheme = 3,
    /// Canceled by the caller, or its handle was closed.
    Canceled = 4,
    /// A deadline passed.
    TimedOut = 5,
    /// Out of memory or another bounded resource.
    NoResources = 6,
    /// The driver or the network stack is not ready or is going away.
    NotReady = 7,
    /// Too many requests at once.
    TooManyRequests = 8,
    /// A limit of the transport's own buffer: nothing was consumed.
    BufferFull = 9,
    /// The host name does not exist.
    HostNotFound = 20,
    /// Name resolution failed otherwise.
    ResolveFailed = 21,
    /// The peer refused the connection.
    ConnectionRefused = 30,
    /// No route to the peer.
    Unreachable = 31,
    /// The connection could not be made otherwise.
    ConnectFailed = 32,
    /// The peer reset the connection.
    ConnectionReset = 33,
    /// The connection was aborted locally, or the network stack dropped the socket.
    ConnectionAborted = 34,
    /// Sending or receiving failed otherwise.
    IoFailed = 35,
    /// No trust anchor for the peer's certificate.
    UnknownIssuer = 50,
    /// The certificate is for another name.
    NameMismatch = 51,
    /// The certificate has expired.
    CertificateExpired = 52,
    /// The certificate is not valid yet.
    CertificateNotYetValid = 53,
    /// The certificate was revoked.
    CertificateRevoked = 54,
    /// The certificate or its chain is not acceptable otherwise.
    CertificateInvalid = 55,
    /// The peer offers no TLS version that we speak.
    TlsVersion = 56,
    /// The peer and we share no cipher suite, group or signature scheme.
    TlsIncompatible = 57,
    /// The peer sent a fatal alert.
    TlsAlert = 58,
    /// The peer broke the TLS protocol, or does not speak it.
    TlsMisbehaved = 59,
    /// The stream ended without close_notify.
    TlsTruncated = 60,
    /// No randomness or another part of our own TLS failed.
    TlsInternal = 61,
    /// No key in the peer's chain is a pinned one.
    PinMismatch = 62,
    /// Whether the peer's certificate was revoked cannot be told, and must be.
    RevocationUnknown = 63,
    /// The response's head is not HTTP/1.
    MalformedHead = 80,
    /// The response's framing headers contradict each other or are not acceptable.
    MalformedFraming = 81,
    /// The chunked coding of the body is broken.
    MalformedChunk = 82,
    /// The response's head is larger than the limit.
    HeadTooLarge = 83,
    /// The connection ended before the head was complete.
    HeadTruncated = 84,
    /// The connection ended before any byte of a response.
    EmptyResponse = 85,
    /// The connection ended before the body was complete.
    BodyTruncated = 86,
    /// The body, or the framing of its chunks, is larger than a limit.
    BodyTooLarge = 87,
    /// The caller sent more or fewer body bytes than declared.
    BodyLengthMismatch = 88,
    /// The server answered with a protocol that we do not speak.
    UnsupportedResponse = 89,
    /// More redirects than the limit, or they go in a circle.
    TooManyRedirects = 100,
    /// A redirect that is malformed or that the policy forbids.
    RedirectRefused = 101,
    /// The request would have to be sent again, but its body is not at hand any more.
    NotReplayable = 102,
    /// A proxy refused, or did not answer as a proxy.
    ProxyRefused = 103,
    /// A proxy asks for credentials, or for others.
    ProxyCredentials = 104,
    /// The body's content coding is broken.
    MalformedContent = 105,
    /// The body has a content coding that is not known here, or too many of them.
    UnsupportedContent = 106,
    /// The server sent another part of the resource than was asked for, or of another version.
    RangeMismatch = 107,
    /// The body is not the one whose digest is known.
    DigestMismatch = 108,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Fault {
    /// The program that made the request.
    Caller = 1,
    /// The server, or something that answers in its place.
    Peer = 2,
    /// The network between.
    Network = 3,
    /// This machine: memory, network stack, driver.
    Local = 4,
    /// A deadline of the caller's or of a policy.
    Deadline = 5,
    /// The caller asked to stop.
    Cancel = 6,
}

impl Error {
    /// An error with no status of the kernel behind it.
    #[must_use]
    pub const fn new(phase: Phase, kind: Kind, cause: &'static str) -> Self {
        Self {
            phase,
            kind,
            raw_status: 0,
            cause,
        }
    }

    /// An error that a status of the kernel caused.
    #[must_use]
    pub const fn with_status(
        phase: Phase,
        kind: Kind,
        raw_status: NtStatus,
        cause: &'static str,
    ) -> Self {
        Self {
            phase,
            kind,
            raw_status,
            cause,
        }
    }

    /// The same error, met in another phase: the layer above knows better what was going on.
    #[must_use]
    pub const fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self.kind {
            Kind::InvalidRequest
            | Kind::InvalidUrl
            | Kind::UnsupportedScheme
            | Kind::BodyLengthMismatch
            | Kind::NotReplayable => Fault::Caller,
            Kind::Canceled => Fault::Cancel,
            Kind::TimedOut => Fault::Deadline,
            Kind::NoResources
            | Kind::NotReady
            | Kind::TooManyRequests
            | Kind::BufferFull
            | Kind::ConnectionAborted
            | Kind::TlsInternal => Fault::Local,
            Kind::HostNotFound
            | Kind::ResolveFailed
            | Kind::Unreachable
            | Kind::ConnectFailed
            | Kind::IoFailed => Fault::Network,
            _ => Fault::Peer,
        }
    }

    /// The NTSTATUS for a caller: the kernel's own where there is one, else the closest of
    /// ntstatus.h for the kind. Always of severity error, which the I/O manager goes by, and never
    /// STATUS_END_OF_FILE, which ReadFile reports as a clean end.
    #[must_use]
    pub const fn status(&self) -> NtStatus {
        let is_error = self.raw_status.cast_unsigned() >> 30 == 3;
        if is_error && self.raw_status != status::END_OF_FILE {
            return self.raw_status;
        }
        status::of(self.kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}: {} ({:?}, status 0x{:08X})",
            self.phase,
            self.cause,
            self.kind,
            self.status()
        )
    }
}

impl core::error::Error for Error {}

mod status {
    //! Values of ntstatus.h, by kind.
    use super::{Kind, NtStatus};

    const fn error(code: u32) -> NtStatus {
        code.cast_signed()
    }

    pub(super) const END_OF_FILE: NtStatus = error(0xC000_0011);

    pub(super) const fn of(kind: Kind) -> NtStatus {
        error(match kind {
            Kind::InvalidRequest | Kind::BodyLengthMismatch => 0xC000_000D, // STATUS_INVALID_PARAMETER
            Kind::InvalidUrl => 0xC000_0033, // STATUS_OBJECT_NAME_INVALID
            Kind::UnsupportedScheme => 0xC000_00BB, // STATUS_NOT_SUPPORTED
            Kind::Canceled => 0xC000_0120,   // STATUS_CANCELLED
            Kind::TimedOut => 0xC000_00B5,   // STATUS_IO_TIMEOUT
            Kind::NoResources => 0xC000_009A, // STATUS_INSUFFICIENT_RESOURCES
            Kind::NotReady => 0xC000_00A3,   // STATUS_DEVICE_NOT_READY
            Kind::TooManyRequests => 0xC000_0044, // STATUS_QUOTA_EXCEEDED
            Kind::BufferFull => 0xC000_0023, // STATUS_BUFFER_TOO_SMALL
            Kind::HostNotFound => 0xC000_0272, // STATUS_NO_MATCH
            Kind::ResolveFailed => 0xC000_00BE, // STATUS_BAD_NETWORK_PATH
            Kind::ConnectionRefused => 0xC000_0236, // STATUS_CONNECTION_REFUSED
            Kind::Unreachable => 0xC000_023C, // STATUS_NETWORK_UNREACHABLE
            Kind::ConnectFailed | Kind::IoFailed => 0xC000_00C4, // STATUS_UNEXPECTED_NETWORK_ERROR
            Kind::ConnectionReset => 0xC000_020D, // STATUS_CONNECTION_RESET
            Kind::ConnectionAborted => 0xC000_0241, // STATUS_CONNECTION_ABORTED
            Kind::UnknownIssuer => 0xC000_038A, // STATUS_ISSUING_CA_UNTRUSTED
            Kind::NameMismatch => 0xC000_02F9, // STATUS_PKINIT_NAME_MISMATCH
            Kind::CertificateExpired => 0xC000_038D, // STATUS_SMARTCARD_CERT_EXPIRED
            Kind::CertificateNotYetValid => 0xC000_0133, // STATUS_TIME_DIFFERENCE_AT_DC
            Kind::CertificateRevoked => 0xC000_0389, // STATUS_SMARTCARD_CERT_REVOKED
            Kind::CertificateInvalid => 0xC000_0190, // STATUS_TRUST_FAILURE
            Kind::TlsVersion => 0xC000_0059, // STATUS_REVISION_MISMATCH
            Kind::TlsIncompatible => 0xC000_A013, // STATUS_PROTOCOL_NOT_SUPPORTED
            Kind::TlsAlert => 0xC000_013C,   // STATUS_REMOTE_DISCONNECT
            Kind::TlsMisbehaved => 0xC000_028B, // STATUS_DECRYPTION_FAILED
            Kind::TlsTruncated => 0xC000_014B, // STATUS_PIPE_BROKEN
            Kind::TlsInternal => 0xC000_00E5, // STATUS_INTERNAL_ERROR
            Kind::PinMismatch => 0xC000_02C3, // STATUS_MUTUAL_AUTHENTICATION_FAILED
            Kind::RevocationUnknown => 0xC000_038B, // STATUS_REVOCATION_OFFLINE_C
            Kind::MalformedHead
            | Kind::MalformedFraming
            | Kind::MalformedChunk
            | Kind::UnsupportedResponse => 0xC000_00C3, // STATUS_INVALID_NETWORK_RESPONSE
            Kind::TooManyRedirects => 0xC000_0280, // STATUS_REPARSE_POINT_NOT_RESOLVED
            Kind::RedirectRefused => 0xC000_00D0, // STATUS_REQUEST_NOT_ACCEPTED
            Kind::NotReplayable => 0xC000_022D, // STATUS_RETRY
            Kind::ProxyRefused => 0xC000_00CA, // STATUS_NETWORK_ACCESS_DENIED
            Kind::ProxyCredentials => 0xC000_006D, // STATUS_LOGON_FAILURE
            Kind::MalformedContent => 0xC000_0242, // STATUS_BAD_COMPRESSION_BUFFER
            Kind::UnsupportedContent => 0xC000_025F, // STATUS_UNSUPPORTED_COMPRESSION
            Kind::RangeMismatch => 0xC000_0098, // STATUS_FILE_INVALID
            Kind::DigestMismatch => 0xC000_003F, // STATUS_CRC_ERROR
            Kind::HeadTooLarge | Kind::BodyTooLarge => 0xC000_0904, // STATUS_FILE_TOO_LARGE
            // Not STATUS_END_OF_FILE, which ReadFile reports as a clean end.
            Kind::HeadTruncated | Kind::EmptyResponse | Kind::BodyTruncated => 0xC000_020C, // STATUS_CONNECTION_DISCONNECTED
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_errors_only() {
        let status = |raw: u32| {
            let raw = raw.cast_signed();
            let error = Error::with_status(Phase::Body, Kind::IoFailed, raw, "a test");
            error.status().cast_unsigned()
        };
        assert_eq!(status(0xC000_0022), 0xC000_0022);
        // None, STATUS_PENDING, a piece of information, a warning, and STATUS_END_OF_FILE.
        for other in [0, 0x103, 0x4000_0000, 0x8000_0005, 0xC000_0011] {
            assert_eq!(status(other), 0xC000_00C4);
        }
    }
}
