//! Trust anchors in a request: DER certificates, one after the other.

use crate::{Field, ParseError};

/// The certificates of a request, each in DER. Only the outer SEQUENCE has been looked at.
#[derive(Clone, Copy, Debug)]
pub struct Certificates<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Certificates<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (certificate, rest) = self.0.split_at_checked(der_length(self.0)?)?;
        self.0 = rest;
        Some(certificate)
    }
}

/// Checks that `roots` is nothing but whole SEQUENCEs.
pub(crate) fn check(roots: &[u8]) -> Result<(), ParseError> {
    let mut certificates = Certificates(roots);
    while certificates.next().is_some() {}
    if certificates.0.is_empty() {
        Ok(())
    } else {
        Err(ParseError::new(
            Field::Roots,
            "not a sequence of DER certificates",
        ))
    }
}

/// Bytes of the SEQUENCE that `bytes` begins with, tag and length included (X.690 section 8.1.3,
/// definite form, at most three bytes of length).
fn der_length(bytes: &[u8]) -> Option<usize> {
    let (&SEQUENCE, rest) = bytes.split_first()? else {
        return None;
    };
    let (&first, rest) = rest.split_first()?;
    let (header, body) = match first {
        0..=0x7F => (2, usize::from(first)),
        0x81..=0x83 => {
            let count = usize::from(first & 0x7F);
            let length = rest
                .get(..count)?
                .iter()
                .fold(0, |length: usize, &byte| length << 8 | usize::from(byte));
            (count.checked_add(2)?, length)
        }
        _ => return None,
    };
    body.checked_add(header)
}

const SEQUENCE: u8 = 0x30;
