//! Transport of wskhttp: owned-buffer byte streams, and their implementation over Winsock Kernel.
//!
//! [`io`] holds the traits that TLS and HTTP are written against; it has no FFI and builds on any
//! host. Feature `nt` adds the layers over `wdk-sys`: the NT objects, the executor and WSK.
//!
//! # Vector registers
//! Windows keeps the upper halves of ymm registers for nobody but who has called
//! `KeSaveExtendedProcessorState` (`wdm/nf-wdm-kesaveextendedprocessorstate`), while xmm registers are
//! everybody's on x64. Nothing here calls it, because nothing that is linked into the driver uses
//! AVX: the cryptography is held to its portable and SSE2 forms when it is compiled, by the cfgs of
//! `.cargo/config.toml` and the features of `wskhttp-tls`, not by what the processor has. The call
//! would cost every record a save and a restore, Wine and older kernels do not export it, and it may
//! fail for memory. `cargo xtask build` looks at every instruction of the image, and fails at one that
//! touches ymm or zmm outside the functions of a fence; there is none. If there is to be one, its
//! way in is this crate's: the routine looked up by `nt::routine`, and the portable form where it is
//! absent.
#![no_std]
#![cfg_attr(not(feature = "nt"), forbid(unsafe_code))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]

extern crate alloc;

pub mod crypto;
#[cfg(any(test, feature = "nt"))]
pub mod exec;
pub mod fallible;
pub mod io;
#[cfg(feature = "nt")]
pub mod nt;
#[cfg(any(test, feature = "nt"))]
pub mod wsk;
