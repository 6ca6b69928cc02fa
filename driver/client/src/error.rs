//! Why a request failed.

use std::fmt;

use wskhttp_abi::Failure;

use crate::{Fault, Kind, Phase};

/// Why a request failed: in which phase, what, with which NTSTATUS, and whose fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was going on.
    pub phase: Phase,
    /// What went wrong.
    pub kind: Kind,
    /// Whose fault it is.
    pub fault: Fault,
    /// NTSTATUS; 0 if there is none.
    pub status: i32,
    /// One readable clause.
    pub cause: String,
}

impl Error {
    pub(crate) fn new(phase: Phase, kind: Kind, status: i32, cause: impl Into<String>) -> Self {
        let fault = match kind {
            Kind::Canceled => Fault::Cancel,
            Kind::InvalidRequest
            | Kind::InvalidUrl
            | Kind::BodySource
            | Kind::BodyLengthMismatch
            | Kind::Certificates => Fault::Caller,
            _ => Fault::Local,
        };
        Self {
            phase,
            kind,
            fault,
            status,
            cause: cause.into(),
        }
    }

    pub(crate) fn from_failure(failure: &Failure) -> Self {
        Self {
            phase: Phase(failure.phase),
            kind: Kind(failure.kind),
            fault: Fault(failure.fault),
            status: failure.status,
            cause: failure.cause().to_owned(),
        }
    }

    /// curl's exit code for it.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.kind.exit_code(self.phase)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.phase)?;
        if self.cause.is_empty() {
            write!(f, "{}", self.kind)?;
        } else {
            f.write_str(&self.cause)?;
        }
        if self.status == 0 {
            write!(f, " [{}]", self.fault)
        } else {
            write!(f, " [status 0x{:08X}, {}]", self.status, self.fault)
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            Kind::TimedOut => std::io::ErrorKind::TimedOut,
            Kind::Canceled => std::io::ErrorKind::ConnectionAborted,
            Kind::ConnectionReset => std::io::ErrorKind::ConnectionReset,
            Kind::BodyTruncated => std::io::ErrorKind::UnexpectedEof,
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
