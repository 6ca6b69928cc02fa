//! Why a message is refused.

use core::fmt;

/// STATUS_INVALID_PARAMETER.
pub const STATUS_INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();
/// STATUS_BUFFER_TOO_SMALL.
pub const STATUS_BUFFER_TOO_SMALL: i32 = 0xC000_0023_u32.cast_signed();
/// STATUS_BUFFER_OVERFLOW, a warning: the output that is there is valid.
pub const STATUS_BUFFER_OVERFLOW: i32 = 0x8000_0005_u32.cast_signed();

/// Why a message is refused: which field, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The first field found wrong.
    pub field: Field,
    /// One readable English clause about it.
    pub reason: &'static str,
    too_small: bool,
}

impl ParseError {
    pub(crate) const fn new(field: Field, reason: &'static str) -> Self {
        Self {
            field,
            reason,
            too_small: false,
        }
    }

    pub(crate) const fn too_small(reason: &'static str) -> Self {
        Self {
            field: Field::Message,
            reason,
            too_small: true,
        }
    }

    /// [`STATUS_BUFFER_TOO_SMALL`] if the buffer is shorter than the fixed part, else
    /// [`STATUS_INVALID_PARAMETER`].
    #[must_use]
    pub const fn status(&self) -> i32 {
        if self.too_small {
            STATUS_BUFFER_TOO_SMALL
        } else {
            STATUS_INVALID_PARAMETER
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.name(), self.reason)
    }
}

impl core::error::Error for ParseError {}

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The message as a whole.
    Message,
    /// `size`.
    Size,
    /// `version`.
    Version,
    /// `flags`.
    Flags,
    /// `reserved`.
    Reserved,
    /// `method`.
    Method,
    /// `url`.
    Url,
    /// `headers`.
    Headers,
    /// `body`.
    Body,
    /// `roots`.
    Roots,
    /// `options`.
    Options,
    /// `tls`.
    Tls,
    /// `body_length`.
    BodyLength,
    /// `reason`.
    Reason,
    /// `needed`.
    Needed,
    /// `status`.
    Status,
    /// `minor_version`.
    MinorVersion,
    /// `remote_family`.
    RemoteFamily,
    /// `cause_length` and `cause`.
    Cause,
}

impl Field {
    /// The name it has in the message's definition.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Size => "size",
            Self::Version => "version",
            Self::Flags => "flags",
            Self::Reserved => "reserved",
            Self::Method => "method",
            Self::Url => "url",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Roots => "roots",
            Self::Options => "options",
            Self::Tls => "tls",
            Self::BodyLength => "body_length",
            Self::Reason => "reason",
            Self::Needed => "needed",
            Self::Status => "status",
            Self::MinorVersion => "minor_version",
            Self::RemoteFamily => "remote_family",
            Self::Cause => "cause",
        }
    }
}
