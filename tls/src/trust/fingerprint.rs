//! Digests by which keys and certificates are pinned or disallowed.

use der::{Encode, Header, Length, Reader, Tag};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::certificate::content;

/// SHA-256 of `bytes`.
pub(crate) fn of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-1 of `bytes`.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// What is signed in the certificate `der`, its TBSCertificate. `None` if it is none.
pub(crate) fn signed(der: &[u8]) -> Option<&[u8]> {
    content(der, Tag::Sequence)?.tlv_bytes().ok()
}

/// SHA-256 of the SEQUENCE that holds `content`. `None` if it is too large for DER of this crate.
pub(crate) fn of_sequence(content: &[u8]) -> Option<[u8; 32]> {
    let length = Length::try_from(content.len()).ok()?;
    let mut room = [0; 8];
    let header = Header::new(Tag::Sequence, length)
        .ok()?
        .encode_to_slice(&mut room)
        .ok()?
        .len();
    let mut hash = Sha256::new();
    hash.update(room.get(..header)?);
    hash.update(content);
    Some(hash.finalize().into())
}
