//! Header lines: `Name: value` CRLF (RFC 9112 section 5).

use crate::{Field, ParseError};

/// The header lines of a message. Those of a [`crate::Request`] have all been checked.
#[derive(Clone, Copy, Debug)]
pub struct HeaderLines<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for HeaderLines<'a> {
    /// Name, and value without the white space around it.
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, rest) = split_line(self.0)?;
        self.0 = rest;
        split_header(line)
    }
}

/// Checks that `block` is a sequence of header lines which a caller may set.
pub(crate) fn check(block: &[u8]) -> Result<(), ParseError> {
    let refuse = |reason| Err(ParseError::new(Field::Headers, reason));
    let mut rest = block;
    while !rest.is_empty() {
        let Some((line, next)) = split_line(rest) else {
            return refuse("the last line does not end in CRLF");
        };
        rest = next;
        let Some((name, value)) = split_header(line) else {
            return refuse("a line is not `Name: value` with a token as its name");
        };
        if !value.iter().all(|&byte| is_value(byte)) {
            return refuse("a control character in a value");
        }
        if FRAMING.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return refuse("Host, Content-Length and Transfer-Encoding are the driver's to set");
        }
    }
    Ok(())
}

/// Whether `byte` may be in a token (RFC 9110 section 5.6.2).
pub(crate) const fn is_token(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
        | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
}

const fn is_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}

fn split_line(block: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = block.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, rest) = block.split_at_checked(end)?;
    Some((line, rest.get(2..)?))
}

fn split_header(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let name = line.get(..colon)?;
    if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
        return None;
    }
    let value = line.get(colon.checked_add(1)?..)?;
    Some((core::str::from_utf8(name).ok()?, trim(value)))
}

/// `value` without the white space of HTTP round it (RFC 9110 section 5.6.3): no line ends.
const fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

const FRAMING: [&str; 3] = ["host", "content-length", "transfer-encoding"];
