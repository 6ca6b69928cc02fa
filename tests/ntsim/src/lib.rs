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
//! A [`Machine`] is a simulation on a thread of its own, with the sockets, the names and the clock of
//! the host: programs on other threads use the device, against real servers. `tests/cases.rs` runs
//! the test bodies of `wskhttp-cases` on it.
//!
//! # What is checked
//! `RULES.md` says it of each [`rule`]: checked, with the clients in `tests/mutants` that break it on
//! purpose and are caught, or why not.
//!
//! A test that fails says by which seed, and how to run it again: `cargo xtask sim --seed 7`.
//!
//! # Against the real thing
//! The profile [`Profile::Wine`] is measured: the small WSK clients of `tests/wsk-programs` run on it and
//! in a driver that Wine loads, and must see the same statuses, byte counts and order
//! (`cargo xtask test wsk`). [`Sim::on_host`] has the network for that.
//!
//! `cargo xtask sim --asan` runs the tests with AddressSanitizer, which then sees each access to pool that
//! is freed, or beyond a block's end.
//!
//! # Faults
//! A run numbers the calls of the driver that may fail; a [`fault::Plan`] says which do. `tests/fault.rs`
//! fails them one after the other. An allocation whose failure Rust cannot report ends the run as
//! the bugcheck that it would be.
//!
//! # What is not there
//! Datagram sockets, inspection of connections (WskInspectEvent and WskAbortEvent, which a client has no use
//! for), WskGetNameInfo; security descriptors, which the driver does not import: it would not link. Between
//! two kernel calls a thread is never preempted, so that races of atomics alone are not found here.
//! DPCs run on two processors that have nothing else to do, from the first timer or DPC of a run on.
//!
//! Stacks have a guard page, 24 KiB (or what an expansion asks for) and 64 KiB for the simulator's
//! own frames, which lie on the same stack; without optimization they are twelve times as large. The
//! driver has to leave 4 KiB (rule 93). `cargo xtask test stack` runs `tests/stack.rs` and the cases
//! with optimization, where what the driver used is found by paint, and is in [`Report`].
//!
//! # Safety
//! The functions with C names keep the contracts of the DDI pages, and what a pointer stands for is
//! looked up before it is followed where the simulator has handed it out.
// An allocation that fails where it must not is a bugcheck; std would end the whole program.
#![feature(alloc_error_hook)]
#![allow(
    non_snake_case,
    clippy::missing_safety_doc,
    reason = "the names are the kernel's, and so are the contracts"
)]

mod asan;
mod assertion;
pub mod bcrypt;
mod device;
mod door;
mod dpc;
mod driver;
mod ex;
pub mod fault;
mod host;
mod io;
mod ke;
mod machine;
mod mdl;
mod mm;
mod net;
mod paged;
mod profile;
mod ps;
pub mod registry;
mod remove_lock;
mod rtl;
pub mod rule;
mod sched;
mod secret;
mod sim;
mod stack;
mod state;
mod tamper;
mod target;
mod timer;
mod trap;
mod user;
mod work_item;
mod wsk;

// DriverEntry, and the global allocator.
extern crate wskhttp as _;

pub use door::Process;
pub use driver::{DeviceStack, Driver, Entry};
pub use ex::PoolUse;
pub use machine::{Machine, Options};
pub use net::{Ending, Host, Stream, connect_to, reset_connections, set_host, set_name, sleep};
pub use profile::{Profile, Sim};
pub use secret::{guard_secret, secrets_left};
pub use sim::{
    Report, Thread, as_driver, as_user, at_irql, elapsed, image_gone, in_process, listen, lot,
    points, process, run, seed, seeds, socket_owners, spawn, spawn_at, try_run, wait_until,
};
pub use stack::Depth;
pub use target::{Dispatch, Sent, Target};
pub use wsk::{
    BLACK_HOLE, change_transports, end_closes, hang_closes, kept_lists, lose_provider,
    make_changes_last, restore_provider, set_ideal_backlog, set_transports, socket_options,
    socket_security, sockets, waits_for_changes,
};
