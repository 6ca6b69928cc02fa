//! Options of the client.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use wskhttp_core::io::Error;
use wskhttp_http::{Credentials, LowSpeed, Policy, Proxies, Redirects};

use super::fields::{Fields, NOTES, kind, normal, number};
use super::{Login, Options};

impl Options {
    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        let mut options = Self::default();
        options.take(value)?;
        Ok(options)
    }

    /// Options that stand in the case itself.
    pub(super) fn of_case(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        for name in ["limits", "timeout_ms", "timeout"] {
            if let Some(value) = fields.take(&[name])? {
                self.set(name, value)
                    .with_context(|| format!("in {name:?}"))?;
            }
        }
        Ok(())
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
            _ if self.set_policy(name, value)? => {}
            _ => bail!("the client has no such option; known: {KNOWN}"),
        }
        Ok(())
    }

    /// Options of an agent: with any of them, requests go through one. False: it is none of them.
    fn set_policy(&mut self, name: &str, value: &Value) -> anyhow::Result<bool> {
        let count = || number(value).context("not a number");
        let small = || anyhow::Ok(u32::try_from(count()?)?);
        let flag = || value.as_bool().context("neither true nor false");
        let milliseconds = || anyhow::Ok(Duration::from_millis(count()?));
        let mut policy = self.policy.unwrap_or(Policy::NONE);
        let mut decode = policy.decode.unwrap_or_default();
        let mut speed = policy.timeouts.low_speed.unwrap_or(LowSpeed {
            bytes: 1,
            over: Duration::from_secs(30),
        });
        let (redirects, retries) = (&mut policy.redirects, &mut policy.retries);
        match name {
            "redirects" | "follow_redirects" | "follow" => match value {
                Value::Bool(true) => redirects.limit = Redirects::default().limit,
                Value::Bool(false) => redirects.limit = 0,
                _ => redirects.limit = small()?,
            },
            "redirects_same_origin" => redirects.same_origin = flag()?,
            "redirects_to_local" => redirects.to_local = flag()?,
            "retries" | "retry" => match value {
                Value::Bool(true) => retries.limit = 3,
                Value::Bool(false) => retries.limit = 0,
                _ => retries.limit = small()?,
            },
            "retry_backoff_ms" => retries.backoff = milliseconds()?,
            "retry_longest_ms" => retries.longest = milliseconds()?,
            "decode" | "decompress" => policy.decode = flag()?.then_some(decode),
            "decoded_size" | "decode_size" | "decoded_body" => {
                decode.size = count()?;
                policy.decode = Some(decode);
            }
            "decode_ratio" | "ratio" => {
                decode.ratio = small()?;
                policy.decode = Some(decode);
            }
            "decode_slack" => {
                decode.slack = count()?;
                policy.decode = Some(decode);
            }
            "codings" | "decode_codings" => {
                decode.codings = usize::try_from(count()?)?;
                policy.decode = Some(decode);
            }
            "proxy" | "proxies" => {
                let proxies = value.as_str().context("not text")?.to_owned();
                self.proxy.get_or_insert_default().0 = proxies;
            }
            "proxy_bypass" => {
                let bypass = value.as_str().context("not text")?.to_owned();
                self.proxy.get_or_insert_default().1 = bypass;
            }
            "basic" | "digest" | "bearer" => self.set_login(name, value)?,
            "expect_continue_ms" | "expect_ms" => policy.expect = Some(milliseconds()?),
            "send_timeout_ms" => policy.timeouts.send = Some(milliseconds()?),
            "head_timeout_ms" | "first_byte_timeout_ms" => {
                policy.timeouts.head = Some(milliseconds()?);
            }
            "body_timeout_ms" | "between_bytes_timeout_ms" => {
                policy.timeouts.body = Some(milliseconds()?);
            }
            "low_speed_bytes" | "low_speed" | "low_speed_limit" => {
                speed.bytes = small()?;
                policy.timeouts.low_speed = Some(speed);
            }
            "low_speed_over_ms" => {
                speed.over = milliseconds()?;
                policy.timeouts.low_speed = Some(speed);
            }
            _ => return Ok(false),
        }
        self.policy = Some(policy);
        Ok(true)
    }

    fn set_login(&mut self, name: &str, value: &Value) -> anyhow::Result<()> {
        let texts: Vec<_> = match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::String(text) => text.splitn(2, ':').collect(),
            _ => Vec::new(),
        };
        self.login = Some(match (name, texts.as_slice(), value.as_str()) {
            ("bearer", _, Some(token)) => Login::Bearer(token.to_owned()),
            ("basic", [user, password], _) => Login::Basic((*user).into(), (*password).into()),
            ("digest", [user, password], _) => Login::Digest((*user).into(), (*password).into()),
            _ => bail!("neither \"user:password\" nor a token"),
        });
        Ok(())
    }

    pub(crate) fn proxies(&self) -> Result<Option<Proxies>, Error> {
        let lists = self.proxy.as_ref();
        lists
            .map(|(proxies, bypass)| Proxies::new(proxies, bypass))
            .transpose()
    }

    pub(crate) fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let login = self.login.as_ref().map(|login| match login {
            Login::Basic(user, password) => {
                Credentials::basic(user.as_bytes(), password.as_bytes())
            }
            Login::Digest(user, password) => {
                Credentials::digest(user.as_bytes(), password.as_bytes())
            }
            Login::Bearer(token) => Credentials::bearer(token.as_bytes()),
        });
        login.transpose()
    }
}

const KNOWN: &str = "head_bytes, headers, interim, chunk_line, chunk_excess, trailer_bytes, body, \
    idle_total, idle_per_origin, idle_timeout_ms, stall_ms, close_ms, timeout_ms, connect_timeout_ms, \
    redirects, redirects_same_origin, redirects_to_local, retries, retry_backoff_ms, retry_longest_ms, \
    decode, decoded_size, decode_ratio, decode_slack, codings, send_timeout_ms, head_timeout_ms, \
    body_timeout_ms, low_speed_bytes, low_speed_over_ms, proxy, proxy_bypass, basic, digest, bearer, \
    expect_continue_ms";
