//! Options of the client.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use wskhttp_http::{Policy, Redirects};

use super::Options;
use super::fields::{NOTES, kind, normal, number};

impl Options {
    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        let mut options = Self::default();
        options.take(value)?;
        Ok(options)
    }

    fn take(&mut self, value: &Value) -> anyhow::Result<()> {
        let map = value
            .as_object()
            .with_context(|| format!("options are not an object but {}", kind(value)))?;
        for (name, value) in map {
            self.set(&normal(name), value)
                .with_context(|| format!("in the option {name:?}"))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &Value) -> anyhow::Result<()> {
        if value.is_null() || NOTES.contains(&name) {
            return Ok(());
        }
        if name == "limits" {
            return self.take(value);
        }
        let name = name.strip_prefix("max_").unwrap_or(name);
        let count = || number(value).context("not a number");
        let size = || anyhow::Ok(usize::try_from(count()?)?);
        let milliseconds = || anyhow::Ok(Duration::from_millis(count()?));
        let seconds = || {
            let seconds = value
                .as_f64()
                .filter(|seconds| (0.0..1e9).contains(seconds));
            anyhow::Ok(Duration::from_secs_f64(
                seconds.context("not a number of seconds")?,
            ))
        };
        let flag = || value.as_bool().context("neither true nor false");
        let limits = &mut self.limits;
        match name {
            "head_bytes" | "head" | "header_bytes" | "head_size" => limits.head_bytes = size()?,
            "headers" | "header_count" => limits.headers = size()?,
            "interim" | "interim_count" | "informational" | "1xx" | "1xx_count" => {
                limits.interim = u32::try_from(count()?)?;
            }
            "chunk_line" | "chunk_line_bytes" => limits.chunk_line = size()?,
            "chunk_excess" => limits.chunk_excess = count()?,
            "trailer_bytes" | "trailers" | "trailer" => limits.trailer_bytes = size()?,
            "body" | "body_bytes" | "body_size" => limits.body = count()?,
            "idle_total" => limits.idle_total = size()?,
            "idle_per_origin" | "idle_per_host" => limits.idle_per_origin = size()?,
            "idle_timeout" => limits.idle_timeout = seconds()?,
            "idle_timeout_ms" => limits.idle_timeout = milliseconds()?,
            "drain" => limits.drain = count()?,
            "stall" | "read_timeout" => limits.stall = seconds()?,
            "stall_ms" | "read_timeout_ms" => limits.stall = milliseconds()?,
            "close_ms" => limits.close = milliseconds()?,
            "timeout" | "total_timeout" => self.timeout = Some(seconds()?),
            "timeout_ms" | "total_timeout_ms" | "deadline_ms" => {
                self.timeout = Some(milliseconds()?)
            }
            "connect_timeout" => self.connect_timeout = Some(seconds()?),
            "connect_timeout_ms" => self.connect_timeout = Some(milliseconds()?),
            "redirects" | "follow_redirects" => {
                let policy = self.policy.get_or_insert_with(Policy::default);
                policy.redirects = match value {
                    Value::Bool(true) => Redirects::default(),
                    Value::Bool(false) => Redirects::NONE,
                    _ => Redirects {
                        limit: u32::try_from(count()?)?,
                        ..policy.redirects
                    },
                };
            }
            "redirects_same_origin" => self.redirects().same_origin = flag()?,
            "redirects_to_local" => self.redirects().to_local = flag()?,
            _ => bail!("the client has no such option; known: {KNOWN}"),
        }
        Ok(())
    }

    fn redirects(&mut self) -> &mut Redirects {
        &mut self.policy.get_or_insert_with(Policy::default).redirects
    }
}

const KNOWN: &str = "head_bytes, headers, interim, chunk_line, chunk_excess, trailer_bytes, body, \
    idle_total, idle_per_origin, idle_timeout_ms, stall_ms, close_ms, timeout_ms, connect_timeout_ms, \
    redirects, redirects_same_origin, redirects_to_local";
