//! What the client asks for.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::bytes::{self, Piece};
use super::fields::{Fields, normal};

/// What the client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Lines `Name: value` CRLF.
    pub(crate) headers: Vec<u8>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) framing: Framing,
    /// How long the client does nothing before.
    pub(crate) after: Duration,
    /// For this request as a whole.
    pub(crate) timeout: Option<Duration>,
    /// Requests of different keys share no connection.
    pub(crate) key: u64,
    /// Bytes of the body that the client reads before it gives the response up.
    pub(crate) read: Option<usize>,
}

/// How the end of a request's body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// At hand, with Content-Length.
    Full,
    /// Streamed, with Content-Length.
    Sized,
    /// Streamed, chunked.
    Chunked,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            url: BASE.to_owned() + "/",
            headers: Vec::new(),
            body: None,
            framing: Framing::Full,
            after: Duration::ZERO,
            timeout: None,
            key: 0,
            read: None,
        }
    }
}

impl Request {
    /// An object, a method, a URL, or both with a space between; `like` has what it does not say.
    pub(super) fn read(value: &Value, like: &Self) -> anyhow::Result<Self> {
        let mut request = like.clone();
        match value {
            Value::Null => {}
            Value::String(text) => request.line(text)?,
            _ => {
                let mut fields = Fields::new(value, "a request")?;
                request.of_fields(&mut fields)?;
                request.body_of_fields(&mut fields)?;
                fields.finish(KNOWN)?;
            }
        }
        Ok(request)
    }

    /// What an object that may also speak of other things says of a request.
    pub(super) fn of_fields(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        if let Some(method) = fields.text(&["method", "verb"])? {
            self.method = method;
        }
        if let Some(url) = fields.text(&["url", "uri", "target", "path"])? {
            self.url = absolute(&url);
        }
        if let Some(value) = fields.take(&["request_headers", "header_lines"])? {
            self.headers = headers(value)?;
        }
        if let Some(after) = fields.time(
            &["idle_ms", "pause_ms", "idle_before_ms"],
            &["idle", "pause"],
        )? {
            self.after = after;
        }
        if let Some(key) = fields.take(&["key", "identity"])? {
            self.key = match (key.as_u64(), key.as_str()) {
                (Some(key), _) => key,
                // Different enough for a handful of identities.
                (_, Some(text)) => text.bytes().fold(5381, |hash: u64, byte| {
                    hash.wrapping_mul(33) ^ u64::from(byte)
                }),
                _ => bail!("key is neither a number nor text"),
            };
        }
        if let Some(read) = fields.number(&["read", "read_bytes"])? {
            self.read = Some(usize::try_from(read)?);
        }
        Ok(())
    }

    /// Takes what `options` say of requests; gives the rest of them.
    pub(super) fn of_options(&mut self, options: &Value) -> anyhow::Result<Value> {
        let Value::Object(map) = options else {
            return Ok(options.clone());
        };
        // A number of headers is a limit.
        let (of_request, rest): (Map<_, _>, Map<_, _>) =
            map.clone().into_iter().partition(|(name, value)| {
                let name = normal(name);
                let is_headers = matches!(name.as_str(), "headers" | "request_headers")
                    && !value.is_number()
                    && !value.is_string();
                is_headers || matches!(name.as_str(), "method" | "url" | "target" | "path" | "key")
            });
        *self = Self::read(&Value::Object(of_request), self)?;
        Ok(Value::Object(rest))
    }

    fn body_of_fields(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        if let Some(value) = fields.take(&["headers"])? {
            self.headers = headers(value)?;
        }
        if let Some(after) = fields.time(
            &["wait_ms", "after_ms", "delay_ms"],
            &["wait", "after", "delay"],
        )? {
            self.after = after;
        }
        if let Some(time) = fields.time(&["timeout_ms"], &["timeout"])? {
            self.timeout = Some(time);
        }
        if let Some(pieces) = bytes::of_fields(fields, &["body"])? {
            let mut body = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Bytes(more) => body.extend(more),
                    Piece::Wait(_) => bail!("a request's body has no waits"),
                }
            }
            self.body = Some(body);
        }
        if fields.flag(&["chunked"])? == Some(true) {
            self.framing = Framing::Chunked;
        }
        if let Some(framing) = fields.text(&["framing"])? {
            self.framing = match normal(&framing).as_str() {
                "full" => Framing::Full,
                "sized" | "content_length" => Framing::Sized,
                "chunked" => Framing::Chunked,
                _ => bail!("framing cannot be {framing:?}; known: full, sized, chunked"),
            };
        }
        Ok(())
    }

    fn line(&mut self, text: &str) -> anyhow::Result<()> {
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [one] if one.contains('/') => self.url = absolute(one),
            [one] => (*one).clone_into(&mut self.method),
            [method, url] | [method, url, _] => {
                (*method).clone_into(&mut self.method);
                self.url = absolute(url);
            }
            _ => bail!("a request is not {text:?}; write METHOD URL"),
        }
        Ok(())
    }
}

impl Request {
    /// Whether both may go over one connection.
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        let origin = |request: &Self| {
            let url = wskhttp_http::Url::parse(&request.url).ok()?;
            Some((url.scheme(), url.host().to_owned(), url.port()))
        };
        self.key == other.key && origin(self).is_some() && origin(self) == origin(other)
    }
}

fn absolute(url: &str) -> String {
    match url.starts_with('/') {
        true => format!("{BASE}{url}"),
        false => url.to_owned(),
    }
}

/// Lines from an object, a list of pairs, a list of lines, or text.
fn headers(value: &Value) -> anyhow::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (name, value) in pairs(value)? {
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        let value = value.context("a request's header is null")?;
        lines.extend_from_slice(&bytes::plain(&Value::String(value))?);
        lines.extend_from_slice(b"\r\n");
    }
    Ok(lines)
}

/// Names and values; a value of `None` is a header that must be absent.
pub(super) fn pairs(value: &Value) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let text = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => bail!("a header's value is not text"),
    };
    let line = |line: &str| {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("no colon in {line:?}"))?;
        anyhow::Ok((name.to_owned(), Some(value.trim().to_owned())))
    };
    let mut pairs = Vec::new();
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::Array(values) => {
                        for value in values {
                            pairs.push((name.clone(), text(value)?));
                        }
                    }
                    _ => pairs.push((name.clone(), text(value)?)),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::String(one) => pairs.push(line(one)?),
                    Value::Array(pair) => match pair.as_slice() {
                        [Value::String(name), value] => pairs.push((name.clone(), text(value)?)),
                        _ => bail!("a header is not a pair of name and value"),
                    },
                    Value::Object(_) => {
                        let mut fields = Fields::new(item, "a header")?;
                        let name = fields.text(&["name"])?.context("a header has no name")?;
                        let value = fields.take(&["value"])?.map_or(Ok(None), text)?;
                        pairs.push((name, value));
                    }
                    _ => bail!("a header is not a pair of name and value"),
                }
            }
        }
        Value::String(lines) => {
            for one in lines.lines().filter(|line| !line.is_empty()) {
                pairs.push(line(one)?);
            }
        }
        _ => bail!("headers are neither an object nor a list nor text"),
    }
    Ok(pairs)
}

const BASE: &str = "http://example.test";

const KNOWN: &str = "method, url, headers, body, framing, wait_ms, timeout_ms, key, read";
