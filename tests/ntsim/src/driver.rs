//! A driver: loaded, started, removed, unloaded.

use std::cell::Cell;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use wdk_sys::{
    DEVICE_OBJECT, DRIVER_EXTENSION, DRIVER_OBJECT, IRP_MJ_PNP, NTSTATUS, UNICODE_STRING,
};
use wskhttp_client::Opener;

use crate::rule;
use crate::sched::{self, KERNEL_STACK, block, call_at};
use crate::state::{State, simulator, with};
use crate::{device, dpc, ex, io, ps, registry, user, work_item, wsk};

unsafe extern "C" {
    fn DriverEntry(driver: *mut DRIVER_OBJECT, path: *const c_void) -> NTSTATUS;
}

/// The driver's statics are as they are then, so that no other can be loaded in this process.
static LOADED: AtomicBool = AtomicBool::new(false);

/// Runs `body` on a system thread, with the stack of one, and waits for it.
fn on_system_thread<R: 'static>(name: &str, body: impl FnOnce() -> R + 'static) -> R {
    let result = Rc::new(Cell::new(None));
    let to = Rc::clone(&result);
    let id = sched::spawn(name.into(), KERNEL_STACK, false, move || {
        to.set(Some(body()))
    });
    block(name, None, move |s| s.threads[id].ended);
    result.take().expect("it has ended")
}

/// A driver's DriverEntry.
pub type Entry = unsafe extern "C" fn(*mut DRIVER_OBJECT, *const c_void) -> NTSTATUS;

/// wskhttp.sys, loaded, with its device started.
pub struct Driver {
    object: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
    surprised: Cell<bool>,
}

impl Driver {
    /// DriverEntry, AddDevice, IRP_MN_START_DEVICE.
    ///
    /// # Errors
    /// The status of the first that fails.
    ///
    /// # Panics
    /// Outside a simulation.
    pub fn load() -> Result<Self, NTSTATUS> {
        assert!(
            !LOADED.swap(true, Relaxed),
            "the driver is still loaded: a test before this one has failed"
        );
        wsk::hang_closes();
        Self::load_as(DriverEntry)
    }

    /// As [`Driver::load`], for another driver.
    ///
    /// # Errors
    /// The status of the first that fails.
    ///
    /// # Panics
    /// Outside a simulation.
    pub fn load_as(entry: Entry) -> Result<Self, NTSTATUS> {
        simulator(|| Self::start(entry))
    }

    fn start(entry: Entry) -> Result<Self, NTSTATUS> {
        let object = new_driver();
        let status = on_system_thread("DriverEntry", move || {
            let mut units: Vec<u16> = registry::SERVICE.encode_utf16().collect();
            let length = (units.len() * 2) as u16;
            let path = UNICODE_STRING {
                Length: length,
                MaximumLength: length,
                Buffer: units.as_mut_ptr(),
            };
            // SAFETY: a new driver object, and a string for as long as the call.
            call_at(0, rule::C9_05, "DriverEntry", || unsafe {
                entry(object, (&raw const path).cast())
            })
        });
        if status < 0 {
            unloaded(object);
            return Err(status);
        }
        // SAFETY: the driver object stays.
        if unsafe { (*object).DriverUnload }.is_none() {
            rule::WSK_99.broken("DriverEntry has set no Unload");
        }
        let bus = new_driver();
        // SAFETY: new.
        unsafe { (*bus).MajorFunction = [Some(device::bus); 28] };
        // SAFETY: new.
        let pdo = unsafe { device::new(bus, 0) };
        let driver = Self {
            object,
            pdo,
            surprised: Cell::new(false),
        };
        let status = on_system_thread("AddDevice", move || {
            // SAFETY: both objects are there; DriverEntry has set the routine.
            call_at(0, rule::C9_05, "AddDevice", || unsafe {
                (*(*object).DriverExtension)
                    .AddDevice
                    .map_or(-1, |add| add(object, pdo))
            })
        });
        if status < 0 {
            driver.unload();
            return Err(status);
        }
        // SAFETY: the driver object stays.
        unsafe { device::check_after_add(object) };
        match driver.pnp(wdk_sys::IRP_MN_START_DEVICE) {
            0.. => Ok(driver),
            status => {
                driver.pnp(wdk_sys::IRP_MN_REMOVE_DEVICE);
                driver.unload();
                Err(status)
            }
        }
    }

    /// For [`wskhttp_client::Device::with_opener`].
    #[must_use]
    pub fn opener(&self) -> Opener {
        user::opener()
    }

    /// Its device stack, for requests of the system at any time.
    #[must_use]
    pub fn stack(&self) -> DeviceStack {
        DeviceStack(self.pdo)
    }

    /// IRP_MN_SURPRISE_REMOVAL, whatever is in flight.
    pub fn surprise(&self) {
        self.surprised.set(true);
        wsk::end_closes();
        simulator(|| self.pnp(wdk_sys::IRP_MN_SURPRISE_REMOVAL));
    }

    /// IRP_MN_SURPRISE_REMOVAL and at once IRP_MN_REMOVE_DEVICE, whatever is in flight and whoever has a
    /// handle, as Wine does it; Windows waits for the last handle.
    pub fn tear_out(&self) {
        with(|s| (s.torn_out, s.removing) = (true, true));
        self.surprise();
        simulator(|| self.pnp(wdk_sys::IRP_MN_REMOVE_DEVICE));
    }

    /// Once every handle is closed: IRP_MN_QUERY_REMOVE_DEVICE unless it was removed by surprise,
    /// IRP_MN_REMOVE_DEVICE and Unload, after which nothing may be left.
    ///
    /// # Panics
    /// If the driver does not let its device go.
    pub fn remove(self) {
        // From then on it is not opened.
        let begin = |s: &mut State| {
            s.removing = s.files.is_empty();
            s.removing
        };
        while !with(begin) {
            block("handles to be closed, to remove the device", None, |s| {
                s.files.is_empty()
            });
        }
        wsk::end_closes();
        simulator(|| {
            if !self.surprised.get() {
                let status = self.pnp(wdk_sys::IRP_MN_QUERY_REMOVE_DEVICE);
                assert!(status >= 0, "the device is not to be removed: {status:#x}");
            }
            if !with(|s| s.torn_out) {
                self.pnp(wdk_sys::IRP_MN_REMOVE_DEVICE);
            }
            self.unload();
        });
    }

    fn pnp(&self, minor: u32) -> NTSTATUS {
        let (object, pdo) = (self.object, self.pdo);
        on_system_thread("Plug and Play", move || {
            with(|s| s.at_bus = false);
            let status = DeviceStack(pdo).send(IRP_MJ_PNP, minor);
            if status >= 0 && !with(|s| s.at_bus) {
                rule::PNP_IRP_COMPLETION.broken("a request of Plug and Play is not passed down");
            }
            // SAFETY: both stay.
            unsafe { device::check_after_pnp(object, pdo, minor) };
            status
        })
    }

    fn unload(self) {
        work_item::wait();
        device::wait();
        let object = self.object;
        on_system_thread("Unload", move || {
            // SAFETY: loaded, and unloaded once.
            call_at(0, rule::C9_05, "Unload", || unsafe {
                if let Some(unload) = (*object).DriverUnload {
                    unload(object);
                }
            });
        });
        unloaded(object);
    }
}

/// The devices on the bus driver's.
#[derive(Clone, Copy, Debug)]
pub struct DeviceStack(*mut DEVICE_OBJECT);

impl DeviceStack {
    /// Sends a request of the system to the highest device, and waits for it.
    ///
    /// # Panics
    /// Outside a simulation.
    pub fn send(self, major: u32, minor: u32) -> NTSTATUS {
        simulator(|| {
            // SAFETY: the bus driver's device stays.
            let top = unsafe { device::top(self.0) };
            let number = user::of_system(top, major, minor);
            user::wait(number, None).map_or(-1, |(status, _)| status)
        })
    }
}

/// What has to hold once the image is gone.
pub(crate) fn unloaded(object: *mut DRIVER_OBJECT) {
    ps::check_callbacks();
    LOADED.store(false, Relaxed);
    with(|s| (s.torn_out, s.removing) = (false, false));
    wsk::check_at_unload();
    device::check_at_unload(object);
    dpc::check_at_unload();
    work_item::check_at_unload();
    ps::check_at_unload();
    io::check_at_unload();
    ex::check_at_unload();
}

/// A driver object, which is never freed.
pub(crate) fn new_driver() -> *mut DRIVER_OBJECT {
    let driver = Box::leak(Box::new(DRIVER_OBJECT::default()));
    driver.DriverExtension = Box::leak(Box::new(DRIVER_EXTENSION::default()));
    driver
}
