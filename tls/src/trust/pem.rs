//! Lists of DER values, given as DER or as PEM (RFC 7468).

use rustls_pki_types::pem::{PemObject, SectionKind};

use super::certificate::values;

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
    /// The tag of a SEQUENCE, with which PEM cannot begin: it is the digit zero.
    const SEQUENCE: u8 = 0x30;
    if bytes.first().is_none_or(|first| *first == SEQUENCE) {
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
