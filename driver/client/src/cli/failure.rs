//! Why the command fails.

use std::fmt::{self, Display};

use wskhttp_client::{Error, Kind, exit};

/// An exit code, and what to say.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(exit::USAGE, text)
    }

    pub(crate) fn read(what: &str, error: &dyn Display) -> Self {
        Self::new(exit::READ, format!("cannot read {what}: {error}"))
    }

    pub(crate) fn write(what: &str, error: &dyn Display) -> Self {
        Self::new(exit::WRITE, format!("cannot write {what}: {error}"))
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(exit::INTERRUPTED, "interrupted")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = if error.kind == Kind::Certificates {
            exit::CACERT
        } else {
            error.exit_code()
        };
        Self::new(code, error.to_string())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wskhttp: ({}) {}", self.code, self.text)
    }
}
