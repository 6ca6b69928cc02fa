//! A certificate as RFC 5280 section 4.1 lays it out, borrowed, for the rules of [`super::rules`].
//!
//! Whether it is well signed is rustls-webpki's affair; here it is only taken apart, in strict DER.

use core::time::Duration;

use der::asn1::{BitStringRef, GeneralizedTime, OctetStringRef, UtcTime};
use der::{AnyRef, Decode, Header, Reader, SliceReader, Tag, TagNumber, Tagged};

use super::fingerprint;
use crate::crypto::verify::{Key, public_key};

/// What is read of a certificate. Slices are values with their tags and lengths, unless said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// The content of the serial number.
    pub(crate) serial: &'a [u8],
    pub(crate) issuer: &'a [u8],
    pub(crate) not_before: AnyRef<'a>,
    pub(crate) not_after: AnyRef<'a>,
    pub(crate) subject: &'a [u8],
    /// The SubjectPublicKeyInfo.
    pub(crate) spki: &'a [u8],
    /// The content of the sequence of extensions.
    extensions: &'a [u8],
}

/// An extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    /// The content of the object identifier.
    pub(crate) id: &'a [u8],
    pub(crate) critical: bool,
    /// What the OCTET STRING holds.
    pub(crate) value: &'a [u8],
}

/// BasicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_length: Option<u8>,
}

/// Extensions by the last byte of their identifier `2.5.29.n`.
pub(crate) mod id {
    pub(crate) const SUBJECT_KEY: &[u8] = &[0x55, 0x1D, 14];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1D, 15];
    pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1D, 17];
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 19];
    pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1D, 20];
    pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1D, 28];
    pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 30];
    pub(crate) const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1D, 31];
    pub(crate) const AUTHORITY_KEY: &[u8] = &[0x55, 0x1D, 35];
    pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 36];
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 37];
    /// The purpose serverAuth, 1.3.6.1.5.5.7.3.1.
    pub(crate) const SERVER_AUTH: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 1];
    /// The purpose OCSPSigning, 1.3.6.1.5.5.7.3.9.
    pub(crate) const OCSP_SIGNING: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 9];
    /// TLSFeature (RFC 7633), 1.3.6.1.5.5.7.1.24.
    pub(crate) const TLS_FEATURE: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 1, 24];
    /// authorityInfoAccess, 1.3.6.1.5.5.7.1.1.
    pub(crate) const AUTHORITY_INFO: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 1, 1];
}

impl<'a> Certificate<'a> {
    /// Takes `der` apart. `None` if it is not a certificate of version 3, or not DER.
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut tbs = signed(der)?;
        let mut version = content(tbs.tlv_bytes().ok()?, context(0))?;
        if u8::decode(&mut version).ok()? != 2 || !version.is_finished() {
            return None;
        }
        Self::fields(tbs)
    }

    /// The same for one of version 1, as old roots are: it has no extensions.
    pub(crate) fn parse_version1(der: &'a [u8]) -> Option<Self> {
        Self::fields(signed(der)?).filter(|parsed| parsed.extensions.is_empty())
    }

    /// What follows the version.
    fn fields(mut tbs: SliceReader<'a>) -> Option<Self> {
        let serial = tbs.decode::<AnyRef<'_>>().ok()?;
        if serial.tag() != Tag::Integer {
            return None;
        }
        tbs.tlv_bytes().ok()?;
        let issuer = tbs.tlv_bytes().ok()?;
        let mut validity = content(tbs.tlv_bytes().ok()?, Tag::Sequence)?;
        let not_before = validity.decode().ok()?;
        let not_after = validity.decode().ok()?;
        let subject = tbs.tlv_bytes().ok()?;
        let spki = tbs.tlv_bytes().ok()?;
        let mut extensions: &[u8] = &[];
        while !tbs.is_finished() {
            let field = tbs.tlv_bytes().ok()?;
            if let Some(mut field) = content(field, context(3)) {
                extensions = field
                    .tlv_bytes()
                    .ok()
                    .and_then(|list| content(list, Tag::Sequence))
                    .and_then(rest)?;
            }
        }
        Some(Self {
            serial: serial.value(),
            issuer,
            not_before,
            not_after,
            subject,
            spki,
            extensions,
        })
    }

    /// The key.
    pub(crate) fn key(&self) -> Option<Key<'a>> {
        public_key(rest(content(self.spki, Tag::Sequence)?)?)
    }

    /// The extensions, in order; `None` in place of one that is malformed, which is then the last.
    pub(crate) fn extensions(&self) -> impl Iterator<Item = Option<Extension<'a>>> + use<'a> {
        values(self.extensions).map(|value| extension(value?))
    }

    /// The extension `id`.
    pub(crate) fn extension(&self, id: &[u8]) -> Option<Extension<'a>> {
        self.extensions().flatten().find(|found| found.id == id)
    }

    /// Whether `bit` of keyUsage (RFC 5280 section 4.2.1.3) is set; `None` without the extension,
    /// and `Some(false)` if it is malformed.
    pub(crate) fn key_usage(&self, bit: u8) -> Option<bool> {
        let value = self.extension(id::KEY_USAGE)?.value;
        let bytes = BitStringRef::from_der(value).ok();
        let byte = bytes.and_then(|bits| bits.raw_bytes().get(usize::from(bit / 8)).copied());
        Some(byte.unwrap_or_default() & (0x80 >> (bit % 8)) != 0)
    }

    /// The extension's content; without the extension, that of no authority.
    pub(crate) fn basic_constraints(&self) -> Option<BasicConstraints> {
        let Some(extension) = self.extension(id::BASIC_CONSTRAINTS) else {
            return Some(BasicConstraints::default());
        };
        let mut reader = content(extension.value, Tag::Sequence)?;
        let mut constraints = BasicConstraints::default();
        if !reader.is_finished() && reader.peek_tag().ok()? == Tag::Boolean {
            constraints.ca = reader.decode().ok()?;
        }
        if !reader.is_finished() {
            constraints.path_length = Some(reader.decode().ok()?);
        }
        reader.is_finished().then_some(constraints)
    }
}

/// Whether the extKeyUsage `value` has serverAuth, or any purpose; `None` if it is malformed.
pub(crate) fn has_server_auth(value: &[u8]) -> Option<bool> {
    /// 1.3.6.1.5.5.7.3.1 and 2.5.29.37.0, with their tags and lengths.
    const WANTED: [&[u8]; 2] = [
        &[6, 8, 0x2B, 6, 1, 5, 5, 7, 3, 1],
        &[6, 4, 0x55, 0x1D, 37, 0],
    ];
    let list = rest(content(value, Tag::Sequence)?)?;
    let mut found = false;
    for oid in values(list) {
        found |= WANTED.contains(&oid?);
    }
    Some(found)
}

/// The content of what is signed in the certificate `der`.
fn signed(der: &[u8]) -> Option<SliceReader<'_>> {
    content(fingerprint::signed(der)?, Tag::Sequence)
}

/// A time of RFC 5280 section 4.1.2.5; times before 1970 are 1970.
pub(crate) fn time(value: AnyRef<'_>) -> Option<Duration> {
    match value.tag() {
        Tag::UtcTime => match value.decode_as::<UtcTime>() {
            Ok(time) => Some(time.to_unix_duration()),
            Err(_) if matches!(value.value().first(), Some(b'5' | b'6')) => Some(Duration::ZERO),
            Err(_) => None,
        },
        Tag::GeneralizedTime => Some(
            value
                .decode_as::<GeneralizedTime>()
                .ok()?
                .to_unix_duration(),
        ),
        _ => None,
    }
}

/// The values in `bytes`, each with its tag and length; `None` in place of what is not DER.
pub(crate) fn values(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut left = bytes;
    core::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let Some((value, after)) = split(left) else {
            left = &[];
            return Some(None);
        };
        left = after;
        Some(Some(value))
    })
}

/// The first of the DER values in `bytes` and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let end = (reader.position() + header.length).ok()?;
    bytes.split_at_checked(usize::try_from(end).ok()?)
}

/// A reader of what `value` holds, if `value` is one whole DER value with this tag.
pub(crate) fn content(value: &[u8], tag: Tag) -> Option<SliceReader<'_>> {
    let (value, after) = split(value)?;
    let mut reader = SliceReader::new(value).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    if header.tag != tag || !after.is_empty() {
        return None;
    }
    let content = reader.read_slice(header.length).ok()?;
    SliceReader::new(content).ok()
}

/// What `reader` has not read.
pub(crate) fn rest<'a>(mut reader: SliceReader<'a>) -> Option<&'a [u8]> {
    let left = reader.remaining_len();
    reader.read_slice(left).ok()
}

/// The constructed tag `[number]`.
pub(crate) const fn context(number: u8) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber::new(number),
    }
}

/// Takes an Extension apart.
pub(crate) fn extension(value: &[u8]) -> Option<Extension<'_>> {
    let mut reader = content(value, Tag::Sequence)?;
    let id = reader.decode::<AnyRef<'_>>().ok()?;
    let mut critical = false;
    if reader.peek_tag().ok()? == Tag::Boolean {
        critical = reader.decode().ok()?;
    }
    let value = reader.decode::<OctetStringRef<'_>>().ok()?;
    (id.tag() == Tag::ObjectIdentifier && reader.is_finished()).then_some(Extension {
        id: id.value(),
        critical,
        value: value.as_bytes(),
    })
}
