//! `wskhttp.sys`: the HTTP/1.1 and TLS client of this workspace, served over a device interface.
//!
//! ```text
//! DriverEntry ── Runtime (executor, WSK, TLS configurations)
//! AddDevice ──── Device (interface, handles)
//! IRP_MJ_CREATE ─ Handle: one task, one connection pool, one request at a time
//!                  └ exchange: SEND_REQUEST → WriteFile* → RECEIVE_RESPONSE → ReadFile*
//! ```
//!
//! A dispatch routine checks, queues the IRP on its handle and returns STATUS_PENDING; the handle's
//! task, on a worker at PASSIVE_LEVEL, does the work and completes it. A cancel routine completes
//! nothing: it marks the handle, and the task drops what it was doing, which aborts the connection.
#![no_std]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]

extern crate alloc;
// On other hosts the driver is linked into a program, whose panic handler is std's.
#[cfg(not(windows))]
extern crate std;

mod admission;
mod allocator;
mod body;
mod buffer;
#[cfg(all(windows, not(test)))]
mod bugcheck;
mod control;
mod crypto;
mod device;
mod dispatch;
mod entry;
mod exchange;
mod handle;
mod handles;
mod machine;
mod plan;
mod pnp;
mod queue;
mod reply;
mod reserve;
mod runtime;
mod trust;

#[global_allocator]
static GLOBAL: allocator::Allocator = allocator::Allocator;
