//! The device and its driver: install, remove, start, stop.

use std::collections::BTreeSet;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    DICS_DISABLE, DICS_ENABLE, DIF_REGISTERDEVICE, DIF_REMOVE, INSTALLFLAG_FORCE, SUOI_FORCEDELETE,
    SetupDiGetINFClassW, SetupUninstallOEMInfW, UpdateDriverForPlugAndPlayDevicesW,
};
use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;
use windows_sys::core::GUID;

use super::device_list::{DeviceList, Member};
use super::service::Service;
use super::{last_error, setup_error, wide, wine};
use crate::setup::{HARDWARE_ID, SERVICE};
use crate::{Error, Kind, Phase};

pub(crate) fn install(inf: &Path) -> Result<bool, Error> {
    let inf = std::path::absolute(inf)
        .map_err(|_| setup_error("finding the INF", ERROR_FILE_NOT_FOUND))?;
    if !inf.is_file() {
        let step = format!("reading {}", inf.display());
        return Err(setup_error(&step, ERROR_FILE_NOT_FOUND));
    }
    let inf = wide(&inf.to_string_lossy());
    if wine::is_wine() {
        // Wine leaves a driver that is loaded as it is.
        remove_all()?;
    }
    let (list, devices) = ours()?;
    let created = if devices.is_empty() {
        Some(create(&inf)?)
    } else {
        None
    };
    drop(list);
    let hardware_id = wide(HARDWARE_ID);
    let mut restart = 0;
    // SAFETY: both strings end in NUL; the window may be null.
    let done = unsafe {
        UpdateDriverForPlugAndPlayDevicesW(
            null_mut(),
            hardware_id.as_ptr(),
            inf.as_ptr(),
            INSTALLFLAG_FORCE,
            &mut restart,
        )
    };
    if done == 0 {
        let error = setup_error("installing the driver", last_error());
        if let Some((list, device)) = created {
            // A device without a driver is of no use; the first error is the one to tell.
            let _ = list.call(&device, DIF_REMOVE);
        }
        return Err(error);
    }
    if service()?.is_none() {
        return Err(failed(
            "installing the driver: the INF has none for this system",
        ));
    }
    if restart == 0 {
        wait_started()?;
    }
    Ok(restart != 0)
}

pub(crate) fn uninstall() -> Result<bool, Error> {
    let (restart, infs) = remove_all()?;
    if let Some(service) = service()? {
        service
            .delete()
            .map_err(|error| setup_error("deleting the service", error))?;
    }
    for inf in &infs {
        let name = wide(inf);
        // SAFETY: `name` ends in NUL.
        if unsafe { SetupUninstallOEMInfW(name.as_ptr(), SUOI_FORCEDELETE, null()) } == 0 {
            let step = format!("removing the driver package {inf}");
            return Err(setup_error(&step, last_error()));
        }
    }
    if wine::is_wine() {
        wine::remove_file(SERVICE)?;
    }
    Ok(restart)
}

pub(crate) fn start(inf: &Path) -> Result<(), Error> {
    let (list, devices) = ours()?;
    if devices.is_empty() {
        drop(list);
        return install(inf).map(drop);
    }
    if !wine::is_wine() {
        change_state(&list, &devices, DICS_ENABLE, "enabling the device")?;
    }
    wait_started()
}

pub(crate) fn stop() -> Result<(), Error> {
    let installed = service()?.is_some();
    if !installed {
        let cause = "the driver is not installed";
        return Err(Error::new(Phase::Setup, Kind::NotInstalled, 0, cause));
    }
    if wine::is_wine() {
        return remove_all().map(drop);
    }
    let (list, devices) = ours()?;
    change_state(&list, &devices, DICS_DISABLE, "disabling the device")?;
    unload()
}

/// Waits until the device's interface is there: devices start on their own time.
fn wait_started() -> Result<(), Error> {
    let end = Instant::now() + START_BOUND;
    while super::interface_path().is_none() {
        if Instant::now() >= end {
            return Err(failed(
                "starting the driver: its device did not appear (is the driver signed, or test signing on?)",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Removes our devices and lets the driver unload. Gives whether Windows wants a restart, and the
/// driver packages that the devices used.
fn remove_all() -> Result<(bool, BTreeSet<String>), Error> {
    let (list, devices) = ours()?;
    let mut restart = false;
    let mut infs = BTreeSet::new();
    for device in &devices {
        infs.extend(list.inf_name(device).filter(|inf| is_oem(inf)));
        list.call(device, DIF_REMOVE)
            .map_err(|error| setup_error("removing the device", error))?;
        restart |= list.needs_restart(device);
    }
    if !restart {
        unload()?;
    }
    Ok((restart, infs))
}

/// Waits until the driver is unloaded. Windows unloads it when its last device is gone; Wine has to be
/// asked, which it takes amiss while there is a device.
fn unload() -> Result<(), Error> {
    let Some(service) = service()? else {
        return Ok(());
    };
    let unknown = |error| setup_error("asking for the driver's state", error);
    if !service.is_stopped().map_err(unknown)? && wine::is_wine() {
        service
            .stop()
            .map_err(|error| setup_error("stopping the driver", error))?;
    }
    if service.wait_stopped(STOP_BOUND).map_err(unknown)? {
        Ok(())
    } else {
        Err(failed("stopping the driver: it has not unloaded yet"))
    }
}

fn change_state(
    list: &DeviceList,
    devices: &[Member],
    state: u32,
    step: &str,
) -> Result<(), Error> {
    for device in devices {
        list.change_state(device, state)
            .map_err(|error| setup_error(step, error))?;
        if list.needs_restart(device) {
            return Err(failed(&format!(
                "{step}: a program still uses it, so it takes effect after a restart"
            )));
        }
    }
    Ok(())
}

fn create(inf: &[u16]) -> Result<(DeviceList, Member), Error> {
    let mut class = GUID::from_u128(0);
    let mut name = [0_u16; 32];
    // SAFETY: `inf` ends in NUL, and `name` has this length.
    let done =
        unsafe { SetupDiGetINFClassW(inf.as_ptr(), &mut class, name.as_mut_ptr(), 32, null_mut()) };
    if done == 0 {
        return Err(setup_error("reading the INF", last_error()));
    }
    let new = |error| setup_error("creating the device", error);
    let list = DeviceList::empty(&class).map_err(new)?;
    let mut device = list.create(DEVICE_NAME, &class).map_err(new)?;
    list.set_hardware_id(&mut device, HARDWARE_ID)
        .map_err(new)?;
    list.call(&device, DIF_REGISTERDEVICE).map_err(new)?;
    Ok((list, device))
}

/// Our devices, present or not.
fn ours() -> Result<(DeviceList, Vec<Member>), Error> {
    let list =
        DeviceList::root_enumerated().map_err(|error| setup_error("listing the devices", error))?;
    let devices = list
        .members()
        .filter(|device| {
            list.hardware_id(device)
                .is_some_and(|id| id.eq_ignore_ascii_case(HARDWARE_ID))
        })
        .collect();
    Ok((list, devices))
}

fn service() -> Result<Option<Service>, Error> {
    Service::open(SERVICE).map_err(|error| setup_error("opening the service", error))
}

fn failed(cause: &str) -> Error {
    Error::new(Phase::Setup, Kind::Setup, 0, cause)
}

/// Only packages that were added to Windows (`oem7.inf`), never a file of Windows itself.
fn is_oem(inf: &str) -> bool {
    let inf = inf.to_ascii_lowercase();
    inf.strip_prefix("oem")
        .and_then(|rest| rest.strip_suffix(".inf"))
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

const DEVICE_NAME: &str = "WSKHTTP";
const START_BOUND: Duration = Duration::from_secs(30);
const STOP_BOUND: Duration = Duration::from_secs(60);
