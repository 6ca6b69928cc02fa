//! Executor: a few system threads at PASSIVE_LEVEL that run futures.
//!
//! A waker may be called at <= DISPATCH_LEVEL: it changes an atomic, links the task into a list and
//! releases a semaphore. Futures are polled and dropped by the worker threads alone.

mod atomic {
    //! What the state machines synchronise with, in one place so that a model checker can stand in.
    pub(crate) use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
}
pub(crate) mod op_state;
#[cfg_attr(not(feature = "nt"), allow(dead_code, reason = "the executor uses it"))]
pub(crate) mod rundown;
pub(crate) mod task_state;

#[cfg(feature = "nt")]
mod executor;
#[cfg(feature = "nt")]
mod notify;
#[cfg(feature = "nt")]
mod queue;
mod race;
#[cfg(feature = "nt")]
mod task;
#[cfg(feature = "nt")]
mod worker;

#[cfg(feature = "nt")]
pub use executor::{Executor, Spawner, worker_count};
#[cfg(feature = "nt")]
pub use notify::{AtomicWaker, Notify};
#[cfg(feature = "nt")]
pub(crate) use queue::{Item, ItemRef};
pub use race::{Either, race};
