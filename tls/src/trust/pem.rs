//! Lists of DER values, given as DER or as PEM (RFC 7468).

use rustls_pki_types::pem::{PemObject, SectionKind};

use wskhttp_core::io::Error;

use super::certificate::values;
use crate::platform::Platform;

/// As [`each`], of which each call may allocate for a value without being able to fail: one value's
/// memory at a time is promised for DER, for PEM that of all.
///
/// # Errors
/// Those of `each`; no memory.
pub(crate) fn each_promised(
    platform: &Platform,
    bytes: &[u8],
    kind: SectionKind,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    let need = |bytes: &[u8]| NEED.saturating_add(bytes.len().saturating_mul(NEED_PER_BYTE));
    if is_der(bytes) {
        return self::each(bytes, kind, |der| {
            platform.promise(need(der), || each(der))?
        });
    }
    platform.promise(need(bytes), || self::each(bytes, kind, each))?
}

/// What a value allocates, and for each of its bytes.
const NEED: usize = 4 << 10;
const NEED_PER_BYTE: usize = 24;

/// Calls `each` with every value in `bytes`: with all of DER, or with the PEM sections of `kind`;
/// sections of other kinds are skipped. False if `bytes` is neither, as far as `each` has not failed.
///
/// # Errors
/// Those of `each`.
pub(crate) fn each<E>(
    bytes: &[u8],
    kind: SectionKind,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<bool, E> {
    if is_der(bytes) {
        for value in values(bytes) {
            let Some(value) = value else {
                return Ok(false);
            };
            each(value)?;
        }
        return Ok(true);
    }
    let mut found = false;
    for section in <(SectionKind, alloc::vec::Vec<u8>)>::pem_slice_iter(bytes) {
        let Ok((section, der)) = section else {
            return Ok(false);
        };
        if section == kind {
            found = true;
            each(&der)?;
        }
    }
    Ok(found)
}

/// Whether `bytes` can be DER.
fn is_der(bytes: &[u8]) -> bool {
    /// The tag of a SEQUENCE, with which PEM cannot begin: it is the digit zero.
    const SEQUENCE: u8 = 0x30;
    bytes.first().is_none_or(|first| *first == SEQUENCE)
}
