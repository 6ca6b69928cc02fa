//! Numbers that tell whether something leaks.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A look at the counters of a [`super::Wsk`]. Each is exact; together they are of no one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Sockets that are not closed to the end.
    pub connections_now: u32,
    /// Sockets that were ever made.
    pub connections_total: u64,
    /// Blocks with an IRP, in use or not.
    pub operations_now: u32,
    /// Operations that the kernel still has after their owner has gone.
    pub orphans_now: u32,
    /// Operations that outlived their owner.
    pub orphans_total: u64,
    /// Tasks of the executor.
    pub tasks_now: u32,
}

#[derive(Debug, Default)]
pub(super) struct Atomics {
    pub(super) connections_now: AtomicU32,
    pub(super) connections_total: AtomicU64,
    pub(super) operations_now: AtomicU32,
    /// Blocks that are not in `operations_now`, because they end with the registration.
    pub(super) ending_now: AtomicU32,
    /// Completion routines that are running.
    pub(super) routines_now: AtomicU32,
    pub(super) orphans_now: AtomicU32,
    pub(super) orphans_total: AtomicU64,
}

impl Atomics {
    pub(super) fn look(&self, tasks_now: u32) -> Counters {
        Counters {
            connections_now: self.connections_now.load(Ordering::Relaxed),
            connections_total: self.connections_total.load(Ordering::Relaxed),
            operations_now: self.operations_now.load(Ordering::SeqCst)
                + self.ending_now.load(Ordering::SeqCst),
            orphans_now: self.orphans_now.load(Ordering::Relaxed),
            orphans_total: self.orphans_total.load(Ordering::Relaxed),
            tasks_now,
        }
    }
}
