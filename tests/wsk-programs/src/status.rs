//! Names of statuses.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use wdk_sys::NTSTATUS;

/// The status as `ntstatus.h` names it, if a program has met it yet.
pub(crate) fn name(status: NTSTATUS) -> String {
    let known = KNOWN
        .iter()
        .find(|(code, _)| *code == status.cast_unsigned());
    known.map_or_else(|| format!("{status:#010x}"), |(_, name)| (*name).to_owned())
}

const KNOWN: &[(u32, &str)] = &[
    (0x0000_0000, "STATUS_SUCCESS"),
    (0x0000_0103, "STATUS_PENDING"),
    (0xC000_0001, "STATUS_UNSUCCESSFUL"),
    (0xC000_0002, "STATUS_NOT_IMPLEMENTED"),
    (0xC000_000D, "STATUS_INVALID_PARAMETER"),
    (0xC000_0017, "STATUS_NO_MEMORY"),
    (0xC000_00A3, "STATUS_DEVICE_NOT_READY"),
    (0xC000_00B0, "STATUS_PIPE_DISCONNECTED"),
    (0xC000_00B5, "STATUS_IO_TIMEOUT"),
    (0xC000_00BB, "STATUS_NOT_SUPPORTED"),
    (0xC000_0120, "STATUS_CANCELLED"),
    (0xC000_0184, "STATUS_INVALID_DEVICE_STATE"),
    (0xC000_020A, "STATUS_ADDRESS_ALREADY_EXISTS"),
    (0xC000_020C, "STATUS_CONNECTION_DISCONNECTED"),
    (0xC000_020D, "STATUS_CONNECTION_RESET"),
    (0xC000_0225, "STATUS_NOT_FOUND"),
    (0xC000_0236, "STATUS_CONNECTION_REFUSED"),
    (0xC000_0238, "STATUS_ADDRESS_ALREADY_ASSOCIATED"),
    (0xC000_0241, "STATUS_CONNECTION_ABORTED"),
    (0xC000_0272, "STATUS_NO_MATCH"),
    (0xC000_02B9, "STATUS_NOINTERFACE"),
];
