//! The driver's service in the service control manager.

use std::ptr::null;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, ControlService, DeleteService, OpenSCManagerW, OpenServiceW,
    QueryServiceStatus, SC_HANDLE, SC_MANAGER_CONNECT, SERVICE_ALL_ACCESS, SERVICE_CONTROL_STOP,
    SERVICE_STATUS, SERVICE_STOPPED,
};

use super::{last_error, wide};

/// The driver's service.
///
/// # Invariants
/// `0` is open and belongs to this value.
pub(super) struct Service(SC_HANDLE);

impl Service {
    /// Opens the service; `None` if there is none.
    pub(super) fn open(name: &str) -> Result<Option<Self>, u32> {
        // SAFETY: null means this machine and its active database.
        let manager = unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_CONNECT) };
        if manager.is_null() {
            return Err(last_error());
        }
        let name = wide(name);
        // SAFETY: the manager is open, and `name` ends in NUL.
        let service = unsafe { OpenServiceW(manager, name.as_ptr(), SERVICE_ALL_ACCESS) };
        let error = last_error();
        // SAFETY: the manager is open and not used again.
        unsafe { CloseServiceHandle(manager) };
        if !service.is_null() {
            Ok(Some(Self(service)))
        } else if error == ERROR_SERVICE_DOES_NOT_EXIST {
            Ok(None)
        } else {
            Err(error)
        }
    }

    pub(super) fn is_stopped(&self) -> Result<bool, u32> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: the service is open (type invariant).
        match unsafe { QueryServiceStatus(self.0, &mut status) } {
            0 => Err(last_error()),
            _ => Ok(status.dwCurrentState == SERVICE_STOPPED),
        }
    }

    /// Asks the driver to unload; succeeds if it is not loaded.
    pub(super) fn stop(&self) -> Result<(), u32> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: the service is open (type invariant).
        if unsafe { ControlService(self.0, SERVICE_CONTROL_STOP, &mut status) } != 0 {
            return Ok(());
        }
        match last_error() {
            ERROR_SERVICE_NOT_ACTIVE => Ok(()),
            error => Err(error),
        }
    }

    /// Waits until the driver is unloaded; `false` when `bound` passes first.
    pub(super) fn wait_stopped(&self, bound: Duration) -> Result<bool, u32> {
        let end = Instant::now() + bound;
        loop {
            if self.is_stopped()? {
                return Ok(true);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn delete(self) -> Result<(), u32> {
        // SAFETY: the service is open (type invariant).
        match unsafe { DeleteService(self.0) } {
            0 => Err(last_error()),
            _ => Ok(()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // SAFETY: the service is open and not used again (type invariant).
        unsafe { CloseServiceHandle(self.0) };
    }
}
