//! Data in flight: buffers over MDL chains, and what the receive callbacks are given.

use wdk_sys::{PMDL, SIZE_T, ULONG};

use super::{PCMSGHDR, PSOCKADDR};

/// Bytes in an MDL or MDL chain (`wsk/ns-wsk-_wsk_buf`). The memory is locked or nonpaged and
/// stays so until the request completes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_BUF {
    /// First MDL; may be NULL when `Length` is 0.
    pub Mdl: PMDL,
    /// Bytes from the start of the first MDL; lies within it.
    pub Offset: ULONG,
    /// Bytes from `Offset` on, over the chain.
    pub Length: SIZE_T,
}

/// Pointer to a [`WSK_BUF`].
pub type PWSK_BUF = *mut WSK_BUF;

/// List of datagrams for one `WskSendMessages` (`wsk/ns-wsk-wsk_buf_list`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_BUF_LIST {
    /// Next datagram, NULL at the end.
    pub Next: PWSK_BUF_LIST,
    /// This datagram.
    pub Buffer: WSK_BUF,
}

/// Pointer to a [`WSK_BUF_LIST`].
pub type PWSK_BUF_LIST = *mut WSK_BUF_LIST;

/// List of received stream buffers (`wsk/ns-wsk-_wsk_data_indication`). The subsystem owns it,
/// unless the callback keeps it by returning STATUS_PENDING.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_DATA_INDICATION {
    /// Next buffer, NULL at the end.
    pub Next: PWSK_DATA_INDICATION,
    /// This buffer.
    pub Buffer: WSK_BUF,
}

/// Pointer to a [`WSK_DATA_INDICATION`].
pub type PWSK_DATA_INDICATION = *mut WSK_DATA_INDICATION;

/// List of received datagrams (`wsk/ns-wsk-_wsk_datagram_indication`). Owned as
/// [`WSK_DATA_INDICATION`] is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_DATAGRAM_INDICATION {
    /// Next datagram, NULL at the end.
    pub Next: PWSK_DATAGRAM_INDICATION,
    /// This datagram.
    pub Buffer: WSK_BUF,
    /// Its control objects, or NULL.
    pub ControlInfo: PCMSGHDR,
    /// Bytes of control objects.
    pub ControlInfoLength: ULONG,
    /// Its sender.
    pub RemoteAddress: PSOCKADDR,
}

/// Pointer to a [`WSK_DATAGRAM_INDICATION`].
pub type PWSK_DATAGRAM_INDICATION = *mut WSK_DATAGRAM_INDICATION;
