//! An IRP, and what the I/O manager does with it.

use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};

use crate::memory::{Block, Owned};
use crate::notify::Event;

/// How an IRP was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The request did what the IRP asks for.
    Success,
    /// The request was cancelled or its handle closed.
    Canceled,
    /// The request failed.
    Failed,
    /// Not queued: the handle was closed, or had no request.
    Refused,
}

/// The I/O manager keeps `is_canceled` and `routine` for as long as `IoCancelIrp` may run; the rest
/// goes with the completion.
pub(super) struct Irp {
    is_canceled: AtomicBool,
    /// Whether the driver's cancel routine is set.
    routine: AtomicBool,
    block: Block,
    /// `DriverContext`: whether the handle was stored.
    context: Owned<bool>,
    status: Owned<Option<Status>>,
    completed: Event,
}

impl Irp {
    pub(super) fn new() -> Self {
        Self {
            is_canceled: AtomicBool::new(false),
            routine: AtomicBool::new(false),
            block: Block::default(),
            context: Owned::new(false),
            status: Owned::new(None),
            completed: Event::new(),
        }
    }

    /// `IoCancelIrp`. The routine releases the cancel spin lock first of all, and one thread cancels, so
    /// the lock is left out.
    pub(super) fn cancel(&self, routine: impl FnOnce()) {
        self.is_canceled.store(true, SeqCst);
        if self.set_cancel_routine(false) {
            routine();
        }
    }

    /// `IoSetCancelRoutine`: gives whether one was set.
    pub(super) fn set_cancel_routine(&self, routine: bool) -> bool {
        self.routine.swap(routine, SeqCst)
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.is_canceled.load(SeqCst)
    }

    pub(super) fn store_context(&self) {
        self.block.touch();
        self.context.with_mut(|stored| *stored = true);
    }

    pub(super) fn load_context(&self) {
        self.block.touch();
        self.context.with(|stored| assert!(stored, "no context"));
    }

    /// `IoMarkIrpPending`.
    pub(super) fn mark_pending(&self) {
        self.block.touch();
    }

    /// `IofCompleteRequest`.
    pub(super) fn complete(&self, status: Status) {
        assert!(
            !self.routine.load(SeqCst),
            "completed with a cancel routine"
        );
        self.block.free();
        self.context.with_mut(|stored| *stored = false);
        self.status.with_mut(|last| *last = Some(status));
        self.completed.set();
    }

    /// Waits for the completion.
    pub(super) fn wait(&self) {
        self.completed.wait();
    }

    /// At the end of a model.
    pub(super) fn status(&self) -> Status {
        self.block.assert_freed();
        self.status
            .with(|status| status.expect("a freed IRP has a status"))
    }
}
