//! What can go wrong at the server, told apart.

use anyhow::{Context as _, Result, ensure};
use wskhttp_abi::RequestFlags;
use wskhttp_core::io::Kind::{self, *};

use super::download::parse;
use crate::Context;
use crate::message::{finish, get, message, send, status};

/// Each fault gives one of the kinds that describe it, with a phase, a status and a cause; the next
/// request succeeds.
pub(super) fn distinct(context: &Context) -> Result<()> {
    for (path, kinds) in FAULTS {
        one(context, &context.url(path), kinds).context(*path)?;
        let mut device = context.device()?;
        let input = get(context, "/bytes/10", RequestFlags::WHOLE_BODY)?;
        parse(&finish(&mut device, send(input, vec![0; 4096]))?)
            .with_context(|| format!("the request after {path}"))?;
    }
    one(context, "https://127.0.0.1:1/", &[ConnectionRefused])?;
    one(
        context,
        "https://no-such-host.invalid/",
        &[HostNotFound, ResolveFailed],
    )?;
    one(context, "ftp://localhost/", &[UnsupportedScheme])?;
    one(context, "https://:443/", &[InvalidUrl])
}

fn one(context: &Context, url: &str, kinds: &[Kind]) -> Result<()> {
    let mut device = context.device()?;
    let input = message(context, "GET", url, RequestFlags::WHOLE_BODY)?;
    let done = finish(&mut device, send(input, vec![0; 65536]))?;
    ensure!(done.is_error(), "{url}: status 0x{:08X}", done.status);
    ensure!(
        done.status != status::END_OF_FILE,
        "{url}: looks like a clean end"
    );
    let failure = device.failure()?.context("no failure is known")?;
    ensure!(
        kinds.iter().any(|&kind| kind as u16 == failure.kind),
        "{url}: kind {} ({}), expected one of {kinds:?}",
        failure.kind,
        failure.cause()
    );
    ensure!(
        failure.status == done.status,
        "{url}: two statuses: {failure:?}"
    );
    ensure!(
        failure.phase != 0 && failure.fault != 0,
        "{url}: {failure:?}"
    );
    ensure!(!failure.cause().is_empty(), "{url}: no cause");
    Ok(())
}

/// Paths of the origin, and the kinds that describe what it does there.
pub(crate) const FAULTS: &[(&str, &[Kind])] = &[
    ("/reset/early", &[ConnectionReset, EmptyResponse]),
    ("/reset/head", &[ConnectionReset]),
    ("/reset/body", &[ConnectionReset]),
    ("/reset/chunk", &[ConnectionReset]),
    ("/reset/close", &[ConnectionReset]),
    ("/truncate/early", &[TlsTruncated, EmptyResponse]),
    ("/truncate/head", &[TlsTruncated, HeadTruncated]),
    ("/truncate/body", &[TlsTruncated, BodyTruncated]),
    ("/truncate/chunk", &[TlsTruncated, BodyTruncated]),
    ("/truncate/close", &[TlsTruncated]),
    ("/truncate/early/notify", &[EmptyResponse]),
    ("/truncate/head/notify", &[HeadTruncated]),
    ("/truncate/body/notify", &[BodyTruncated]),
    ("/truncate/chunk/notify", &[BodyTruncated]),
    ("/garbage", &[MalformedHead]),
    ("/garbage/random", &[MalformedHead]),
    ("/header/10485760", &[HeadTooLarge]),
    ("/malformed/cl-te", &[MalformedFraming]),
    ("/malformed/two-lengths", &[MalformedFraming]),
    ("/malformed/signed-length", &[MalformedFraming]),
    ("/malformed/bare-lf", &[MalformedHead]),
    ("/malformed/bare-cr", &[MalformedHead]),
    ("/malformed/obs-fold", &[MalformedHead]),
    ("/malformed/space-colon", &[MalformedHead]),
    ("/malformed/chunk-size", &[MalformedChunk]),
    ("/malformed/chunk-end", &[MalformedChunk]),
];
