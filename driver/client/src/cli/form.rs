//! -F and --form-string: multipart/form-data (RFC 7578).

use std::hash::{BuildHasher, RandomState};

use clap::ArgMatches;
use wskhttp_http::Form;

use super::data::contents;
use super::failure::Failure;

/// The body that the fields make in the order given, and its content type; `None` without any.
pub(crate) fn body(matches: &ArgMatches) -> Result<Option<(Vec<u8>, String)>, Failure> {
    let mut fields = Vec::new();
    for (id, literal) in [("form", false), ("form_string", true)] {
        let values = matches.get_many::<String>(id).unwrap_or_default();
        let indices = matches.indices_of(id).unwrap_or_default();
        fields.extend(indices.zip(values).map(|(at, value)| (at, literal, value)));
    }
    if fields.is_empty() {
        return Ok(None);
    }
    fields.sort_by_key(|(at, ..)| *at);
    let mut form = Form::new(random()).map_err(|error| refused(&error))?;
    for (_, literal, field) in fields {
        let (name, value) = field
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("-F {field:?} is not `name=value`")))?;
        add(&mut form, name, value, literal)?;
    }
    let content_type = form.content_type().map_err(|error| refused(&error))?;
    let body = form.into_body().map_err(|error| refused(&error))?;
    Ok(Some((body, content_type)))
}

fn add(form: &mut Form, name: &str, value: &str, literal: bool) -> Result<(), Failure> {
    let (text, parameters) = match literal {
        true => (value, Vec::new()),
        false => parameters(value),
    };
    let of = |key: &str| {
        let mut found = parameters.iter().filter(|(name, _)| *name == key);
        found.next().map(|(_, value)| *value)
    };
    let added = match text.strip_prefix('@').filter(|_| !literal) {
        Some(file) => {
            let own = file.rsplit(['/', '\\']).next().unwrap_or(file);
            let kind = of("type").unwrap_or("application/octet-stream");
            let content = contents(file)?;
            form.file(name, of("filename").unwrap_or(own), kind, &content)
        }
        None => {
            let content = match text.strip_prefix('<').filter(|_| !literal) {
                Some(file) => contents(file)?,
                None => text.as_bytes().to_vec(),
            };
            match (of("filename"), of("type")) {
                (None, None) => form.field(name, &content),
                (file, kind) => {
                    let kind = kind.unwrap_or("text/plain");
                    form.file(name, file.unwrap_or(name), kind, &content)
                }
            }
        }
    };
    added.map_err(|error| refused(&error))
}

/// A value, and the `;type=` and `;filename=` behind it.
fn parameters(value: &str) -> (&str, Vec<(&str, &str)>) {
    let (mut text, mut found) = (value, Vec::new());
    while let Some((before, last)) = text.rsplit_once(';') {
        let Some((key, value)) = last.trim().split_once('=') else {
            break;
        };
        if !matches!(key, "type" | "filename") {
            break;
        }
        found.push((key, value.trim_matches('"')));
        text = before;
    }
    (text, found)
}

/// For the boundary, which must only not be guessed by who wrote the parts.
fn random() -> [u8; 16] {
    let half = || RandomState::new().hash_one(0_u8).to_le_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half());
    bytes[8..].copy_from_slice(&half());
    bytes
}

fn refused(error: &wskhttp_core::io::Error) -> Failure {
    Failure::usage(format!("-F: {}", error.cause))
}

#[cfg(test)]
mod tests {
    use super::body;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    #[test]
    fn fields_and_files() {
        let file = std::env::temp_dir().join(format!("wskhttp-form-{}", std::process::id()));
        std::fs::write(&file, "a\r\nb").unwrap();
        let (file, at) = (file.display().to_string(), |sign: &str, rest: &str| {
            format!("f={sign}{}{rest}", file.display())
        });
        let line = [
            "wskhttp",
            "-F",
            "a=b",
            "--form-string",
            "c=@d;type=x",
            "-F",
            &at("@", ";type=text/x;filename=\"n.txt\""),
            "-F",
            &at("<", ""),
            "u",
        ];
        let matches = Cli::command().try_get_matches_from(line).unwrap();
        let (body, kind) = body(&matches).unwrap().unwrap();
        std::fs::remove_file(&file).unwrap();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = String::from_utf8(body).unwrap();
        let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
        let field = |name: &str, value: &str| {
            format!("\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        assert_eq!(parts[1], field("a", "b"));
        assert_eq!(parts[2], field("c", "@d;type=x"));
        assert_eq!(
            parts[3],
            "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\
             Content-Type: text/x\r\n\r\na\r\nb\r\n"
        );
        assert_eq!(parts[4], field("f", "a\r\nb"));
        assert_eq!(parts[5], "--\r\n");
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for value in ["a", "a=@/no/such/file", "a\n=b"] {
            let line = ["wskhttp", "-F", value, "u"];
            let matches = Cli::command().try_get_matches_from(line).unwrap();
            assert!(body(&matches).is_err(), "{value:?}");
        }
    }
}
