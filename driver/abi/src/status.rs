//! Counters of the driver.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Counters of the driver since it started. `_now` values go up and down, `_high` is the highest such
/// value, the others only grow.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Status {
    /// Bytes of this structure.
    pub size: u32,
    /// [`crate::VERSION`].
    pub version: u16,
    /// Zero.
    pub reserved: u16,
    /// Handles open.
    pub handles_now: u32,
    /// Requests under way.
    pub requests_now: u32,
    /// Requests begun.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Connections made.
    pub connections: u64,
    /// Connections open.
    pub connections_now: u32,
    /// Of them idle in the pool.
    pub idle_now: u32,
    /// Tasks of the executor.
    pub tasks_now: u32,
    /// Operations whose owner is gone and that the network stack has not completed.
    pub orphans_now: u32,
    /// Bytes of nonpaged pool in use.
    pub pool_now: u64,
    /// Highest `pool_now`.
    pub pool_high: u64,
    /// Pool allocations in use.
    pub allocations_now: u64,
    /// Deepest use of a worker's stack in bytes, 0 if not measured.
    pub stack_high: u64,
}
