//! Where providers do not keep the contract of WSK.
//!
//! Wine 10's `netio.sys`:
//! - the functions of [`Function::is_missing_in_wine`] return STATUS_NOT_IMPLEMENTED and never
//!   complete the IRP. Can go once Wine completes it.
//! - flags of send and receive are not looked at, and each is complained about in the debug output.
//! - `WskBind` and `WskConnect` take no more than 16 bytes of an address, so IPv6 fails.
//! - an MDL chain fails, so we never pass one there.

use wdk_sys::NTSTATUS;

/// Functions of WSK that complete an IRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Socket,
    Bind,
    Connect,
    ConnectEx,
    SocketConnect,
    Accept,
    Send,
    Receive,
    Disconnect,
    Close,
    Control,
    ControlClient,
    GetAddress,
    GetAddressInfo,
}

impl Function {
    fn is_missing_in_wine(self) -> bool {
        matches!(
            self,
            Self::Disconnect
                | Self::Control
                | Self::ControlClient
                | Self::GetAddress
                | Self::SocketConnect
                | Self::ConnectEx
        )
    }
}

/// What is known of the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    pub(crate) wine: bool,
    /// Whether the tables of connection sockets go on behind `WskRelease`.
    pub(crate) new_tables: bool,
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

    /// Whether a chain of MDLs may be tried.
    pub(crate) fn has_chains(self) -> bool {
        !self.wine
    }

    /// Whether `WskSocketConnect` may be tried.
    pub(crate) fn has_socket_connect(self) -> bool {
        !self.wine
    }

    /// Whether `WskConnectEx` may be looked for and tried.
    pub(crate) fn has_connect_ex(self) -> bool {
        !self.wine && self.new_tables
    }

    /// Whether event callbacks may be tried.
    pub(crate) fn has_events(self) -> bool {
        !self.wine
    }

    /// Whether `WskControlSocket` and `WskControlClient` may be tried.
    pub(crate) fn has_control(self) -> bool {
        !self.wine
    }

    /// Whether `WskDisconnect` may be tried.
    pub(crate) fn has_disconnect(self) -> bool {
        !self.wine
    }

    /// Whether flags of send and receive are of use.
    pub(crate) fn has_flags(self) -> bool {
        !self.wine
    }
}

const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
