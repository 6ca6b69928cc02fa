//! CloseHandle with I/O pending.

use anyhow::{Context as _, Result, ensure};
use wskhttp_abi::RequestFlags;

use crate::Context;
use crate::message::{expect, finish, get, receive, send, status};
use crate::phase::Phase;

/// In each phase: the server sees the end, and the operation does not outlive the handle.
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
    let tag = context.tag("close");
    let mut stalled = phase.reach(context, &tag)?;
    stalled.device.handle()?.close();
    stalled
        .wait_for_end(context)
        .with_context(|| format!("closed in phase {phase:?}"))?;
    let done = stalled.pending.wait(Some(crate::message::PATIENCE));
    let done = done.with_context(|| format!("pending after the close in phase {phase:?}"))?;
    ensure!(done.is_error(), "{phase:?}: status 0x{:08X}", done.status);
    let after = finish(&mut stalled.device, receive(vec![0; 4096]))?;
    ensure!(after.status == status::INVALID_HANDLE, "the handle is open");
    let mut device = context.device()?;
    let input = get(context, "/bytes/10", RequestFlags::WHOLE_BODY)?;
    let done = finish(&mut device, send(input, vec![0; 4096]))?;
    expect(
        &done,
        status::SUCCESS,
        &format!("the request after {phase:?}"),
    )
}
