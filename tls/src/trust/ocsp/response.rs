//! An OCSP response taken apart, in strict DER (RFC 6960 section 4.2.1).

use core::time::Duration;

use der::asn1::{BitStringRef, GeneralizedTime, OctetStringRef};
use der::{AnyRef, Reader, SliceReader, Tag, Tagged};

use crate::crypto::verify::Signed;
use crate::trust::certificate::{content, context, rest, split};
use crate::trust::{Rejection, fingerprint};

/// The BasicOCSPResponse, DER, in an OCSPResponse (RFC 6960 section 4.2.1).
pub(super) fn of(response: &[u8]) -> Result<&[u8], Rejection> {
    const MALFORMED: Rejection = Rejection::StapleMalformed;
    let mut outer = content(response, Tag::Sequence).ok_or(MALFORMED)?;
    let status: AnyRef<'_> = outer.decode().map_err(|_| MALFORMED)?;
    match (status.tag(), status.value()) {
        (Tag::Enumerated, [0]) => {}
        (Tag::Enumerated, [1..=6]) => return Err(Rejection::StapleFailed),
        _ => return Err(MALFORMED),
    }
    let bytes = optional(&mut outer, 0)
        .flatten()
        .filter(|_| outer.is_finished());
    bytes.and_then(response_bytes).ok_or(MALFORMED)
}

fn response_bytes(der: &[u8]) -> Option<&[u8]> {
    let mut reader = content(der, Tag::Sequence)?;
    let kind: AnyRef<'_> = reader.decode().ok()?;
    let basic: OctetStringRef<'_> = reader.decode().ok()?;
    let known = kind.tag() == Tag::ObjectIdentifier && kind.value() == BASIC;
    (known && reader.is_finished()).then_some(basic.as_bytes())
}

/// A BasicOCSPResponse.
pub(super) struct Basic<'a> {
    pub(super) signed: Signed<'a>,
    pub(super) responder: Responder<'a>,
    /// SingleResponses, one after the other.
    pub(super) responses: &'a [u8],
    pub(super) extensions: &'a [u8],
    /// Certificates, one after the other.
    pub(super) certificates: &'a [u8],
}

/// Who signed a response.
pub(super) enum Responder<'a> {
    Name(&'a [u8]),
    /// SHA-1 of the key.
    Key(&'a [u8]),
}

impl Responder<'_> {
    pub(super) fn is(&self, name: &[u8], key: &[u8]) -> bool {
        match self {
            Self::Name(own) => *own == name,
            Self::Key(own) => *own == fingerprint::sha1(key),
        }
    }
}

impl<'a> Basic<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = content(der, Tag::Sequence)?;
        let message = outer.tlv_bytes().ok()?;
        let algorithm = rest(content(outer.tlv_bytes().ok()?, Tag::Sequence)?)?;
        let signature: BitStringRef<'_> = outer.decode().ok()?;
        let certificates = optional(&mut outer, 0)?
            .map(|list| rest(content(list, Tag::Sequence)?))
            .unwrap_or(Some(&[]))?;

        let mut data = content(message, Tag::Sequence)?;
        if let Some(version) = optional(&mut data, 0)? {
            // The only version is the default, which DER leaves out; some write it.
            (version == [2, 1, 0]).then_some(())?;
        }
        let responder = match data.peek_tag().ok()? {
            tag if tag == context(1) => Responder::Name(optional(&mut data, 1)??),
            _ => Responder::Key(rest(content(optional(&mut data, 2)??, Tag::OctetString)?)?),
        };
        time(&mut data)?;
        let responses = rest(content(data.tlv_bytes().ok()?, Tag::Sequence)?)?;
        let extensions = extensions(&mut data)?;
        let whole = outer.is_finished() && data.is_finished();
        whole.then_some(Self {
            signed: Signed {
                message,
                algorithm,
                signature: signature.as_bytes()?,
            },
            responder,
            responses,
            extensions,
            certificates,
        })
    }
}

/// What is said of one certificate.
pub(super) struct Single<'a> {
    pub(super) id: CertId<'a>,
    pub(super) status: Status,
    pub(super) this_update: Duration,
    pub(super) next_update: Option<Duration>,
    pub(super) extensions: &'a [u8],
}

pub(super) enum Status {
    Good,
    Revoked,
    Unknown,
}

impl<'a> Single<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut reader = content(der, Tag::Sequence)?;
        let id = CertId::parse(reader.tlv_bytes().ok()?)?;
        let status = reader.tlv_bytes().ok()?;
        let status = match (status, content(status, context(1))) {
            ([0x80, 0], _) => Status::Good,
            ([0x82, 0], _) => Status::Unknown,
            (_, Some(_)) => Status::Revoked,
            _ => return None,
        };
        let this_update = time(&mut reader)?;
        let next_update = match optional(&mut reader, 0)? {
            None => None,
            Some(end) => Some(time(&mut SliceReader::new(end).ok()?)?),
        };
        let extensions = extensions(&mut reader)?;
        reader.is_finished().then_some(Self {
            id,
            status,
            this_update,
            next_update,
            extensions,
        })
    }
}

/// Which certificate: by hashes of its issuer's name and key, and its serial number.
pub(super) struct CertId<'a> {
    pub(super) hash: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) serial: &'a [u8],
}

impl<'a> CertId<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut reader = content(der, Tag::Sequence)?;
        let mut algorithm = content(reader.tlv_bytes().ok()?, Tag::Sequence)?;
        let hash: AnyRef<'_> = algorithm.decode().ok()?;
        let name: OctetStringRef<'_> = reader.decode().ok()?;
        let key: OctetStringRef<'_> = reader.decode().ok()?;
        let serial: AnyRef<'_> = reader.decode().ok()?;
        let tags = (hash.tag(), serial.tag()) == (Tag::ObjectIdentifier, Tag::Integer);
        let whole = reader.is_finished() && matches!(rest(algorithm)?, [] | [5, 0]);
        (tags && whole).then_some(Self {
            hash: hash.value(),
            name: name.as_bytes(),
            key: key.as_bytes(),
            serial: serial.value(),
        })
    }
}

/// The value in the next field if that is `[number]`; `Some(None)` if it is another or there is none.
fn optional<'a>(reader: &mut SliceReader<'a>, number: u8) -> Option<Option<&'a [u8]>> {
    if reader.is_finished() || reader.peek_tag().ok()? != context(number) {
        return Some(None);
    }
    let value = rest(content(reader.tlv_bytes().ok()?, context(number))?)?;
    match split(value)? {
        (one, []) => Some(Some(one)),
        _ => None,
    }
}

/// The content of the extensions that come next, if any do.
fn extensions<'a>(reader: &mut SliceReader<'a>) -> Option<&'a [u8]> {
    match optional(reader, 1)? {
        None => Some(&[]),
        Some(list) => rest(content(list, Tag::Sequence)?),
    }
}

/// A GeneralizedTime; other forms there are none.
fn time(reader: &mut SliceReader<'_>) -> Option<Duration> {
    let time: GeneralizedTime = reader.decode().ok()?;
    Some(time.to_unix_duration())
}

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
const BASIC: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 48, 1, 1];
