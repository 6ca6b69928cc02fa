//! A simulated NT kernel and WSK provider, on which `wskhttp.sys` runs natively.
//!
//! The driver is linked in as it is. The symbols that it imports are defined here, one file for each
//! of the kernel's prefixes. Simulated threads are coroutines on one thread of the host; a seed
//! decides at every kernel call who runs on, and how the network behaves, and time is virtual: the
//! same seed gives the same run. Where nobody can run and no time-out is pending, the test fails with
//! what each thread waits for. A broken rule ends the run with the rule's number.
//!
//! ```ignore
//! ntsim::run(seed, || {
//!     ntsim::listen(80, |mut stream| { /* the server: Read and Write */ });
//!     let driver = ntsim::Driver::load().unwrap();
//!     let mut device = wskhttp_client::Device::with_opener(driver.opener()).unwrap();
//!     ...
//!     drop(device);
//!     driver.remove();   // and nothing may be left
//! });
//! ```
//!
//! [`Sim`] chooses what else a run has: the provider of WSK is one of four ([`Profile`]), it may be
//! ready late or never, and [`lose_provider`] takes it away in mid-run.
//!
//! # What is checked
//! | rules | what |
//! |---|---|
//! | WSK 1, 3, 8, 9, 10, 12 | registration, capture, unload |
//! | WSK 14 to 17, 19, 25, 26 | IRPs |
//! | WSK 28 to 30, 33 | buffers |
//! | WSK 7, 37, 42, 44, 48, 50, 53, 57, 58, 60, 62, 64 | sockets |
//! | WSK 86, 87 | names |
//! | WSK 92, 95 | waits and locks |
//! | Verifier | DoubleCompletion, MarkIrpPending and 2, C9 06, 07, 201, 208, 20A, 224, 226, IoAllocateComplete, SpinLockSafe, CancelSpinLockRelease, C4 10, 13, 51, 62, FA, 1000, 1003, 1007, 100A, F6; IRQL of every call; writes to freed pool and IRPs; threads, devices, interfaces and handles left at unload |
//!
//! `tests/mutants.rs` breaks these on purpose, and they are caught: WSK 9, 14 to 17, 33, 42, 48, 64,
//! 86, 87, 92; DoubleCompletion, IoAllocateComplete, IrqlKeReleaseSpinLock, C4 13, 51, 1000; an IRP
//! and an MDL freed twice; a deadlock. The others have no mutant yet, so nothing proves that they are
//! caught.
//!
//! `NTSIM_SEED=7 cargo xtask test host` runs the tests of the driver with that seed alone.
//!
//! # What is not there
//! The other rules of WSK; faults; event callbacks, WskSocketConnect, the control functions; paged
//! pool, timers, DPCs, registry, security. Between
//! two kernel calls a thread is never preempted, so that races of atomics alone are not found here.
//! Stacks have a guard page, 24 KiB (or what an expansion asks for) and 64 KiB for the simulator's
//! own frames, which lie on the same stack; without optimization they are eight times as large. How
//! deep a thread was at its deepest kernel call is in [`Report`]; no bar is enforced.
//!
//! # Safety
//! The functions with C names keep the contracts of the DDI pages, and what a pointer stands for is
//! looked up before it is followed where the simulator has handed it out.
#![allow(
    non_snake_case,
    clippy::missing_safety_doc,
    reason = "the names are the kernel's, and so are the contracts"
)]

mod bcrypt;
mod device;
mod ex;
mod io;
mod ke;
mod mm;
mod net;
mod profile;
mod ps;
mod rtl;
mod sched;
mod sim;
mod state;
mod user;
mod wsk;

// DriverEntry, and the global allocator.
extern crate wskhttp as _;

pub use net::{Ending, Stream, sleep};
pub use profile::{Profile, Sim};
pub use sim::{Driver, Report, Thread, as_driver, at_irql, listen, lot, run, spawn, try_run};
pub use wsk::{BLACK_HOLE, lose_provider, restore_provider};
