//! The small grammar that both directions share: tokens, values, lines, lists.

/// Whether `bytes` is a `token` (RFC 9110 section 5.6.2).
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_tchar(*byte))
}

/// Whether `byte` is a `tchar` (RFC 9110 section 5.6.2).
#[must_use]
pub fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || contains(b"!#$%&'*+-.^_`|~", byte)
}

/// Whether `bytes` can be a field value (RFC 9110 section 5.5): no control character but HTAB.
#[must_use]
pub fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| is_value_byte(*byte))
}

/// Whether `byte` can be in a field value.
#[must_use]
pub const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// `bytes` without optional whitespace (RFC 9110 section 5.6.3) at both ends.
#[must_use]
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The first line of `bytes` without its CRLF, and what follows.
#[must_use]
pub fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.strip_prefix(b"\r\n")?))
}

/// Name and value of a line `Name: value`.
#[must_use]
pub fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, trim(value.strip_prefix(b":")?)))
}

/// Whether a comma-separated list (RFC 9110 section 5.6.1) has `token`, in any case.
#[must_use]
pub fn list_has(list: &[u8], token: &[u8]) -> bool {
    list.split(|byte| *byte == b',')
        .any(|item| trim(item).eq_ignore_ascii_case(token))
}

pub(crate) fn contains(set: &[u8], byte: u8) -> bool {
    set.contains(&byte)
}
