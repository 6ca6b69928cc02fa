//! The output buffer: too small a one, and what is written to it.

use anyhow::{Result, anyhow, ensure};
use wskhttp_abi::{
    IOCTL_WSKHTTP_QUERY_FAILURE, IOCTL_WSKHTTP_QUERY_STATUS, RequestFlags, Response,
};
use wskhttp_client::{Completion, Device, Operation};

use super::download::parse;
use crate::Context;
use crate::message::{FIXED, expect, finish, get, receive, send, status};

/// A head larger than the output: BUFFER_OVERFLOW, and RECEIVE_RESPONSE fetches it.
pub(super) fn head_overflow(context: &Context) -> Result<()> {
    let mut device = context.device()?;
    let input = get(context, "/header/20000", RequestFlags::WHOLE_BODY)?;
    let mut done = finish(&mut device, send(input, vec![POISON[0]; FIXED + 10]))?;
    let mut needed = 0;
    for attempt in 0..2 {
        expect(&done, status::BUFFER_OVERFLOW, "a head that does not fit")?;
        ensure!(
            done.information == FIXED,
            "{} bytes of it",
            done.information
        );
        untouched(&done)?;
        let response = Response::parse(done.bytes()).map_err(|error| anyhow!("{error}"))?;
        needed = response.needed().map_or(0, |needed| needed as usize);
        ensure!(needed > 20_000 + FIXED, "{needed} bytes needed");
        if attempt == 0 {
            // One byte too few is still too few.
            done = finish(&mut device, receive(vec![POISON[0]; needed - 1]))?;
        }
    }
    done = finish(&mut device, receive(vec![POISON[0]; needed + 100]))?;
    untouched(&done)?;
    let response = parse(&done)?;
    let large = response.header_lines().map(|(_, value)| value.len()).max();
    ensure!(
        large == Some(20_000),
        "the largest value has {large:?} bytes"
    );
    ensure!(response.body == b"ok", "the body is not there");
    Ok(())
}

/// Only `Information` bytes are written, and each of them is a value of the driver's.
pub(super) fn poison(context: &Context) -> Result<()> {
    for path in ["/bytes/100", "/chunked/5000", "/status/204", "/header/3000"] {
        repeat(
            path,
            |device, poison| {
                let input = get(context, path, RequestFlags::WHOLE_BODY)?;
                let done = finish(device, send(input, vec![poison; 16384]))?;
                parse(&done)?;
                Ok(done)
            },
            context,
        )?;
    }
    repeat(
        "QUERY_STATUS",
        |device, poison| ask(device, IOCTL_WSKHTTP_QUERY_STATUS, poison),
        context,
    )?;
    repeat(
        "QUERY_FAILURE",
        |device, poison| {
            let input = get(context, "/garbage", RequestFlags::WHOLE_BODY)?;
            let done = finish(device, send(input, vec![poison; 4096]))?;
            ensure!(done.is_error(), "garbage was taken for a response");
            ensure!(done.information == 0, "a failed request wrote output");
            untouched_by(&done, poison)?;
            ask(device, IOCTL_WSKHTTP_QUERY_FAILURE, poison)
        },
        context,
    )
}

fn ask(device: &mut Device, code: u32, poison: u8) -> Result<Completion> {
    let operation = Operation::Ioctl {
        code,
        input: Vec::new(),
        output: vec![poison; 1024],
    };
    let done = finish(device, operation)?;
    expect(&done, status::SUCCESS, "a query")?;
    Ok(done)
}

/// Does the same over buffers with different contents before: a byte that keeps each of them was not
/// written.
fn repeat(
    what: &str,
    run: impl Fn(&mut Device, u8) -> Result<Completion>,
    context: &Context,
) -> Result<()> {
    let mut outputs = Vec::new();
    for poison in POISON {
        let done = run(&mut context.device()?, poison)?;
        untouched_by(&done, poison)?;
        outputs.push(done.bytes().to_vec());
    }
    let shortest = outputs.iter().map(Vec::len).min().unwrap_or_default();
    for at in 0..shortest {
        let kept = outputs
            .iter()
            .zip(POISON)
            .all(|(output, poison)| output[at] == poison);
        ensure!(!kept, "{what}: byte {at} of the output was not written");
    }
    Ok(())
}

fn untouched(done: &Completion) -> Result<()> {
    untouched_by(done, POISON[0])
}

/// Checks that nothing behind `information` was written.
pub(super) fn untouched_by(done: &Completion, poison: u8) -> Result<()> {
    let rest = done.output.get(done.information..).unwrap_or_default();
    let written = rest.iter().position(|&byte| byte != poison);
    ensure!(
        written.is_none(),
        "byte {written:?} behind the {} of Information was written",
        done.information
    );
    Ok(())
}

const POISON: [u8; 4] = [0xA5, 0x5A, 0xC3, 0x3C];
