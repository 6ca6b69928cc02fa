//! Attaching to the WSK subsystem: `netio.sys` exports, the client's and the provider's NPI.

use wdk_sys::{GUID, KSPIN_LOCK, NTSTATUS, PVOID, UCHAR, ULONG, ULONGLONG, USHORT};

use super::{WSK_CLIENT_DISPATCH, WSK_PROVIDER_DISPATCH};

/// What the client offers to the WSK subsystem (`wsk/ns-wsk-_wsk_client_npi`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_CLIENT_NPI {
    /// Passed to [`super::PFN_WSK_CLIENT_EVENT`].
    pub ClientContext: PVOID,
    /// Must stay valid until `WskDeregister` returns.
    pub Dispatch: *const WSK_CLIENT_DISPATCH,
}

/// Pointer to a [`WSK_CLIENT_NPI`].
pub type PWSK_CLIENT_NPI = *mut WSK_CLIENT_NPI;

/// State of a registration, owned by the client, touched by the system only
/// (`wsk/ns-wsk-_wsk_registration`). Must not move between register and deregister.
#[repr(C)]
#[derive(Debug)]
pub struct WSK_REGISTRATION {
    /// Reserved for system use.
    pub ReservedRegistrationState: ULONGLONG,
    /// Reserved for system use.
    pub ReservedRegistrationContext: PVOID,
    /// Reserved for system use.
    pub ReservedRegistrationLock: KSPIN_LOCK,
}

/// Pointer to a [`WSK_REGISTRATION`].
pub type PWSK_REGISTRATION = *mut WSK_REGISTRATION;

impl WSK_REGISTRATION {
    /// The value before `WskRegister` fills it.
    pub const ZEROED: Self = Self {
        ReservedRegistrationState: 0,
        ReservedRegistrationContext: core::ptr::null_mut(),
        ReservedRegistrationLock: 0,
    };
}

/// The subsystem's object for an attached client; opaque (`network/wsk-client`).
#[repr(C)]
#[derive(Debug)]
pub struct WSK_CLIENT {
    _opaque: [u8; 0],
}

/// Pointer to a [`WSK_CLIENT`].
pub type PWSK_CLIENT = *mut WSK_CLIENT;

/// What a capture returns: the client object and the provider's table
/// (`wsk/ns-wsk-_wsk_provider_npi`). Valid until `WskReleaseProviderNPI`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WSK_PROVIDER_NPI {
    /// First argument of each function of [`WSK_PROVIDER_DISPATCH`].
    pub Client: PWSK_CLIENT,
    /// The provider's functions.
    pub Dispatch: *const WSK_PROVIDER_DISPATCH,
}

/// Pointer to a [`WSK_PROVIDER_NPI`].
pub type PWSK_PROVIDER_NPI = *mut WSK_PROVIDER_NPI;

impl WSK_PROVIDER_NPI {
    /// The value before `WskCaptureProviderNPI` fills it.
    pub const ZEROED: Self = Self {
        Client: core::ptr::null_mut(),
        Dispatch: core::ptr::null(),
    };
}

/// Range of versions that the subsystem supports (`wsk/ns-wsk-_wsk_provider_characteristics`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WSK_PROVIDER_CHARACTERISTICS {
    /// Highest version, as of [`MAKE_WSK_VERSION`].
    pub HighestVersion: USHORT,
    /// Lowest version, as of [`MAKE_WSK_VERSION`].
    pub LowestVersion: USHORT,
}

/// Pointer to a [`WSK_PROVIDER_CHARACTERISTICS`].
pub type PWSK_PROVIDER_CHARACTERISTICS = *mut WSK_PROVIDER_CHARACTERISTICS;

/// Identifier of a network programming interface (`netioddk.h`).
pub type NPIID = GUID;

/// Pointer to an [`NPIID`].
pub type PNPIID = *const NPIID;

/// Identifier of the WSK NPI, for [`super::WSK_EVENT_CALLBACK_CONTROL`]. A static, because the
/// subsystem is given its address.
pub static NPI_WSK_INTERFACE_ID: NPIID = GUID {
    Data1: 0x2227_E803,
    Data2: 0x8D8B,
    Data3: 0x11D4,
    Data4: [0xAB, 0xAD, 0x00, 0x90, 0x27, 0x71, 0x9E, 0x09],
};

/// Version number of the WSK NPI from its two parts (`wsk/ns-wsk-_wsk_client_dispatch`).
#[must_use]
pub const fn MAKE_WSK_VERSION(Mj: UCHAR, Mn: UCHAR) -> USHORT {
    USHORT::from_be_bytes([Mj, Mn])
}

/// Major part of a version (`wsk/ns-wsk-_wsk_provider_dispatch`).
#[must_use]
pub const fn WSK_MAJOR_VERSION(V: USHORT) -> UCHAR {
    let [major, _] = V.to_be_bytes();
    major
}

/// Minor part of a version (`wsk/ns-wsk-_wsk_provider_dispatch`).
#[must_use]
pub const fn WSK_MINOR_VERSION(V: USHORT) -> UCHAR {
    let [_, minor] = V.to_be_bytes();
    minor
}

/// `WaitTimeout` of [`WskCaptureProviderNPI`]: return at once
/// (`wsk/nf-wsk-wskcaptureprovidernpi`).
pub const WSK_NO_WAIT: ULONG = 0;

/// `WaitTimeout` of [`WskCaptureProviderNPI`]: wait until the provider is there or the client
/// deregisters (`wsk/nf-wsk-wskcaptureprovidernpi`).
pub const WSK_INFINITE_WAIT: ULONG = 0xFFFF_FFFF;

#[cfg_attr(windows, link(name = "netio"))]
unsafe extern "C" {
    /// Registers a client. PASSIVE_LEVEL (`wsk/nf-wsk-wskregister`).
    ///
    /// # Safety
    /// Both pointers are valid; the registration and the dispatch table stay where they are until
    /// [`WskDeregister`] has returned.
    pub fn WskRegister(
        WskClientNpi: PWSK_CLIENT_NPI,
        WskRegistration: PWSK_REGISTRATION,
    ) -> NTSTATUS;

    /// Ends a registration; waits for captures and sockets to go. PASSIVE_LEVEL
    /// (`wsk/nf-wsk-wskderegister`).
    ///
    /// # Safety
    /// The registration came from a [`WskRegister`] that succeeded, and each capture has been or
    /// will be released by another thread.
    pub fn WskDeregister(WskRegistration: PWSK_REGISTRATION);

    /// Captures the provider's NPI, waiting up to `WaitTimeout` milliseconds. PASSIVE_LEVEL, or
    /// up to DISPATCH_LEVEL with [`WSK_NO_WAIT`] (`wsk/nf-wsk-wskcaptureprovidernpi`).
    ///
    /// # Safety
    /// The registration is a live one; `WskProviderNpi` points to writable memory.
    pub fn WskCaptureProviderNPI(
        WskRegistration: PWSK_REGISTRATION,
        WaitTimeout: ULONG,
        WskProviderNpi: PWSK_PROVIDER_NPI,
    ) -> NTSTATUS;

    /// Releases a capture. Up to DISPATCH_LEVEL (`wsk/nf-wsk-wskreleaseprovidernpi`).
    ///
    /// # Safety
    /// Pairs with one successful [`WskCaptureProviderNPI`]; nothing of its NPI is used afterwards.
    pub fn WskReleaseProviderNPI(WskRegistration: PWSK_REGISTRATION);

    /// Reads the range of versions that the subsystem supports. Up to DISPATCH_LEVEL
    /// (`wsk/nf-wsk-wskqueryprovidercharacteristics`).
    ///
    /// # Safety
    /// The registration is a live one; `WskProviderCharacteristics` points to writable memory.
    pub fn WskQueryProviderCharacteristics(
        WskRegistration: PWSK_REGISTRATION,
        WskProviderCharacteristics: PWSK_PROVIDER_CHARACTERISTICS,
    ) -> NTSTATUS;
}
