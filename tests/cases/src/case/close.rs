//! CloseHandle with I/O pending.

use anyhow::{Context as _, Result, ensure};

use crate::Context;
use crate::message::{finish, receive, status};
use crate::phase::Phase;

/// In each phase: the server sees the end, and the operation does not outlive the handle.
pub(super) fn each_phase(context: &Context) -> Result<()> {
    for phase in Phase::ALL {
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
    }
    Ok(())
}
