//! The IRPs that the task has yet to complete.

use std::collections::VecDeque;

use super::Flaw;
use super::irp::Irp;

/// A queued IRP.
pub(super) struct Entry {
    pub(super) irp: usize,
    pub(super) cancel: Cancel,
}

/// How far a cancellation of an IRP has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    Armed,
    Ran,
    Disarmed,
    Running,
}

/// The part of a handle under its lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Entry>,
    pub(super) busy: bool,
    pub(super) ending: bool,
    pub(super) aborted: bool,
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.aborted || self.ending
    }

    /// The first IRP of a model sends the request, and is the only one without which there is none.
    pub(super) fn admits(&self, irp: usize) -> bool {
        !self.ending && (irp == 0 || self.busy)
    }

    pub(super) fn take_front(&mut self, irps: &[Irp], flaw: Flaw) -> Option<Option<Entry>> {
        if flaw != Flaw::NeverDisarms {
            self.disarm_front(irps, flaw)?;
        }
        Some(self.queue.pop_front())
    }

    pub(super) fn disarm_front(&mut self, irps: &[Irp], flaw: Flaw) -> Option<()> {
        let Some(entry) = self.queue.front_mut() else {
            return Some(());
        };
        if entry.cancel == Cancel::Armed {
            let was_set = irps[entry.irp].set_cancel_routine(false);
            entry.cancel = if was_set {
                Cancel::Disarmed
            } else {
                Cancel::Running
            };
        }
        (entry.cancel != Cancel::Running || flaw == Flaw::CompletesRunning).then_some(())
    }
}
