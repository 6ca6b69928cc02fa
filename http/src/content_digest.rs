//! Digests of content (RFC 9530), and one that the caller knows.

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use wskhttp_core::io::{Error, Kind, Phase};

use crate::ResponseHead;
use crate::proto::fields::trim;

/// Checks a body against the SHA-256 that is expected of it.
///
/// `Content-Digest` is of the bytes as they come, `Repr-Digest` of the whole representation: the same
/// for a 200, another for a 206. Both are of the encoded bytes, so they are checked before any content
/// coding is removed.
#[derive(Debug)]
pub struct BodyDigest {
    hash: Sha256,
    expected: [u8; 32],
}

impl BodyDigest {
    /// A check against a SHA-256 that the caller knows.
    #[must_use]
    pub fn sha256(expected: [u8; 32]) -> Self {
        Self {
            hash: Sha256::new(),
            expected,
        }
    }

    /// Whether both expect the same.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.expected == other.expected
    }

    /// A check against what `head` says with the algorithm `sha-256`; `None` if it says nothing, or
    /// only of another algorithm, or has no content (204, 304; one to HEAD is not told from others here).
    ///
    /// # Errors
    /// Phase `Head`, kind `MalformedHead`: a digest that is not one, or two that differ.
    pub fn of(head: &ResponseHead) -> Result<Option<Self>, Error> {
        if !head.has_content() {
            return Ok(None);
        }
        let whole = head.status() == 200;
        let fields = head.headers().filter(|(name, _)| {
            name.eq_ignore_ascii_case("content-digest")
                || (whole && name.eq_ignore_ascii_case("repr-digest"))
        });
        let mut expected: Option<[u8; 32]> = None;
        for (_, value) in fields {
            for member in members(value) {
                let Some(item) = member.strip_prefix(b"sha-256=") else {
                    continue;
                };
                let digest = bytes(item).ok_or_else(malformed)?;
                if expected.is_some_and(|other| other != digest) {
                    return Err(malformed());
                }
                expected = Some(digest);
            }
        }
        Ok(expected.map(Self::sha256))
    }

    /// Takes bytes of the body in order.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// The body has ended.
    ///
    /// # Errors
    /// Phase `Body`, kind `DigestMismatch`.
    pub fn finish(&self) -> Result<(), Error> {
        match <[u8; 32]>::from(self.hash.clone().finalize()) == self.expected {
            true => Ok(()),
            false => Err(Error::new(
                Phase::Body,
                Kind::DigestMismatch,
                "the body is not the one whose digest is known",
            )),
        }
    }
}

/// The members of a dictionary of RFC 8941 section 3.2. A comma in a string ends none.
fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(move |byte| {
            let is_escaped = core::mem::replace(&mut escaped, false);
            match byte {
                _ if is_escaped => {}
                b'\\' => escaped = quoted,
                b'"' => quoted = !quoted,
                b',' => return !quoted,
                _ => {}
            }
            false
        })
        .map(trim)
}

/// A byte sequence of RFC 8941 section 3.3.5 with 32 bytes. Its parameters mean nothing here.
fn bytes(item: &[u8]) -> Option<[u8; 32]> {
    let rest = item.strip_prefix(b":")?;
    let end = rest.iter().position(|byte| *byte == b':')?;
    let (inner, parameters) = rest.split_at_checked(end)?;
    let parameters = parameters.strip_prefix(b":")?;
    if !parameters.is_empty() && !parameters.starts_with(b";") {
        return None;
    }
    let mut room = [0; 32];
    let decoded = Base64::decode(inner, &mut room).ok()?;
    (decoded.len() == 32).then_some(room)
}

const fn malformed() -> Error {
    Error::new(
        Phase::Head,
        Kind::MalformedHead,
        "the response's digest is malformed or there are two",
    )
}
