//! Where providers do not keep the contract of WSK.
//!
//! Wine 10's `netio.sys`:
//! - the functions of [`Function::is_missing_in_wine`] return STATUS_NOT_IMPLEMENTED and never
//!   complete the IRP. Can go once Wine completes it.
//! - flags of send and receive are not looked at, and each is complained about in the debug output.
//! - `WskBind` and `WskConnect` take no more than 16 bytes of an address, so IPv6 fails.
//! - an MDL chain fails; we never pass one.

use wdk_sys::NTSTATUS;

/// Functions of WSK that complete an IRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Socket,
    Bind,
    Connect,
    Send,
    Receive,
    Disconnect,
    Close,
    GetAddressInfo,
}

impl Function {
    fn is_missing_in_wine(self) -> bool {
        self == Self::Disconnect
    }
}

/// What is known of the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    pub(crate) wine: bool,
}

impl Quirks {
    /// Whether `function` has returned `status` and will never complete the IRP.
    pub(crate) fn never_completes(self, function: Function, status: NTSTATUS) -> bool {
        self.wine && status == STATUS_NOT_IMPLEMENTED && function.is_missing_in_wine()
    }

    /// Whether IPv6 addresses can be bound and connected to.
    pub(crate) fn has_ipv6(self) -> bool {
        !self.wine
    }

    /// Whether flags of send and receive are of use.
    pub(crate) fn has_flags(self) -> bool {
        !self.wine
    }
}

const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
