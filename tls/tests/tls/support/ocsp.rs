//! OCSP responses (RFC 6960 section 4.2.1), good ones and others.

use rcgen::{KeyPair, SigningKey};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// What a response says of one certificate. Every field can be wrong.
#[derive(Clone)]
pub(crate) struct Staple<'a> {
    /// The issuer's name, DER, and its key.
    pub(crate) issuer: (Vec<u8>, &'a KeyPair),
    /// The content of the serial number.
    pub(crate) serial: Vec<u8>,
    /// Whether issuers are named by SHA-256, not SHA-1.
    pub(crate) sha256: bool,
    /// DER of the status.
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: &'a str,
    pub(crate) next_update: Option<&'a str>,
    /// DER of extensions of the one response, and of all.
    pub(crate) single_extensions: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
    /// The key that signs, and the name of its owner; without a name, it is named by its key.
    pub(crate) signer: &'a KeyPair,
    pub(crate) signer_name: Option<Vec<u8>>,
    /// Certificates that come with it, DER.
    pub(crate) certificates: Vec<Vec<u8>>,
}

pub(crate) const GOOD: &[u8] = &[0x80, 0];
pub(crate) const UNKNOWN: &[u8] = &[0x82, 0];

impl<'a> Staple<'a> {
    /// A good one for the certificate `serial` of the authority `name`, which signs it itself.
    pub(crate) fn good(name: &str, key: &'a KeyPair, serial: &[u8]) -> Self {
        Self {
            issuer: (common_name(name), key),
            serial: serial.to_vec(),
            sha256: false,
            status: GOOD.to_vec(),
            this_update: "20251231000000Z",
            next_update: Some("20260107000000Z"),
            single_extensions: Vec::new(),
            extensions: Vec::new(),
            signer: key,
            signer_name: None,
            certificates: Vec::new(),
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        const SHA1: &[u8] = &[6, 5, 0x2B, 14, 3, 2, 26];
        const SHA256: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 1];
        const BASIC: &[u8] = &[6, 9, 0x2B, 6, 1, 5, 5, 7, 48, 1, 1];
        let hash = |bytes: &[u8]| match self.sha256 {
            true => Sha256::digest(bytes).to_vec(),
            false => Sha1::digest(bytes).to_vec(),
        };
        let id = tlv(
            0x30,
            &[
                &tlv(0x30, &[if self.sha256 { SHA256 } else { SHA1 }, &[5, 0]]),
                &tlv(4, &[&hash(&self.issuer.0)]),
                &tlv(4, &[&hash(self.issuer.1.public_key_raw())]),
                &tlv(2, &[&self.serial]),
            ],
        );
        let time = |time: &str| tlv(0x18, &[time.as_bytes()]);
        let explicit = |number: u8, content: &[u8]| match content {
            [] => Vec::new(),
            content => tlv(0xA0 + number, &[content]),
        };
        let next = self.next_update.map(time).unwrap_or_default();
        let single = tlv(
            0x30,
            &[
                &id,
                &self.status,
                &time(self.this_update),
                &explicit(0, &next),
                &explicit(1, &self.single_extensions),
            ],
        );
        let responder = match &self.signer_name {
            Some(name) => tlv(0xA1, &[name]),
            None => {
                let key = Sha1::digest(self.signer.public_key_raw());
                tlv(0xA2, &[&tlv(4, &[&key])])
            }
        };
        let data = tlv(
            0x30,
            &[
                &responder,
                &time(self.this_update),
                &tlv(0x30, &[&single]),
                &explicit(1, &self.extensions),
            ],
        );
        let signature = self.signer.sign(&data).expect("a signature");
        let certificates = match self.certificates.concat() {
            all if all.is_empty() => all,
            all => tlv(0xA0, &[&tlv(0x30, &[&all])]),
        };
        let basic = tlv(
            0x30,
            &[
                &data,
                &tlv(0x30, &[algorithm(self.signer)]),
                &tlv(3, &[&[0], &signature]),
                &certificates,
            ],
        );
        let bytes = tlv(0x30, &[BASIC, &tlv(4, &[&basic])]);
        tlv(0x30, &[&[10, 1, 0], &tlv(0xA0, &[&bytes])])
    }
}

/// DER of the status of a certificate that was revoked.
pub(crate) fn revoked() -> Vec<u8> {
    tlv(
        0xA1,
        &[
            &tlv(0x18, &[b"20251101000000Z"]),
            &tlv(0xA0, &[&[10, 1, 1]]),
        ],
    )
}

/// DER of a list with one extension.
pub(crate) fn extension(critical: bool) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xFF] } else { &[] };
    let one = tlv(0x30, &[&[6, 3, 42, 3, 4], critical, &[4, 2, 5, 0]]);
    tlv(0x30, &[&one])
}

/// DER of a name with a common name alone.
pub(crate) fn common_name(name: &str) -> Vec<u8> {
    let name = tlv(0x0C, &[name.as_bytes()]);
    tlv(
        0x30,
        &[&tlv(0x31, &[&tlv(0x30, &[&[6, 3, 0x55, 4, 3], &name])])],
    )
}

fn algorithm(key: &KeyPair) -> &'static [u8] {
    if key.algorithm() == &rcgen::PKCS_ED25519 {
        &[6, 3, 0x2B, 101, 112]
    } else {
        assert_eq!(key.algorithm(), &rcgen::PKCS_ECDSA_P256_SHA256);
        &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]
    }
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("short");
    let [high, low] = length.to_be_bytes();
    let header = match length {
        0..=0x7F => vec![tag, low],
        0x80..=0xFF => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, content].concat()
}
