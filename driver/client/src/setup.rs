//! Installing, removing, starting and stopping the driver. Needs an administrator.

use std::path::Path;

use crate::Error;
use crate::sys::os;

/// Hardware id of the root-enumerated device, as in the INF.
pub const HARDWARE_ID: &str = "ROOT\\WSKHTTP";
/// Name of the driver's service, as in the INF.
pub const SERVICE: &str = "wskhttp";

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

/// Starts the driver: enables its device, or installs it from `inf` if there is none.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed.
pub fn start(inf: &Path) -> Result<(), Error> {
    os::start(inf)
}

/// Stops the driver: disables its device, which lets its driver unload. On Wine, which cannot disable a
/// device, removes the device.
///
/// # Errors
/// Phase `Setup`; the cause names the step that failed. On Windows a device that a program has open
/// cannot be disabled before a restart, which is an error.
pub fn stop() -> Result<(), Error> {
    os::stop()
}
