//! Installing, removing, starting and stopping the driver. Needs an administrator.

use std::path::Path;

use crate::Error;
use crate::sys::os;

/// Installs the driver from its INF and creates its device, or updates the one there is. Gives
/// whether Windows wants a restart.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed.
pub fn install(inf: &Path) -> Result<bool, Error> {
    os::install(inf)
}

/// Removes every device of the driver, its service and its driver package. Gives whether Windows
/// wants a restart. Succeeds if there is nothing to remove.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed.
pub fn uninstall() -> Result<bool, Error> {
    os::uninstall()
}

/// Starts the driver: enables its device.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed.
pub fn start() -> Result<(), Error> {
    os::start()
}

/// Stops the driver: disables its device, which lets its driver unload.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed.
pub fn stop() -> Result<(), Error> {
    os::stop()
}
