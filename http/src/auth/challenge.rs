//! What a server asks for (RFC 9110 section 11.6.1).

use alloc::vec::Vec;

use wskhttp_core::fallible::room;

use crate::proto::fields::{is_tchar, is_token, trim};

/// The first challenge of `fields` for which `accept` finds something; called with each challenge's
/// scheme and parameters. Malformed challenges are passed over.
pub(super) fn each<'a>(value: &'a [u8], mut visit: impl FnMut(Item<'a>)) {
    for element in elements(value) {
        let length = element.iter().take_while(|byte| is_tchar(**byte)).count();
        let (word, rest) = element.split_at_checked(length).unwrap_or((element, &[]));
        if word.is_empty() {
            continue;
        }
        if trim(rest).starts_with(b"=") {
            parameter(element, &mut visit);
            continue;
        }
        visit(Item::Scheme(word));
        parameter(trim(rest), &mut visit);
    }
}

/// A part of a challenge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A challenge with this scheme begins.
    Scheme(&'a [u8]),
    /// It has this parameter, whose value is a token or quoted.
    Parameter(&'a [u8], &'a [u8]),
}

/// The value of a parameter without quotes and backslashes.
pub(super) fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    let mut plain = room(value.len()).ok()?;
    let Some(inner) = value.strip_prefix(b"\"") else {
        plain.extend_from_slice(value);
        return is_token(value).then_some(plain);
    };
    let mut bytes = inner.strip_suffix(b"\"")?.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => *bytes.next()?,
            b'"' => return None,
            _ => *byte,
        });
    }
    Some(plain)
}

fn parameter<'a>(text: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    let Some(at) = text.iter().position(|byte| *byte == b'=') else {
        return;
    };
    let (name, value) = text.split_at_checked(at).unwrap_or((text, &[]));
    let value = value.strip_prefix(b"=").unwrap_or(value);
    if is_token(trim(name)) {
        visit(Item::Parameter(trim(name), trim(value)));
    }
}

/// The elements between commas that are not quoted.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let ends = move |byte: &u8| {
        let was_escaped = core::mem::take(&mut escaped);
        match byte {
            b'\\' if quoted && !was_escaped => escaped = true,
            b'"' if !was_escaped => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    };
    value.split(ends).map(trim)
}
