//! Responses: one after the other, at once, in pieces.

use anyhow::{Context as _, Result, anyhow, ensure};
use wskhttp_abi::{RequestFlags, Response, ResponseFlags};
use wskhttp_client::{Completion, Operation};

use crate::Context;
use crate::idle::at_rest;
use crate::message::{FIXED, expect, finish, get, message, send, sha256, status, wait};
use crate::observer::until;
use crate::random::Random;

/// 100 GETs on one handle: the server sees one connection.
pub(super) fn keep_alive(context: &Context) -> Result<()> {
    let tag = context.tag("keep-alive");
    let mut device = context.device()?;
    for n in 0..100 {
        let path = format!("/bytes/{n}?tag={tag}");
        let input = get(context, &path, RequestFlags::WHOLE_BODY)?;
        let done = finish(&mut device, send(input, vec![0; 8192]))?;
        let response = parse(&done)?;
        ensure!(response.body.len() == n, "request {n} gave another body");
        ensure!(
            response.flags.contains(ResponseFlags::REUSED) == (n > 0),
            "request {n}: wrong REUSED flag"
        );
    }
    let seen = context.seen(&tag)?;
    ensure!(
        matches!(&*seen, [one] if one.requests == 100 && one.end.is_none()),
        "the server saw {seen:?}"
    );
    drop(device);
    until("the connection's end", || {
        Ok(context.seen(&tag)?.iter().all(|one| one.end.is_some()))
    })
}

/// An idle TLS connection holds a bounded amount of pool.
pub(super) fn idle_connection(context: &Context) -> Result<()> {
    let mut observer = context.device()?;
    let mut devices = Vec::new();
    for _ in 0..CONNECTIONS {
        devices.push(context.device()?);
    }
    // Those of handles that were closed before may still be closing.
    until("the end of all idle connections", || {
        Ok(observer.status()?.idle_now == 0)
    })?;
    let before = at_rest(&mut observer)?;
    for device in &mut devices {
        let input = get(context, "/bytes/1000", RequestFlags::WHOLE_BODY)?;
        parse(&finish(device, send(input, vec![0; 8192]))?)?;
    }
    let after = at_rest(&mut observer)?;
    ensure!(
        u64::from(after.idle_now - before.idle_now) == CONNECTIONS,
        "{} connections are idle",
        after.idle_now - before.idle_now
    );
    let each = after.pool_now.saturating_sub(before.pool_now) / CONNECTIONS;
    println!("an idle connection holds {each} bytes of nonpaged pool");
    ensure!(each > 0, "an idle connection holds no memory");
    ensure!(each <= 64 * 1024, "an idle connection holds {each} bytes");
    Ok(())
}

/// A small GET and its whole response in one DeviceIoControl.
pub(super) fn one_call(context: &Context) -> Result<()> {
    let mut device = context.device()?;
    for path in ["/bytes/1000", "/chunked/1000", "/close/1000"] {
        let input = get(context, path, RequestFlags::WHOLE_BODY)?;
        let done = finish(&mut device, send(input, vec![0; 16384]))?;
        let response = parse(&done).context(path)?;
        ensure!(response.header.status == 200, "{path}: not 200");
        ensure!(
            response.flags.contains(ResponseFlags::BODY_COMPLETE),
            "{path}: the body is said to go on"
        );
        ensure!(
            sha256(response.body) == context.digest(1000)?,
            "{path}: wrong bytes"
        );
        let end = finish(&mut device, Operation::Read(vec![0; 16]))?;
        ensure!(
            matches!(end.status, status::SUCCESS | status::END_OF_FILE) && end.information == 0,
            "{path}: a read behind the end gave 0x{:08X} and {} bytes",
            end.status,
            end.information
        );
    }
    Ok(())
}

/// 64 requests at once from one process: bodies of different sizes, and then all of them for certain
/// at the server at the same time.
pub(super) fn in_flight(context: &Context) -> Result<()> {
    let mut devices = (0..MANY)
        .map(|_| context.device())
        .collect::<Result<Vec<_>>>()?;
    let mut pending = Vec::new();
    for (n, device) in devices.iter_mut().enumerate() {
        let path = format!("/bytes/{}", size(n));
        let input = get(context, &path, RequestFlags::WHOLE_BODY)?;
        pending.push(device.start(send(input, vec![0; size(n) + 4096]))?);
    }
    for (n, pending) in pending.iter_mut().enumerate() {
        let done = wait(&mut **pending)?;
        let response = parse(&done).with_context(|| format!("request {n}"))?;
        ensure!(
            sha256(response.body) == context.digest(size(n) as u64)?,
            "request {n}: wrong bytes"
        );
    }

    let tag = context.tag("in-flight");
    let url = context.url(&format!("/stall/upload?tag={tag}"));
    let mut pending = Vec::new();
    for device in &mut devices {
        let input = message(context, "POST", &url, RequestFlags::WHOLE_BODY)?;
        pending.push(device.start(send(input, vec![0; 4096]))?);
    }
    until("64 requests at the server", || {
        Ok(context.seen(&tag)?.len() == MANY)
    })?;
    context.release()?;
    for pending in &mut pending {
        let done = wait(&mut **pending)?;
        ensure!(
            parse(&done)?.header.status == 200,
            "a released request failed"
        );
    }
    Ok(())
}

/// ReadFile in odd sizes, over every framing of a body.
pub(super) fn odd_reads(context: &Context) -> Result<()> {
    let mut random = Random::new(context.seed);
    let mut device = context.device()?;
    let digest = context.digest(ODD)?;
    for framing in ["bytes", "chunked", "close", "trailers"] {
        let path = format!("/{framing}/{ODD}");
        let input = get(context, &path, RequestFlags::empty())?;
        let done = finish(&mut device, send(input, vec![0; FIXED + 1000]))?;
        let mut body = parse(&done).context(path.clone())?.body.to_vec();
        loop {
            let size = SIZES[random.below(SIZES.len())];
            let done = finish(&mut device, Operation::Read(vec![0; size]))?;
            if done.status == status::END_OF_FILE {
                break;
            }
            expect(&done, status::SUCCESS, &path)?;
            if done.information == 0 {
                break;
            }
            body.extend_from_slice(done.bytes());
            ensure!(body.len() as u64 <= ODD, "{path}: too many bytes");
        }
        ensure!(body.len() as u64 == ODD, "{path}: {} bytes", body.len());
        ensure!(sha256(&body) == digest, "{path}: wrong bytes");
    }
    Ok(())
}

/// The response in a successful completion.
pub(super) fn parse(done: &Completion) -> Result<Response<'_>> {
    expect(done, status::SUCCESS, "a response")?;
    Response::parse(done.bytes()).map_err(|error| anyhow!("a response: {error}"))
}

const fn size(n: usize) -> usize {
    n * n * 61
}

const MANY: usize = 64;
const ODD: u64 = 300_007;
const SIZES: [usize; 9] = [1, 2, 3, 7, 1000, 4095, 4096, 4097, 65537];

const CONNECTIONS: u64 = 8;
