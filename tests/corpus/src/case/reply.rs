//! What the server answers to one request.

use anyhow::{Context, bail};
use serde_json::Value;

use super::bytes::{self, Piece};
use super::fields::{Fields, normal};

/// What the server answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) when: When,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) end: End,
}

/// When the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The whole request is there.
    Request,
    /// The head of the request is there.
    Head,
    /// The connection is there.
    Connect,
    /// Never: the connection is refused.
    Refused,
}

/// What the server does with the connection after its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing.
    Open,
    /// It ends its side.
    Fin,
    /// It resets the connection.
    Reset,
    /// It ends its side without the close_notify of TLS.
    NoCloseNotify,
}

impl Reply {
    /// Whether another reply to the same request follows.
    pub(crate) fn is_interim(&self) -> bool {
        let first = self.pieces.iter().find_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Wait(_) => None,
        });
        first.is_some_and(|bytes| bytes.starts_with(b"HTTP/1.1 1")) && self.pieces.len() == 1
    }

    /// Bytes alone, or an object with how they are sent.
    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        if value.is_object() {
            let mut fields = Fields::new(value, "a reply")?;
            if let Some(reply) = Self::of_fields(&mut fields)? {
                fields.finish(KNOWN)?;
                return Ok(reply);
            }
        }
        Ok(Self {
            when: When::Request,
            pieces: bytes::pieces(value)?,
            end: End::Open,
        })
    }

    /// What an object says of a reply, if anything.
    pub(super) fn of_fields(fields: &mut Fields<'_>) -> anyhow::Result<Option<Self>> {
        let sent = bytes::of_fields(fields, SENT)?;
        let bare = bytes::of_fields(fields, &["text"])?;
        let encoded = ["base64", "b64", "hex", "latin1", "escaped"];
        let mut pieces = sent.or(bare);
        for name in encoded {
            if let Some(value) = fields.take(&[name])? {
                let object = serde_json::json!({ name: value });
                if pieces.replace(bytes::pieces(&object)?).is_some() {
                    bail!("the bytes of a reply are given twice, in {name:?} too");
                }
            }
        }
        let end = end(fields)?;
        let when = match fields.text(&["when", "after_receiving", "on"])? {
            Some(text) => Some(when(&text)?),
            None => None,
        };
        let refuse = fields.flag(&["refuse", "refused"])?.unwrap_or(false);
        let wait = fields.time(
            &["wait_ms", "delay_ms", "after_ms"],
            &["wait", "delay", "after"],
        )?;
        if pieces.is_none() && end.is_none() && when.is_none() && wait.is_none() && !refuse {
            return Ok(None);
        }
        let mut pieces = pieces.unwrap_or_default();
        if let Some(wait) = wait {
            pieces.insert(0, Piece::Wait(wait));
        }
        Ok(Some(Self {
            when: match refuse {
                true => When::Refused,
                false => when.unwrap_or(When::Request),
            },
            pieces,
            end: end.unwrap_or(End::Open),
        }))
    }
}

impl Reply {
    /// What an object says in which a field may have a reply as an object of its own.
    pub(super) fn of_exchange(fields: &mut Fields<'_>) -> anyhow::Result<Option<Self>> {
        let names = ["response", "reply", "server", "server_reply"];
        let Some(value) = fields.peek(&names).filter(|value| value.is_object()) else {
            return Self::of_fields(fields);
        };
        fields.take(&names)?;
        let mut reply = Self::read(value)?;
        if let Some(end) = end(fields)? {
            reply.end = end;
        }
        if let Some(text) = fields.text(&["when"])? {
            reply.when = when(&text)?;
        }
        Ok(Some(reply))
    }
}

/// Ends of several replies, if that is what the object says.
pub(super) fn ends(fields: &mut Fields<'_>) -> anyhow::Result<Vec<End>> {
    match fields.peek(&["close", "closes"]) {
        Some(Value::Array(items)) => {
            fields.take(&["close", "closes"])?;
            let ends = items
                .iter()
                .map(|item| of_value(item).map(|end| end.unwrap_or(End::Open)));
            ends.collect()
        }
        _ => Ok(Vec::new()),
    }
}

/// What an object says of the end of the connection.
pub(super) fn end(fields: &mut Fields<'_>) -> anyhow::Result<Option<End>> {
    let names = [
        "close",
        "closes",
        "then",
        "end",
        "finally",
        "close_after",
        "then_close",
    ];
    let closing = fields.take(&names)?.filter(|value| !value.is_array());
    let reset = fields.flag(&["reset", "rst"])?;
    let eof = fields.flag(&["fin", "eof"])?;
    let end = closing.map_or(Ok(None), of_value)?;
    Ok(match (reset, eof) {
        (Some(true), _) => Some(End::Reset),
        (_, Some(true)) => end.or(Some(End::Fin)),
        _ => end,
    })
}

fn of_value(value: &Value) -> anyhow::Result<Option<End>> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(true) => End::Fin,
        Value::Bool(false) => End::Open,
        _ => {
            let text = value
                .as_str()
                .context("close is neither text nor true or false")?;
            match normal(text).as_str() {
                "fin" | "close" | "eof" | "end" | "yes" | "graceful" | "clean" => End::Fin,
                "rst" | "reset" | "abort" => End::Reset,
                "none" | "no" | "open" | "keep" | "keep_alive" | "stall" | "nothing"
                | "silence" => End::Open,
                "tls_truncated" | "no_close_notify" => End::NoCloseNotify,
                _ => bail!("close cannot be {text:?}; known: fin, rst, none, no-close-notify"),
            }
        }
    }))
}

fn when(text: &str) -> anyhow::Result<When> {
    Ok(match normal(text).as_str() {
        "request" | "whole_request" => When::Request,
        "head" | "request_head" | "early" => When::Head,
        "connect" | "connection" | "accept" | "unasked" => When::Connect,
        "refuse" | "refused" => When::Refused,
        _ => bail!("when cannot be {text:?}; known: request, head, connect"),
    })
}

/// Names for the bytes that the server sends.
pub(super) const SENT: &[&str] = &[
    "send",
    "sends",
    "response",
    "reply",
    "server",
    "bytes",
    "data",
    "server_sends",
    "raw",
    "pieces",
];

const KNOWN: &str =
    "send (or response, bytes, data; with _base64, _hex), close, when, wait_ms, refuse";
