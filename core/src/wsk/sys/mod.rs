//! Bindings of `wsk.h`, the Winsock Kernel interface, and of the parts of `ws2def.h`,
//! `ws2ipdef.h` and `ws2tcpip.h` that it leans on. Hand-written: `wdk-sys` has none of them.
//!
//! Names are Microsoft's own. Each item names its page of the driver documentation, in the form
//! it has in the page's address (`wsk/nc-wsk-pfn_wsk_send`); pages below `winsock/`, `ws2def/` and
//! the like are of the Windows documentation. Function pointers are
//! `unsafe extern "C"` like those of `wdk-sys`: on x64 and Arm64 Windows that is NTAPI. Fields
//! that hold one are `Option`s, because a provider leaves entries of later versions NULL.
//!
//! The package `wskhttp-wsk-layout` compares every structure, field, prototype and constant here
//! with an independent `wsk.h`.

#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    clippy::upper_case_acronyms,
    reason = "the names are Microsoft's"
)]

mod addr;
mod addr_info;
mod buf;
mod client;
mod client_control;
mod flags;
mod layout;
mod provider;
mod registration;
mod socket;
mod socket_control;
mod socket_dispatch;
mod winsock;

pub use addr::*;
pub use addr_info::*;
pub use buf::*;
pub use client::*;
pub use client_control::*;
pub use flags::*;
pub use provider::*;
pub use registration::*;
pub use socket::*;
pub use socket_control::*;
pub use socket_dispatch::*;
pub use winsock::*;
