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
    /// only of another algorithm.
    ///
    /// # Errors
    /// Phase `Head`, kind `MalformedHead`: a digest that is not one, or two that differ.
    pub fn of(head: &ResponseHead) -> Result<Option<Self>, Error> {
        let whole = head.status() == 200;
        let fields = head.headers().filter(|(name, _)| {
            name.eq_ignore_ascii_case("content-digest")
                || (whole && name.eq_ignore_ascii_case("repr-digest"))
        });
        let mut expected: Option<[u8; 32]> = None;
        for (_, value) in fields {
            for item in value.split(|byte| *byte == b',').map(trim) {
                let Some(digest) = item.strip_prefix(b"sha-256=") else {
                    continue;
                };
                let digest = bytes(digest).ok_or_else(malformed)?;
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

/// A byte sequence of RFC 8941 section 3.3.5 with 32 bytes.
fn bytes(item: &[u8]) -> Option<[u8; 32]> {
    let inner = item.strip_prefix(b":")?.strip_suffix(b":")?;
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
