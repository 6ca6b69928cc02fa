//! The handle, with its lock, its notification and its count of references.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering::AcqRel};

use super::irp::Status;
use super::queue::{Cancel, Entry, State};
use super::{Flaw, Model};
use crate::memory::Block;
use crate::notify::Notify;

pub(super) struct Handle {
    state: Mutex<State>,
    notify: Notify,
    /// The file object's and the task's, and those for a while.
    references: AtomicUsize,
    block: Block,
}

impl Handle {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            notify: Notify::new(),
            references: AtomicUsize::new(2),
            block: Block::default(),
        }
    }

    pub(super) fn add_reference(&self) {
        self.block.touch();
        self.references.fetch_add(1, AcqRel);
    }

    pub(super) fn release(&self) {
        if self.references.fetch_sub(1, AcqRel) == 1 {
            self.block.free();
        }
    }

    pub(super) fn assert_freed(&self) {
        self.block.assert_freed();
    }

    fn with<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        self.block.touch();
        access(&mut self.state.lock().unwrap())
    }

    fn notify(&self) {
        self.block.touch();
        self.notify.notify();
    }
}

impl Model {
    /// `Handle::submit`.
    pub(super) fn queue(&self, irp: usize) -> Result<(), Status> {
        self.handle.with(|state| {
            if !state.admits(irp) {
                return Err(Status::Refused);
            }
            let target = &self.irps[irp];
            target.store_context();
            let too_early = self.flaw == Flaw::LooksBeforeArming && target.is_canceled();
            target.set_cancel_routine(true);
            let is_canceled = match self.flaw {
                Flaw::LooksBeforeArming => too_early,
                _ => target.is_canceled(),
            };
            if is_canceled && target.set_cancel_routine(false) {
                return Err(Status::Canceled);
            }
            target.mark_pending();
            let cancel = Cancel::Armed;
            state.queue.push_back(Entry { irp, cancel });
            state.busy = true;
            Ok(())
        })?;
        self.handle.notify();
        Ok(())
    }

    /// `Handle::end`.
    pub(super) fn end(&self) {
        self.handle.with(|state| state.ending = true);
        self.handle.notify();
    }

    /// `cancel`.
    pub(super) fn cancel_routine(&self, irp: usize) {
        self.irps[irp].load_context();
        if self.flaw != Flaw::BorrowsHandle {
            self.handle.add_reference();
        }
        self.handle.with(|state| {
            state.aborted = true;
            let entry = state.queue.iter_mut().find(|entry| entry.irp == irp);
            if let Some(entry) = entry {
                entry.cancel = Cancel::Ran;
            }
        });
        if self.flaw == Flaw::CompletesInRoutine {
            self.irps[irp].complete(Status::Canceled);
        }
        if self.flaw != Flaw::MarksSilently {
            self.handle.notify();
        }
        if self.flaw != Flaw::BorrowsHandle {
            self.handle.release();
        }
    }

    /// `Handle::next`, which gives the IRP.
    pub(super) async fn next(&self) -> Option<usize> {
        self.wait_for(|state| match state.queue.front() {
            Some(entry) => Some(Some(entry.irp)),
            None if state.ending => Some(None),
            None => None,
        })
        .await
    }

    /// `Handle::abortable`.
    pub(super) async fn abortable(
        &self,
        work: impl Future<Output = Result<(), Status>>,
    ) -> Result<(), Status> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            loop {
                if self.handle.with(|state| state.is_over()) {
                    return Poll::Ready(Err(Status::Canceled));
                }
                if let Poll::Ready(done) = work.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                if self.handle.notify.poll_notified(cx).is_pending() {
                    if self.flaw != Flaw::LooksBeforeWork && self.handle.with(|s| s.is_over()) {
                        return Poll::Ready(Err(Status::Canceled));
                    }
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// `Handle::complete_front`.
    pub(super) async fn complete_front(&self, status: Status) {
        let taken = self.wait_for(|state| state.take_front(&self.irps, self.flaw));
        if let Some(entry) = taken.await {
            self.irps[entry.irp].complete(status);
        }
    }

    /// `Handle::conclude`.
    pub(super) async fn conclude(&self, outcome: Result<(), Status>) {
        loop {
            if self.flaw == Flaw::DisarmsThenPops {
                self.wait_for(|state| state.disarm_front(&self.irps, self.flaw))
                    .await;
            }
            let (popped, last) = self
                .wait_for(|state| {
                    let popped = match self.flaw {
                        Flaw::DisarmsThenPops => state.queue.pop_front(),
                        _ => state.take_front(&self.irps, self.flaw)?,
                    };
                    let last = state.queue.is_empty();
                    if last {
                        state.aborted = false;
                        state.busy = false;
                    }
                    Some((popped, last))
                })
                .await;
            if let Some(entry) = popped {
                let status = outcome.err().unwrap_or(Status::Success);
                self.irps[entry.irp].complete(status);
            }
            if last {
                return;
            }
        }
    }

    async fn wait_for<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        poll_fn(|cx| {
            loop {
                if let Some(found) = self.handle.with(&mut ready) {
                    return Poll::Ready(found);
                }
                if self.handle.notify.poll_notified(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}
