//! What -d, -F and their like make the body of.

use std::fs;
use std::io::{self, Read};

use clap::ArgMatches;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::args::Transfer;
use super::failure::Failure;
use super::form;

#[derive(Clone, Copy)]
enum Style {
    Text,
    Binary,
    Raw,
    Encoded,
}

/// What is sent besides the headers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) content_type: Option<String>,
    /// Goes into the URL.
    pub(crate) query: Option<String>,
}

impl Payload {
    /// Of a command line.
    pub(crate) fn new(args: &Transfer, matches: &ArgMatches) -> Result<Self, Failure> {
        let form = form::body(matches)?;
        let data = body(matches)?;
        match (data, form) {
            (Some(_), Some(_)) => Err(Failure::usage("both data and a form")),
            (Some(data), None) if args.get => Ok(Self {
                query: Some(String::from_utf8_lossy(&data).into_owned()),
                ..Self::default()
            }),
            (Some(data), None) => {
                let is_json = !args.json.is_empty();
                let kind = if is_json { JSON } else { URLENCODED };
                Ok(Self {
                    body: Some(data),
                    content_type: Some(kind.to_owned()),
                    query: None,
                })
            }
            (None, Some((body, content_type))) => Ok(Self {
                body: Some(body),
                content_type: Some(content_type),
                query: None,
            }),
            (None, None) => Ok(Self::default()),
        }
    }
}

/// The body that --data and its like make in the order given, joined by `&`, and JSON by nothing;
/// `None` without any.
fn body(matches: &ArgMatches) -> Result<Option<Vec<u8>>, Failure> {
    let mut parts = Vec::new();
    for (id, style) in [
        ("data", Style::Text),
        ("data_binary", Style::Binary),
        ("data_raw", Style::Raw),
        ("data_urlencode", Style::Encoded),
        ("json", Style::Binary),
    ] {
        let values = matches.get_many::<String>(id).unwrap_or_default();
        let indices = matches.indices_of(id).unwrap_or_default();
        parts.extend(indices.zip(values).map(|(at, value)| (at, style, value)));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    parts.sort_by_key(|(at, ..)| *at);
    let is_json = matches.get_many::<String>("json").is_some();
    let mut body = Vec::new();
    for (n, (_, style, value)) in parts.into_iter().enumerate() {
        if n > 0 && !is_json {
            body.push(b'&');
        }
        body.extend(part(style, value)?);
    }
    Ok(Some(body))
}

fn part(style: Style, value: &str) -> Result<Vec<u8>, Failure> {
    if matches!(style, Style::Encoded) {
        return encoded(value);
    }
    let file = match style {
        Style::Raw | Style::Encoded => None,
        Style::Text | Style::Binary => value.strip_prefix('@'),
    };
    let Some(file) = file else {
        return Ok(value.as_bytes().to_vec());
    };
    let mut bytes = contents(file)?;
    if matches!(style, Style::Text) {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    Ok(bytes)
}

/// curl's `text`, `=text`, `name=text`, `@file` and `name@file`.
fn encoded(value: &str) -> Result<Vec<u8>, Failure> {
    let at = value.find(['=', '@']);
    let (name, mark, rest) = match at {
        Some(at) => (&value[..at], value.as_bytes()[at], &value[at + 1..]),
        None => ("", b'=', value),
    };
    let text = match mark {
        b'@' => contents(rest)?,
        _ => rest.as_bytes().to_vec(),
    };
    let mut out = String::from(name);
    if !name.is_empty() {
        out.push('=');
    }
    out.extend(percent_encode(&text, UNRESERVED));
    Ok(out.into_bytes())
}

/// A whole file; `-` is standard input.
pub(crate) fn contents(file: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        _ => fs::read(file),
    };
    read.map_err(|error| Failure::read(file, &error))
}

const JSON: &str = "application/json";
const URLENCODED: &str = "application/x-www-form-urlencoded";
/// RFC 3986 section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::{Payload, body};
    use crate::cli::args::Cli;
    use clap::{CommandFactory, FromArgMatches};

    fn of(line: &[&str]) -> Option<Vec<u8>> {
        let line = ["wskhttp"].iter().chain(line);
        body(&Cli::command().try_get_matches_from(line).unwrap()).unwrap()
    }

    #[test]
    fn data_is_joined_in_its_order() {
        assert_eq!(of(&["u"]), None);
        assert_eq!(of(&["-d", "", "u"]), Some(vec![]));
        let line = [
            "--data-raw",
            "@a",
            "-d",
            "b\nc",
            "--data-binary",
            "d",
            "-d",
            "e",
            "u",
        ];
        assert_eq!(of(&line), Some(b"@a&b\nc&d&e".to_vec()));
    }

    #[test]
    fn encoded_data_and_queries() {
        let line = [
            "--data-urlencode",
            "a=b c&",
            "--data-urlencode",
            "\u{e9}",
            "u",
        ];
        assert_eq!(of(&line), Some(b"a=b%20c%26&%C3%A9".to_vec()));
        let payload = |line: &[&str]| {
            let line = ["wskhttp"].iter().chain(line);
            let matches = Cli::command().try_get_matches_from(line).unwrap();
            let cli = Cli::from_arg_matches(&matches).unwrap();
            Payload::new(&cli.transfer, &matches)
        };
        let query = payload(&["-G", "-d", "a=1", "-d", "b=2", "u"]).unwrap();
        assert_eq!(query.query.as_deref(), Some("a=1&b=2"));
        assert_eq!(query.body, None);
        let json = payload(&["--json", "{", "--json", "}", "u"]).unwrap();
        assert_eq!(json.body.as_deref(), Some(&b"{}"[..]));
        assert_eq!(json.content_type.as_deref(), Some("application/json"));
        assert!(payload(&["-d", "a", "-F", "a=b", "u"]).is_err());
    }

    #[test]
    fn files_lose_their_line_ends_unless_binary() {
        let file = std::env::temp_dir().join(format!("wskhttp-data-{}", std::process::id()));
        std::fs::write(&file, "a\r\nb\n").unwrap();
        let value = format!("@{}", file.display());
        assert_eq!(of(&["-d", &value, "u"]), Some(b"ab".to_vec()));
        assert_eq!(
            of(&["--data-binary", &value, "u"]),
            Some(b"a\r\nb\n".to_vec())
        );
        std::fs::remove_file(&file).unwrap();
        let line = ["wskhttp", "-d", &value, "u"];
        let matches = Cli::command().try_get_matches_from(line).unwrap();
        assert_eq!(body(&matches).unwrap_err().code, 26);
    }
}
