//! A fair share of a thread that serves many.

use core::task::{Context, Poll};

/// Counts the steps of work that may never have to wait, and has it wait for its turn now and then: a
/// task is cancelled, meets its deadline and lets others run between two polls only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns(u8);

impl Turns {
    /// To be asked before each step: ready, but every 16th time not, and then woken at once. IRQL: that
    /// of the waker.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0 = self.0.wrapping_add(1);
        if !self.0.is_multiple_of(STEPS) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

const STEPS: u8 = 16;
