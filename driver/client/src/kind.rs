//! Phases, kinds and faults of the driver's failures, and curl's exit code for each kind.

use std::fmt;

macro_rules! numbers {
    ($(#[$doc:meta])* $type:ident { $($name:ident = $number:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $type(pub u16);

        #[expect(non_upper_case_globals, reason = "they stand for the variants of an enum")]
        impl $type {
            $(#[doc = concat!("Number ", $number, ": ", $text, ".")]
            pub const $name: Self = Self($number);)*

            /// Its name; `None` for a number that is not known here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// A few words for it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self.0 {
                    $($number => $text,)*
                    _ => "unknown",
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($type), "({})"), self.0),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

numbers! {
    /// What was going on when a request failed.
    Phase {
        Request = 1 "request",
        Wait = 2 "waiting for the network",
        Resolve = 3 "name resolution",
        Connect = 4 "connection",
        Tls = 5 "TLS handshake",
        Send = 6 "sending",
        Head = 7 "response head",
        Body = 8 "response body",
        Receive = 9 "receiving",
        Close = 10 "closing",
        Open = 100 "opening the driver",
        Exchange = 101 "talking to the driver",
        Setup = 102 "driver setup",
    }
}

numbers! {
    /// Whose fault a failure is.
    Fault {
        Caller = 1 "caller",
        Peer = 2 "peer",
        Network = 3 "network",
        Local = 4 "local",
        Deadline = 5 "deadline",
        Cancel = 6 "canceled",
    }
}

macro_rules! kinds {
    ($($name:ident = $number:literal, $exit:literal, $text:literal;)*) => {
        numbers! {
            /// What went wrong. Numbers from 1000 on are this client's own, the others the driver's.
            Kind { $($name = $number $text,)* }
        }

        impl Kind {
            /// Every kind that is known here.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// curl's exit code for a failure of this kind.
            #[must_use]
            pub const fn exit_code(self, phase: Phase) -> u8 {
                let code = match self.0 {
                    $($number => $exit,)*
                    _ => BY_PHASE,
                };
                if code == BY_PHASE { by_phase(phase) } else { code }
            }
        }
    };
}

kinds! {
    InvalidRequest = 1, 2, "the request is not valid";
    InvalidUrl = 2, 3, "the URL is not valid";
    UnsupportedScheme = 3, 1, "the URL's scheme is not supported";
    Canceled = 4, 42, "canceled";
    TimedOut = 5, 28, "timed out";
    NoResources = 6, 27, "out of memory";
    NotReady = 7, 7, "the driver or the network is not ready";
    TooManyRequests = 8, 27, "too many requests at once";
    BufferFull = 9, 0, "a buffer is full";
    HostNotFound = 20, 6, "the host name does not exist";
    ResolveFailed = 21, 6, "the host name could not be looked up";
    ConnectionRefused = 30, 7, "connection refused";
    Unreachable = 31, 7, "no route to the host";
    ConnectFailed = 32, 7, "the connection could not be made";
    ConnectionReset = 33, 0, "connection reset";
    ConnectionAborted = 34, 0, "connection aborted";
    IoFailed = 35, 0, "sending or receiving failed";
    UnknownIssuer = 50, 60, "the certificate's issuer is not trusted";
    NameMismatch = 51, 60, "the certificate is for another name";
    CertificateExpired = 52, 60, "the certificate has expired";
    CertificateNotYetValid = 53, 60, "the certificate is not valid yet";
    CertificateRevoked = 54, 60, "the certificate was revoked";
    CertificateInvalid = 55, 60, "the certificate is not acceptable";
    TlsVersion = 56, 35, "no TLS version in common";
    TlsIncompatible = 57, 35, "no TLS parameters in common";
    TlsAlert = 58, 0, "the server sent a TLS alert";
    TlsMisbehaved = 59, 0, "the server does not speak TLS";
    TlsTruncated = 60, 0, "the TLS stream was cut off";
    TlsInternal = 61, 35, "TLS failed on this side";
    PinMismatch = 62, 90, "no key of the server is a pinned one";
    RevocationUnknown = 63, 91, "whether the certificate was revoked cannot be told";
    MalformedHead = 80, 8, "the response is not HTTP";
    MalformedFraming = 81, 8, "the response's framing is not acceptable";
    MalformedChunk = 82, 56, "the chunked coding is broken";
    HeadTooLarge = 83, 56, "the response's head is too large";
    HeadTruncated = 84, 56, "the response's head was cut off";
    EmptyResponse = 85, 52, "the server sent nothing";
    BodyTruncated = 86, 18, "the response's body was cut off";
    BodyTooLarge = 87, 63, "the response's body is too large";
    BodyLengthMismatch = 88, 26, "the request's body is not as long as declared";
    UnsupportedResponse = 89, 8, "the server answered in another protocol";
    TooManyRedirects = 100, 47, "too many redirects";
    RedirectRefused = 101, 1, "the redirect is refused";
    NotReplayable = 102, 65, "the request's body cannot be sent again";
    ProxyRefused = 103, 97, "the proxy refused";
    ProxyCredentials = 104, 97, "the proxy asks for credentials";
    MalformedContent = 105, 61, "the content coding is broken";
    UnsupportedContent = 106, 61, "the content coding is not supported";
    RangeMismatch = 107, 33, "the server sent another range or version";
    DigestMismatch = 108, 36, "the digest does not match";
    NotWindows = 1000, 2, "not Windows";
    NotInstalled = 1001, 2, "the driver is not installed or not running";
    AccessDenied = 1002, 2, "access denied";
    DriverMessage = 1003, 2, "the driver's answer cannot be understood";
    DriverRefused = 1004, 2, "the driver refused";
    BodySource = 1005, 26, "the request's body could not be read";
    Certificates = 1006, 77, "the CA certificates could not be read";
    Setup = 1007, 2, "setup failed";
}

/// In the table: the code depends on the phase.
const BY_PHASE: u8 = 0;

const fn by_phase(phase: Phase) -> u8 {
    match phase {
        Phase::Resolve => 6,
        Phase::Connect | Phase::Wait => 7,
        Phase::Tls => 35,
        Phase::Send => 55,
        Phase::Request | Phase::Open | Phase::Exchange | Phase::Setup => 2,
        _ => 56,
    }
}

/// Exit codes that are not those of a failed request.
pub mod exit {
    /// Wrong usage, or the driver cannot be used (curl: failed to initialize).
    pub const USAGE: u8 = 2;
    /// `--fail` and a status of 400 or more.
    pub const HTTP: u8 = 22;
    /// The server does not send the part that was asked for.
    pub const RANGE: u8 = 33;
    /// What came is not all of it.
    pub const PARTIAL: u8 = 18;
    /// The output could not be written.
    pub const WRITE: u8 = 23;
    /// A file to send could not be read.
    pub const READ: u8 = 26;
    /// The CA certificates could not be read.
    pub const CACERT: u8 = 77;
    /// The client certificate or its key could not be read.
    pub const CERT: u8 = 58;
    /// The revocation lists could not be read.
    pub const CRL: u8 = 82;
    /// Stopped by Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

#[cfg(test)]
mod tests {
    use super::{Kind, Phase};
    use wskhttp_core::io;

    #[test]
    fn exit_codes_are_curls() {
        for (kind, phase, code) in [
            (Kind::UnsupportedScheme, Phase::Request, 1),
            (Kind::InvalidRequest, Phase::Request, 2),
            (Kind::InvalidUrl, Phase::Request, 3),
            (Kind::HostNotFound, Phase::Resolve, 6),
            (Kind::ConnectionRefused, Phase::Connect, 7),
            (Kind::MalformedHead, Phase::Head, 8),
            (Kind::BodyTruncated, Phase::Body, 18),
            (Kind::BodyLengthMismatch, Phase::Send, 26),
            (Kind::NoResources, Phase::Body, 27),
            (Kind::TimedOut, Phase::Connect, 28),
            (Kind::TlsVersion, Phase::Tls, 35),
            (Kind::TlsAlert, Phase::Tls, 35),
            (Kind::Canceled, Phase::Body, 42),
            (Kind::EmptyResponse, Phase::Head, 52),
            (Kind::ConnectionReset, Phase::Send, 55),
            (Kind::ConnectionReset, Phase::Body, 56),
            (Kind::ConnectionReset, Phase::Tls, 35),
            (Kind::TlsTruncated, Phase::Body, 56),
            (Kind::UnknownIssuer, Phase::Tls, 60),
            (Kind::NotInstalled, Phase::Open, 2),
            (Kind(999), Phase::Connect, 7),
            (Kind(999), Phase(999), 56),
        ] {
            assert_eq!(kind.exit_code(phase), code, "{kind:?} in {phase:?}");
        }
        for kind in Kind::ALL {
            for phase in 1..=10 {
                assert_ne!(kind.exit_code(Phase(phase)), 0, "{kind:?}");
            }
        }
    }

    /// The variants `Name = number,` that follow `pub enum {name} {`.
    fn variants(source: &str, name: &str) -> Vec<(String, u16)> {
        let start = source.find(&format!("pub enum {name} {{")).unwrap();
        let (body, _) = source[start..].split_once("\n}").unwrap();
        body.lines()
            .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
            .map(|(name, number)| (name.to_owned(), number.parse().unwrap()))
            .collect()
    }

    #[test]
    fn numbers_are_the_drivers() {
        let source = include_str!("../../../core/src/io/error.rs");
        let kinds = variants(source, "Kind");
        assert!(kinds.contains(&("BodyTruncated".into(), io::Kind::BodyTruncated as u16)));
        let own = Kind::ALL.iter().filter(|kind| kind.0 < 1000);
        let own: Vec<_> = own
            .map(|kind| (kind.name().unwrap().to_owned(), kind.0))
            .collect();
        assert_eq!(own, kinds);
        for (name, number) in variants(source, "Phase") {
            assert_eq!(Phase(number).name(), Some(name.as_str()));
        }
        for (name, number) in variants(source, "Fault") {
            assert_eq!(super::Fault(number).name(), Some(name.as_str()));
        }
        assert_eq!(Phase::Body.0, io::Phase::Body as u16);
        assert_eq!(super::Fault::Cancel.0, io::Fault::Cancel as u16);
    }
}
