//! What -d and its like make the body of.

use std::fs;
use std::io::{self, Read};

use clap::ArgMatches;

use super::failure::Failure;

#[derive(Clone, Copy)]
enum Style {
    Text,
    Binary,
    Raw,
}

/// The body that --data, --data-binary and --data-raw make in the order given, joined by `&`; `None`
/// without any.
pub(crate) fn body(matches: &ArgMatches) -> Result<Option<Vec<u8>>, Failure> {
    let mut parts = Vec::new();
    for (id, style) in [
        ("data", Style::Text),
        ("data_binary", Style::Binary),
        ("data_raw", Style::Raw),
    ] {
        let values = matches.get_many::<String>(id).unwrap_or_default();
        let indices = matches.indices_of(id).unwrap_or_default();
        parts.extend(indices.zip(values).map(|(at, value)| (at, style, value)));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    parts.sort_by_key(|(at, ..)| *at);
    let mut body = Vec::new();
    for (n, (_, style, value)) in parts.into_iter().enumerate() {
        if n > 0 {
            body.push(b'&');
        }
        body.extend(part(style, value)?);
    }
    Ok(Some(body))
}

fn part(style: Style, value: &str) -> Result<Vec<u8>, Failure> {
    let file = match style {
        Style::Raw => None,
        Style::Text | Style::Binary => value.strip_prefix('@'),
    };
    let Some(file) = file else {
        return Ok(value.as_bytes().to_vec());
    };
    let mut bytes = if file == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map(|_| bytes)
    } else {
        fs::read(file)
    }
    .map_err(|error| Failure::read(file, &error))?;
    if matches!(style, Style::Text) {
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::body;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

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
