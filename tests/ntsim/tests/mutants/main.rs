//! Clients that break one rule each, and are caught; proofs of what the kernel and the provider do;
//! and the table of them all.
//!
//! A mutant passes only if the very rule that it names ends the run.

mod client;
#[macro_use]
mod harness;

mod buffers;
mod close;
mod completion;
mod control;
mod create;
mod data;
mod devices;
mod dispatch;
mod events;
mod handles;
mod irps;
mod irql;
mod kernel;
mod locks;
mod mdls;
mod names;
mod own_irps;
mod paged;
mod pool;
mod registration;
mod remove_locks;
mod table;
mod timers;
mod work_items;
