//! Compares `wskhttp_core::wsk::sys`, our hand-written bindings of `wsk.h`, with two others:
//! the `wsk.h` that the Wine project wrote on its own (Debian's package `libwine-dev`), and for
//! the Winsock numbers that Wine lacks the `windows-sys` crate, made from Microsoft's metadata.
//!
//! [`layouts`], [`prototypes`] and [`constants`] list what Rust sees of the bindings; the compiler
//! holds each list to them, so that a field left out does not build. [`assertion`] turns the lists
//! into `_Static_assert` lines, [`oracle`] has clang judge them against the header, and
//! [`declared`] reads which names the header has. [`differences`] is what may differ, and why.
//!
//! What Wine's header lacks is written down once more in C, in `documented.h`, from the
//! documentation.
//!
//! Needs `clang` and `libwine-dev`; says so where they are missing, and never skips.

#![forbid(unsafe_code)]

pub mod assertion;
pub mod constants;
pub mod declared;
pub mod differences;
pub mod layouts;
pub mod oracle;
pub mod prototypes;
