//! Bodies of requests, streamed.

use std::io::{Cursor, Read};

use anyhow::{Result, ensure};
use wskhttp_client::{Body, Request};

use crate::Context;
use crate::message::sha256;
use crate::random::Random;

/// A streamed body of declared length.
pub(super) fn sized(context: &Context) -> Result<()> {
    for length in [70_000, 3_000_001] {
        stream(context, length, Some(length as u64))?;
    }
    Ok(())
}

/// A streamed body of unknown length.
pub(super) fn chunked(context: &Context) -> Result<()> {
    for length in [0, 1, 3_000_001] {
        stream(context, length, None)?;
    }
    Ok(())
}

fn stream(context: &Context, length: usize, declared: Option<u64>) -> Result<()> {
    let bytes = Random::new(context.seed).bytes(length);
    let mut device = context.device()?;
    let request = Request::new("POST", &context.url("/upload"))
        .root_certificates(&context.ca)?
        .body(Body::Reader {
            reader: Box::new(Cursor::new(&bytes)),
            length: declared,
        });
    let mut response = device.send(request)?;
    ensure!(
        response.head().status == 200,
        "status {}",
        response.head().status
    );
    let mut text = String::new();
    response.read_to_string(&mut text)?;
    let answer: serde_json::Value = serde_json::from_str(&text)?;
    ensure!(answer["length"] == length, "{length} bytes sent: {text}");
    ensure!(answer["sha256"] == sha256(&bytes), "wrong digest: {text}");
    ensure!(
        answer["chunked"] == declared.is_none(),
        "wrong framing: {text}"
    );
    Ok(())
}
