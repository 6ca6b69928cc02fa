//! CancelIoEx, and what else a handle with a request under way has to bear.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use wskhttp_abi::RequestFlags;
use wskhttp_client::Operation;

use super::download::parse;
use crate::Context;
use crate::message::{expect, finish, get, message, send, sha256, status, wait};
use crate::observer::until;
use crate::phase::Phase;
use crate::random::Random;

/// In each phase: STATUS_CANCELLED, and the server sees the end.
pub(super) fn each_phase(context: &Context) -> Result<()> {
    Phase::ALL
        .into_iter()
        .try_for_each(|phase| in_phase(context, phase))
}

/// In the name look-up, which goes on while the next request is served.
pub(super) fn look_up(context: &Context) -> Result<()> {
    in_phase(context, Phase::LookUp)
}

fn in_phase(context: &Context, phase: Phase) -> Result<()> {
    let tag = context.tag("cancel");
    one(context, phase, &tag).with_context(|| format!("in phase {phase:?}"))?;
    let mut device = context.device()?;
    let input = get(context, "/bytes/10", RequestFlags::WHOLE_BODY)?;
    parse(&finish(&mut device, send(input, vec![0; 4096]))?)
        .map(drop)
        .with_context(|| format!("the request after {phase:?}"))
}

fn one(context: &Context, phase: Phase, tag: &str) -> Result<()> {
    let mut stalled = phase.reach(context, tag)?;
    stalled.pending.cancel();
    let done = wait(&mut *stalled.pending)?;
    expect(&done, status::CANCELLED, "the canceled operation")?;
    let failure = stalled.device.failure()?;
    ensure!(
        failure.is_some_and(|failure| failure.status == status::CANCELLED),
        "the handle's failure is {failure:?}"
    );
    stalled.wait_for_end(context)
}

/// In the middle of a write that the server keeps up with, so that it may never have to wait.
pub(super) fn upload(context: &Context) -> Result<()> {
    let tag = context.tag("cancel-upload");
    let url = context.url(&format!("/upload?tag={tag}"));
    let input = message(context, "POST", &url, RequestFlags::STREAM_BODY)?;
    let mut device = context.device()?;
    let done = finish(&mut device, send(input, Vec::new()))?;
    expect(&done, status::SUCCESS, "the upload's begin")?;
    let mut pending = device.start(Operation::Write(vec![2; LONG]))?;
    until("the upload at the server", || {
        Ok(!context.seen(&tag)?.is_empty())
    })?;
    pending.cancel();
    expect(&wait(&mut *pending)?, status::CANCELLED, "the write")?;
    until("the connection's end at the server", || {
        let seen = context.seen(&tag)?;
        Ok(seen.iter().all(|connection| connection.end.is_some()))
    })
}

/// Cancels from several threads at once: one completion, as ever.
pub(super) fn twice(context: &Context) -> Result<()> {
    for phase in Phase::ALL {
        let tag = context.tag("twice");
        let mut stalled = phase.reach(context, &tag)?;
        let handle = stalled.device.handle()?;
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| handle.cancel_all());
            }
        });
        stalled.pending.cancel();
        let done = wait(&mut *stalled.pending)?;
        expect(
            &done,
            status::CANCELLED,
            "the operation canceled four times",
        )?;
        handle.cancel_all();
        stalled.wait_for_end(context)?;
    }
    Ok(())
}

/// Cancels that race with completion: one or the other, never both and never neither.
pub(super) fn race(context: &Context) -> Result<()> {
    let mut random = Random::new(context.seed);
    let digest = context.digest(64)?;
    let path = "/bytes/64";
    // Walks to and fro around the moment of completion: later after a cancel, earlier after a response.
    let mut edge = Duration::from_millis(1);
    let mut device = context.device()?;
    let (mut canceled, mut completed) = (0, 0);
    for round in 0..ROUNDS {
        if random.below(4) == 0 {
            device = context.device()?;
        }
        let spin = edge.mul_f64(0.8 + random.below(400) as f64 / 1000.0);
        let input = get(context, path, RequestFlags::WHOLE_BODY)?;
        let mut pending = device.start(send(input, vec![0; 4096]))?;
        let begin = Instant::now();
        while begin.elapsed() < spin {
            std::hint::spin_loop();
        }
        pending.cancel();
        let done = wait(&mut *pending).with_context(|| format!("round {round}"))?;
        match done.status {
            status::CANCELLED => {
                canceled += 1;
                edge = edge.mul_f64(1.15);
            }
            status::SUCCESS => {
                completed += 1;
                edge = edge.mul_f64(0.87);
                ensure!(
                    sha256(parse(&done)?.body) == digest,
                    "round {round}: wrong bytes"
                );
            }
            other => bail!("round {round}: status 0x{other:08X}"),
        }
    }
    println!("{canceled} canceled, {completed} completed");
    ensure!(canceled > 0 && completed > 0, "there was no race");
    Ok(())
}

/// A second request on a handle that has one under way.
pub(super) fn busy(context: &Context) -> Result<()> {
    for phase in Phase::ALL {
        let tag = context.tag("busy");
        let mut stalled = phase.reach(context, &tag)?;
        let input = get(context, "/bytes/10", RequestFlags::WHOLE_BODY)?;
        let done = finish(&mut stalled.device, send(input, vec![0; 4096]))?;
        expect(&done, status::INVALID_DEVICE_STATE, "a second request")?;
        ensure!(done.information == 0, "a refused request wrote output");
        // The first is not disturbed.
        ensure!(
            stalled
                .pending
                .wait(Some(Duration::from_millis(100)))
                .is_none(),
            "the first request ended in phase {phase:?}"
        );
        stalled.pending.cancel();
        expect(
            &wait(&mut *stalled.pending)?,
            status::CANCELLED,
            "the first request",
        )?;
        stalled.wait_for_end(context)?;
    }
    Ok(())
}

const ROUNDS: usize = 400;
/// Bytes that are not sent before a cancel comes.
const LONG: usize = 128 << 20;
