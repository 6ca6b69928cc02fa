//! Credentials and what is said with them: Basic (RFC 7617), Bearer (RFC 6750), Digest (RFC 7616).

mod challenge;
mod digest;

use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};
use wskhttp_core::fallible::room;
use wskhttp_core::io::{Error, Kind, Phase};
use zeroize::Zeroizing;

use crate::proto::fields::is_value;

pub(crate) use digest::Session;

/// Bytes that are cleared before their memory is given back.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// Who the caller is. Given to a call, they are sent to the origin of its first URL only. Cleared
/// when dropped, never shown by `Debug`.
pub struct Credentials {
    pub(crate) form: Form,
}

pub(crate) enum Form {
    /// The value of the field.
    Ready(Secret),
    Digest {
        user: Secret,
        password: Secret,
    },
}

impl Credentials {
    /// User and password, sent at once, readable by who sees the request.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidRequest` for a control character, or a colon in the user;
    /// `NoResources`.
    pub fn basic(user: &[u8], password: &[u8]) -> Result<Self, Error> {
        check(user, password)?;
        if user.contains(&b':') {
            return Err(invalid("the user name has a colon"));
        }
        let plain = joined(&[user, b":", password])?;
        let length = plain.len().div_ceil(3).saturating_mul(4);
        let mut value = joined(&[b"Basic "])?;
        reserve(&mut value, length)?;
        let mut encoded = Zeroizing::new(Vec::new());
        reserve(&mut encoded, length)?;
        encoded.resize(length, 0);
        let text = Base64::encode(&plain, &mut encoded).map_err(|_| no_memory())?;
        value.extend_from_slice(text.as_bytes());
        Ok(Self {
            form: Form::Ready(value),
        })
    }

    /// A token, sent at once.
    ///
    /// # Errors
    /// Phase `Request`; kind `InvalidRequest` for one that is empty or not a `b64token` (RFC 6750
    /// section 2.1); `NoResources`.
    pub fn bearer(token: &[u8]) -> Result<Self, Error> {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        if token.is_empty() || !token.iter().all(is_allowed) {
            return Err(invalid(
                "the bearer token has a character that is not allowed",
            ));
        }
        Ok(Self {
            form: Form::Ready(joined(&[b"Bearer ", token])?),
        })
    }

    /// User and password for a server that asks for a digest: SHA-256 if it offers that, else MD5.
    /// Never sent, but only once a server has asked.
    ///
    /// # Errors
    /// As [`Credentials::basic`]; the user may have a colon.
    pub fn digest(user: &[u8], password: &[u8]) -> Result<Self, Error> {
        check(user, password)?;
        Ok(Self {
            form: Form::Digest {
                user: joined(&[user])?,
                password: joined(&[password])?,
            },
        })
    }

    /// What is sent at once.
    pub(crate) fn ready(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Ready(value) => Some(value),
            Form::Digest { .. } => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

fn check(user: &[u8], password: &[u8]) -> Result<(), Error> {
    match is_value(user) && is_value(password) {
        true => Ok(()),
        false => Err(invalid("the user name or password has a control character")),
    }
}

/// All of `parts` in one.
pub(crate) fn joined(parts: &[&[u8]]) -> Result<Secret, Error> {
    let mut whole = Zeroizing::new(Vec::new());
    reserve(&mut whole, parts.iter().map(|part| part.len()).sum())?;
    for part in parts {
        whole.extend_from_slice(part);
    }
    Ok(whole)
}

/// Room for `more` bytes; the old memory is cleared if they move.
fn reserve(secret: &mut Secret, more: usize) -> Result<(), Error> {
    let mut grown = room(secret.len().saturating_add(more)).map_err(|_| no_memory())?;
    grown.extend_from_slice(secret);
    *secret = Zeroizing::new(grown);
    Ok(())
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the credentials",
    )
}
