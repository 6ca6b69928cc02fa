//! Models of what threads share, for loom: it runs each in every order of the threads' steps, up to
//! a number of preemptions, and with every value that the memory orderings allow a load to give.
//!
//! - [`op`]: the real `op_state.rs` of core's executor, under a model of `wsk/op.rs`.
//! - [`task`]: the real `task_state.rs`, under a model of `exec/task.rs`.
//! - [`rundown`]: the real `rundown.rs`, under a model of `exec/executor.rs`.
//! - [`shutdown`]: a model of how core's `wsk/provider.rs` waits for operations, and releases the provider.
//! - [`cancel`]: a model of how the driver's `handle.rs` cancels, closes and completes IRPs.
//!
//! The state machines are the sources themselves. What is around them here (`Op::poll` and the completion
//! routine, the executor's loops) and all of [`shutdown`] and [`cancel`] are copies, which nothing compares
//! with the source: who changes the source changes the model.
//!
//! A model takes a flaw, which is a mistake in one place. The tests let each model run without one,
//! and see to it that each flaw is found.

pub mod cancel;
mod check;
mod memory;
mod notify;
pub mod op;
pub mod rundown;
pub mod shutdown;
pub mod task;

pub use check::{explore, failure};

mod atomic {
    //! Takes the place of the module of this name next to the state machines.
    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU32, Ordering};
}

#[path = "../../../core/src/exec/op_state.rs"]
mod op_state;
#[path = "../../../core/src/exec/rundown.rs"]
mod rundown_state;
#[path = "../../../core/src/exec/task_state.rs"]
mod task_state;
