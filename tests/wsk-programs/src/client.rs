//! A registered client.

use alloc::boxed::Box;
use core::ptr::null_mut;

use wdk_sys::NTSTATUS;
use wskhttp_core::wsk::sys::{
    MAKE_WSK_VERSION, WSK_CLIENT_DISPATCH, WSK_CLIENT_NPI, WSK_PROVIDER_DISPATCH, WSK_PROVIDER_NPI,
    WSK_REGISTRATION, WskCaptureProviderNPI, WskDeregister, WskRegister, WskReleaseProviderNPI,
};

/// A registration. Each capture has to be released before it ends.
pub(crate) struct Client {
    registration: *mut WSK_REGISTRATION,
    client: *mut WSK_CLIENT_NPI,
    dispatch: *mut WSK_CLIENT_DISPATCH,
}

impl Client {
    /// WskRegister, for a version of WSK.
    pub(crate) fn register(major: u8, minor: u8) -> Result<Self, NTSTATUS> {
        let dispatch = Box::into_raw(Box::new(WSK_CLIENT_DISPATCH {
            Version: MAKE_WSK_VERSION(major, minor),
            Reserved: 0,
            WskClientEvent: None,
        }));
        let new = Self {
            registration: Box::into_raw(Box::new(WSK_REGISTRATION::ZEROED)),
            client: Box::into_raw(Box::new(WSK_CLIENT_NPI {
                ClientContext: null_mut(),
                Dispatch: dispatch,
            })),
            dispatch,
        };
        // SAFETY: all three stay until WskDeregister.
        match unsafe { WskRegister(new.client, new.registration) } {
            0.. => Ok(new),
            status => {
                new.free();
                Err(status)
            }
        }
    }

    /// WskCaptureProviderNPI.
    pub(crate) fn capture(&self, wait: u32) -> Result<WSK_PROVIDER_NPI, NTSTATUS> {
        let mut npi = WSK_PROVIDER_NPI::ZEROED;
        // SAFETY: registered.
        match unsafe { WskCaptureProviderNPI(self.registration, wait, &raw mut npi) } {
            0.. => Ok(npi),
            status => Err(status),
        }
    }

    /// WskReleaseProviderNPI.
    pub(crate) fn release(&self) {
        // SAFETY: for one capture.
        unsafe { WskReleaseProviderNPI(self.registration) };
    }

    /// WskDeregister.
    pub(crate) fn deregister(self) {
        // SAFETY: registered once.
        unsafe { WskDeregister(self.registration) };
        self.free();
    }

    fn free(&self) {
        // SAFETY: made by Box, and no longer used.
        unsafe {
            drop(Box::from_raw(self.registration));
            drop(Box::from_raw(self.client));
            drop(Box::from_raw(self.dispatch));
        }
    }
}

/// The functions of a captured provider.
pub(crate) fn table(npi: &WSK_PROVIDER_NPI) -> &WSK_PROVIDER_DISPATCH {
    // SAFETY: captured.
    unsafe { &*npi.Dispatch }
}
