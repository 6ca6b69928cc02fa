//! Bytes as a case's file writes them: text with escapes, base64, hex, repetitions, waits between.

use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::Value;

use super::fields::{Fields, kind};

/// A part of what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Wait(Duration),
}

/// Bytes with waits between them.
pub(super) fn pieces(value: &Value) -> anyhow::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    collect(value, &mut pieces)?;
    Ok(pieces)
}

/// Bytes alone.
pub(super) fn plain(value: &Value) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for piece in pieces(value)? {
        match piece {
            Piece::Bytes(more) => bytes.extend(more),
            Piece::Wait(_) => bail!("a wait makes no sense here"),
        }
    }
    Ok(bytes)
}

/// What the fields of an object that stand for bytes say, if it has any of them.
pub(super) fn of_fields(
    fields: &mut Fields<'_>,
    names: &[&str],
) -> anyhow::Result<Option<Vec<Piece>>> {
    let mut all: Vec<(String, ReadValue)> = Vec::new();
    for name in names {
        all.push(((*name).to_owned(), pieces));
        for suffix in ["base64", "b64"] {
            all.push((format!("{name}_{suffix}"), |value| encoded(value, base64)));
        }
        all.push((format!("{name}_hex"), |value| encoded(value, hex)));
        all.push((format!("{name}_latin1"), |value| encoded(value, latin1)));
        all.push((format!("{name}_escaped"), |value| encoded(value, escaped)));
    }
    let mut found = None;
    for (name, read) in &all {
        if let Some(value) = fields.take(&[name])? {
            let read = read(value).with_context(|| format!("in {name:?}"))?;
            if found.replace(read).is_some() {
                bail!("the bytes are given twice, in {name:?} too");
            }
        }
    }
    Ok(found)
}

fn collect(value: &Value, pieces: &mut Vec<Piece>) -> anyhow::Result<()> {
    match value {
        Value::Null => {}
        Value::String(string) => pieces.push(Piece::Bytes(text(string)?)),
        Value::Array(items) => {
            for item in items {
                collect(item, pieces)?;
            }
        }
        Value::Object(_) => object(value, pieces)?,
        Value::Bool(_) | Value::Number(_) => bail!("bytes cannot be {}", kind(value)),
    }
    Ok(())
}

fn object(value: &Value, pieces: &mut Vec<Piece>) -> anyhow::Result<()> {
    let mut fields = Fields::new(value, "a piece")?;
    let mut inner = Vec::new();
    let mut found = 0;
    if let Some(wait) = fields.time(
        &["wait_ms", "delay_ms", "sleep_ms", "pause_ms"],
        &["wait", "delay", "sleep", "pause"],
    )? {
        inner.push(Piece::Wait(wait));
        found += 1;
    }
    for (names, read) in ENCODINGS {
        if let Some(value) = fields.take(names)? {
            inner.extend(encoded(value, *read).with_context(|| format!("in {:?}", names[0]))?);
            found += 1;
        }
    }
    if let Some(value) = fields.take(&["repeat", "bytes", "data", "send"])? {
        collect(value, &mut inner)?;
        found += 1;
    }
    let times = fields.number(&["times", "count"])?.unwrap_or(1);
    let every = fields.time(&["every_ms", "pace_ms", "interval_ms"], &["every"])?;
    fields.finish("text, base64, hex, latin1, escaped, repeat with times and every_ms, wait_ms")?;
    if found == 0 {
        bail!("a piece has no bytes and no wait");
    }
    let size: usize = inner.iter().map(Piece::len).sum();
    if (size as u64).saturating_mul(times) > MOST {
        bail!("more than 64 MiB of bytes");
    }
    if every.is_none() && !inner.iter().any(|piece| matches!(piece, Piece::Wait(_))) {
        let once: Vec<u8> = inner.into_iter().flat_map(Piece::into_bytes).collect();
        pieces.push(Piece::Bytes(once.repeat(usize::try_from(times)?)));
        return Ok(());
    }
    if times > 1_000_000 {
        bail!("more than a million waits");
    }
    for _ in 0..times {
        pieces.extend(every.map(Piece::Wait));
        pieces.extend_from_slice(&inner);
    }
    Ok(())
}

impl Piece {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Wait(_) => 0,
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Wait(_) => Vec::new(),
        }
    }
}

type ReadValue = fn(&Value) -> anyhow::Result<Vec<Piece>>;

type Read = fn(&str) -> anyhow::Result<Vec<u8>>;

const ENCODINGS: &[(&[&str], Read)] = &[
    (&["text", "utf8"], text),
    (&["base64", "b64"], base64),
    (&["hex"], hex),
    (&["latin1", "iso_8859_1"], latin1),
    (&["escaped"], escaped),
];

fn encoded(value: &Value, read: Read) -> anyhow::Result<Vec<Piece>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    items
        .iter()
        .map(|item| {
            let text = item
                .as_str()
                .with_context(|| format!("not text but {}", kind(item)))?;
            Ok(Piece::Bytes(read(text)?))
        })
        .collect()
}

/// UTF-8, in which `\xHH` is one byte. Every other backslash is a backslash, unless there is `\r\n` so
/// spelled and no line end: then somebody escaped it all once more.
fn text(text: &str) -> anyhow::Result<Vec<u8>> {
    if text.contains("\\r\\n") && !text.contains(['\r', '\n']) {
        return escaped(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if let (b'\\', [b'x', high, low, after @ ..]) = (*first, after)
            && let Ok(digits) = std::str::from_utf8(&[*high, *low])
            && high.is_ascii_hexdigit()
            && let Ok(byte) = u8::from_str_radix(digits, 16)
        {
            bytes.push(byte);
            rest = after;
            continue;
        }
        bytes.push(*first);
    }
    Ok(bytes)
}

/// UTF-8 with the escapes of C: `\r \n \t \0 \a \b \v \f \e \\ \" \' \xHH`.
fn escaped(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escape = rest.next().context("a backslash at the end")?;
        bytes.push(match escape {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            b'e' => 27,
            b'\\' | b'"' | b'\'' => escape,
            b'x' => {
                let digits = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let digits = std::str::from_utf8(&digits)?.to_owned();
                u8::from_str_radix(&digits, 16).with_context(|| format!("no escape \\x{digits}"))?
            }
            _ => bail!("no escape \\{}", char::from(escape)),
        });
    }
    Ok(bytes)
}

fn base64(text: &str) -> anyhow::Result<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    let decoded = STANDARD
        .decode(&text)
        .or_else(|_| STANDARD_NO_PAD.decode(&text));
    decoded.context("not base64")
}

fn hex(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let others = text
        .bytes()
        .any(|byte| !byte.is_ascii_hexdigit() && !b" \t\r\n:,".contains(&byte));
    if others || digits.len() % 2 == 1 {
        bail!("not pairs of hexadecimal digits");
    }
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)?;
        Ok(u8::from_str_radix(pair, 16)?)
    });
    pairs.collect()
}

fn latin1(text: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = text.chars().map(|character| {
        u8::try_from(u32::from(character))
            .ok()
            .with_context(|| format!("{character:?} is not in Latin-1"))
    });
    bytes.collect()
}

/// Bytes of one piece.
const MOST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Piece, pieces, plain};

    #[test]
    fn every_notation() {
        for value in [
            json!("A\r\n\\x80\\\""),
            json!({"text": "A\r\n\\x80\\\""}),
            json!({"base64": "QQ0KgFwi"}),
            json!({"hex": "41 0d0a 80:5c22"}),
            json!({"latin1": "A\r\n\u{80}\\\""}),
            json!({"escaped": "A\\r\\n\\x80\\\\\\\""}),
            json!(["A", "\r\n", {"hex": "80"}, "\\\""]),
        ] {
            assert_eq!(plain(&value).unwrap(), b"A\r\n\x80\\\"", "{value}");
        }
        assert_eq!(
            plain(&json!({"repeat": "ab", "times": 3})).unwrap(),
            b"ababab"
        );
    }

    #[test]
    fn waits() {
        let wait = |count| Piece::Wait(std::time::Duration::from_millis(count));
        let byte = Piece::Bytes(b"x".to_vec());
        let trickle = pieces(&json!({"repeat": "x", "times": 2, "every_ms": 5})).unwrap();
        assert_eq!(trickle, [wait(5), byte.clone(), wait(5), byte.clone()]);
        let list = pieces(&json!(["x", {"wait_ms": 7}, {"wait": 0.5}])).unwrap();
        assert_eq!(list, [byte, wait(7), wait(500)]);
    }

    #[test]
    fn bad_notations() {
        for value in [
            json!(5),
            json!({}),
            json!({"base64": "*"}),
            json!({"hex": "4"}),
            json!({"hex": "4g"}),
            json!({"escaped": "\\q"}),
            json!({"latin1": "\u{100}"}),
            json!({"text": "a", "colour": 1}),
            json!({"repeat": "0123456789abcdef", "times": 1e9}),
        ] {
            assert!(pieces(&value).is_err(), "{value}");
        }
    }
}
