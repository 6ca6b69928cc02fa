//! Why a request failed.

use crate::{Field, ParseError, VERSION};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Why the last request on a handle failed.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Failure {
    /// Bytes of this structure.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// Number of the phase (`wskhttp_core::io::Phase`).
    pub phase: u16,
    /// Number of the kind (`wskhttp_core::io::Kind`).
    pub kind: u16,
    /// Whose fault (`wskhttp_core::io::Fault`).
    pub fault: u16,
    /// The NTSTATUS that the request ended with.
    pub status: i32,
    /// Bytes of `cause` in use.
    pub cause_length: u32,
    /// Zero.
    pub reserved: u32,
    /// One readable English clause, UTF-8.
    pub cause: [u8; 128],
}

impl Failure {
    /// A failure as `wskhttp_core::io::Error` describes it: the numbers of its phase, kind and fault,
    /// its status and its cause, which is cut at a character boundary if it is too long.
    #[must_use]
    pub fn new(phase: u16, kind: u16, fault: u16, status: i32, cause: &str) -> Self {
        let mut failure = Self {
            size: SIZE,
            version: VERSION,
            phase,
            kind,
            fault,
            status,
            cause_length: 0,
            reserved: 0,
            cause: [0; 128],
        };
        let end = cause.floor_char_boundary(failure.cause.len());
        let cause = cause.as_bytes().get(..end).unwrap_or_default();
        for (to, from) in failure.cause.iter_mut().zip(cause) {
            *to = *from;
        }
        failure.cause_length = u32::try_from(cause.len()).unwrap_or_default();
        failure
    }

    /// Reads the output of [`crate::IOCTL_WSKHTTP_QUERY_FAILURE`].
    ///
    /// # Errors
    /// The first field that breaks a rule of this structure.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let (failure, _) = Self::read_from_prefix(message)
            .map_err(|_| ParseError::too_small("shorter than a failure"))?;
        if failure.size != SIZE || message.len() != size_of::<Self>() {
            return Err(ParseError::new(Field::Size, "not the output's length"));
        }
        if failure.version != VERSION {
            return Err(ParseError::new(Field::Version, "not a version known here"));
        }
        if failure.reserved != 0 {
            return Err(ParseError::new(Field::Reserved, "not zero"));
        }
        if failure.text().is_none() {
            return Err(ParseError::new(Field::Cause, "not UTF-8 of that length"));
        }
        Ok(failure)
    }

    /// The cause in words; empty if it is not UTF-8.
    #[must_use]
    pub fn cause(&self) -> &str {
        self.text().unwrap_or_default()
    }

    fn text(&self) -> Option<&str> {
        let bytes = self.cause.get(..usize::try_from(self.cause_length).ok()?)?;
        core::str::from_utf8(bytes).ok()
    }
}

const SIZE: u32 = 152;
const _: () = assert!(size_of::<Failure>() == 152);
