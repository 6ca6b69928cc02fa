//! What must come of a request.

use anyhow::{Context, bail};
use serde_json::Value;

use super::bytes;
use super::fields::{Fields, number};
use super::request::pairs;
use crate::outcome::Class;

/// What must come of a request. What is `None` is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// One of these.
    pub(crate) outcome: Vec<Class>,
    /// Name of the phase in which it fails.
    pub(crate) phase: Option<String>,
    /// Words of the error's cause.
    pub(crate) cause: Option<String>,
    pub(crate) status: Option<u16>,
    /// Minor version.
    pub(crate) version: Option<u8>,
    pub(crate) reason: Option<Vec<u8>>,
    pub(crate) headers: Vec<Header>,
    /// `headers` are all of them, in this order.
    pub(crate) all_headers: bool,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) body_length: Option<usize>,
    /// The connection serves the next request too.
    pub(crate) reused: Option<bool>,
    /// Name of the reason why it does not.
    pub(crate) close_reason: Option<String>,
    /// Which connection it was, counted from 1.
    pub(crate) connection: Option<usize>,
    /// Redirects that were followed.
    pub(crate) hops: Option<u64>,
    pub(crate) sent: Sent,
}

/// A header that the response must have, or not if `value` is `None`.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Option<Vec<u8>>,
}

/// What the server must have heard of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) exactly: Option<Vec<u8>>,
    pub(crate) contains: Vec<Vec<u8>>,
    pub(crate) lacks: Vec<Vec<u8>>,
    /// Scheme, host and port that it went to, as `http://host:80`.
    pub(crate) to: Option<String>,
    /// Which connection it came over, counted from 1.
    pub(crate) connection: Option<usize>,
}

impl Expect {
    /// An object, or an outcome alone.
    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        if !value.is_object() {
            return Ok(Self {
                outcome: outcome(value)?,
                ..Self::default()
            });
        }
        let mut fields = Fields::new(value, "the expectation")?;
        let expect = Self::of_object(&mut fields)?;
        fields.finish(KNOWN)?;
        Ok(expect)
    }

    /// What an object says that speaks of nothing else.
    pub(super) fn of_object(fields: &mut Fields<'_>) -> anyhow::Result<Self> {
        let mut expect = Self::of_fields(fields)?;
        if let Some(value) = fields.take(&["request", "sent", "request_sent"])? {
            expect.sent = Sent::read(value)?;
        }
        Ok(expect)
    }

    /// What an object that may also speak of other things says.
    pub(super) fn of_fields(fields: &mut Fields<'_>) -> anyhow::Result<Self> {
        let mut expect = Self::default();
        let class = fields.take(&["outcome", "class", "result", "outcome_class"])?;
        // Beside an outcome that says no more than that there is one.
        let error = fields.take(&["error", "kind", "error_kind", "error_class"])?;
        if let Some(value) = error.or(class) {
            expect.outcome = outcome(value)?;
        }
        if let (Some(class), Some(_)) = (class, error)
            && !outcome(class)?.contains(&Class::Error)
        {
            expect.outcome = outcome(class)?;
        }
        expect.phase = fields.text(&["phase"])?.map(|text| text.to_lowercase());
        expect.cause = fields.text(&["cause", "message"])?;
        expect.status = fields
            .number(&["status", "status_code", "code"])?
            .map(u16::try_from)
            .transpose()?;
        if let Some(version) = fields.text(&["version", "http_version"])? {
            expect.version = Some(match version.trim_start_matches("HTTP/") {
                "1.1" => 1,
                "1.0" | "1" => 0,
                _ => bail!("the version is neither 1.0 nor 1.1"),
            });
        }
        if let Some(value) = fields.take(&["reason", "reason_phrase"])? {
            expect.reason = Some(bytes::plain(value)?);
        }
        if let Some(value) = fields.take(&["headers", "header"])? {
            // A list has the order, and so stands for all of them.
            expect.all_headers = value.is_array();
            for (name, value) in pairs(value)? {
                let value = value.map(|value| bytes::plain(&Value::String(value)));
                let value = value.transpose()?;
                expect.headers.push(Header { name, value });
            }
        }
        if let Some(exact) = fields.flag(&["all_headers", "headers_exact"])? {
            expect.all_headers = exact;
        }
        if let Some(pieces) = bytes::of_fields(fields, &["body"])? {
            let mut body = Vec::new();
            for piece in pieces {
                match piece {
                    bytes::Piece::Bytes(more) => body.extend(more),
                    bytes::Piece::Wait(_) => bail!("an expected body has no waits"),
                }
            }
            expect.body = Some(body);
        }
        expect.body_length = fields
            .number(&["body_length", "body_len", "body_size"])?
            .map(usize::try_from)
            .transpose()?;
        expect.hops = fields.number(&["hops", "redirects", "redirects_followed"])?;
        expect.reused = reused(fields)?;
        expect.close_reason = fields.text(&["close_reason"])?;
        expect.connection = fields
            .number(&["connection_number", "on_connection"])?
            .map(usize::try_from)
            .transpose()?;
        Ok(expect)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outcome.is_empty()
            && self.phase.is_none()
            && self.cause.is_none()
            && self.status.is_none()
            && self.version.is_none()
            && self.reason.is_none()
            && self.headers.is_empty()
            && !self.all_headers
            && self.body.is_none()
            && self.body_length.is_none()
            && self.reused.is_none()
            && self.close_reason.is_none()
            && self.connection.is_none()
            && self.hops.is_none()
            && self.sent.is_empty()
    }
}

impl Sent {
    pub(crate) const fn is_empty(&self) -> bool {
        self.exactly.is_none()
            && self.contains.is_empty()
            && self.lacks.is_empty()
            && self.to.is_none()
            && self.connection.is_none()
    }

    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        if value.is_string() {
            return Ok(Self {
                exactly: Some(bytes::plain(value)?),
                ..Self::default()
            });
        }
        let mut fields = Fields::new(value, "the expected request")?;
        let mut list = |names: &[&str]| match fields.take(names)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(bytes::plain).collect(),
            Some(one) => bytes::plain(one).map(|one| vec![one]),
        };
        let sent = Self {
            to: None,
            connection: None,
            contains: list(&["contains", "has"])?,
            lacks: list(&["lacks", "not_contains", "without"])?,
            exactly: list(&["exactly", "is", "text"])?.into_iter().next(),
        };
        let sent = Self {
            to: fields.text(&["to", "origin"])?,
            connection: count(&mut fields, &["connection", "connection_number"])?,
            ..sent
        };
        fields.finish("contains, lacks, exactly, to, connection")?;
        Ok(sent)
    }
}

/// `true`, `false`, or words for them.
fn reused(fields: &mut Fields<'_>) -> anyhow::Result<Option<bool>> {
    let names = [
        "reused",
        "reuse",
        "kept",
        "keep_alive",
        "pooled",
        "reusable",
        "connection_reused",
        "connection",
        "connection_reusable",
    ];
    let Some(value) = fields.take(&names)? else {
        return Ok(None);
    };
    Ok(Some(match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => match super::fields::normal(text).as_str() {
            "reused" | "reuse" | "kept" | "keep" | "keep_alive" | "pooled" | "yes" | "open"
            | "reusable" => true,
            "not_reused" | "closed" | "close" | "no" | "new" | "dropped" | "not_reusable" => false,
            _ => bail!("reused cannot be {text:?}; known: true, false"),
        },
        _ => bail!("reused is neither true nor false"),
    }))
}

fn outcome(value: &Value) -> anyhow::Result<Vec<Class>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    if items.is_empty() {
        bail!("the expected outcome is an empty list");
    }
    items
        .iter()
        .map(|item| {
            let text = item.as_str().context("an expected outcome is not text")?;
            Class::named(text).with_context(|| {
                format!(
                    "no outcome {text:?}; known: {}",
                    Class::names().collect::<Vec<_>>().join(", ")
                )
            })
        })
        .collect()
}

/// The number of a thing, where it is counted over the whole case.
pub(super) fn count(fields: &mut Fields<'_>, names: &[&str]) -> anyhow::Result<Option<usize>> {
    let Some(value) = fields.take(names)? else {
        return Ok(None);
    };
    let count = number(value).with_context(|| format!("{} is not a number", names[0]))?;
    Ok(Some(usize::try_from(count)?))
}

pub(super) const KNOWN: &str = "outcome, phase, cause, status, version, reason, headers, all_headers, \
    body, body_length, reused, close_reason, connection_number, hops, request, connections, requests";
