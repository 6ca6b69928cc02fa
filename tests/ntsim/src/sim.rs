//! One simulation: a seed, a body, and what a body may ask for.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use wdk_sys::{
    DEVICE_OBJECT, DRIVER_EXTENSION, DRIVER_OBJECT, IRP_MJ_PNP, NTSTATUS, PEPROCESS, UNICODE_STRING,
};
use wskhttp_client::Opener;

use crate::fault::Faults;
use crate::host::Host;
use crate::net::Stream;
use crate::profile::Sim;
use crate::rule;
use crate::sched::{self, KERNEL_STACK, TEST_STACK, block, call_at};
use crate::stack::Depth;
use crate::state::{State, replace, set_in_driver, simulator, with};
use crate::{device, ex, io, ps, registry, user, wsk};

unsafe extern "C" {
    fn DriverEntry(driver: *mut DRIVER_OBJECT, path: *const c_void) -> NTSTATUS;
}

/// Statics of the driver allow one simulation at a time.
static ONE: Mutex<()> = Mutex::new(());
/// As they are then, no other can be loaded in this process.
static LOADED: AtomicBool = AtomicBool::new(false);

/// Runs `body` as a simulated thread, on [`crate::Profile::Windows`].
///
/// # Panics
/// With the seed: when `body` panics, a rule is broken, or no thread can run any more.
pub fn run(seed: u64, body: impl FnOnce() + 'static) {
    Sim::new(seed).run(body);
}

/// As [`run`], but gives a broken rule or a deadlock as an error.
///
/// # Errors
/// What was broken, with the rule's number and source, and by which thread.
///
/// # Panics
/// When `body` panics.
pub fn try_run(seed: u64, body: impl FnOnce() + 'static) -> Result<Report, String> {
    Sim::new(seed).try_run(body)
}

/// One run.
pub(crate) fn execute(sim: Sim, body: impl FnOnce() + 'static) -> Result<Report, String> {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    std::alloc::set_alloc_error_hook(ex::bugcheck);
    set_in_driver(false);
    crate::trap::install();
    replace(Some(Box::new(State {
        random: sim.seed,
        now: 10_000_000,
        profile: sim.profile,
        faults: Faults {
            plan: sim.faults,
            ..Faults::default()
        },
        ..State::default()
    })));
    with(|s| wsk::start(s, sim.ready, sim.versions));
    wsk::worker(1);
    wsk::worker(2);
    let main = sched::spawn("the test".into(), 512 * 1024, false, move || {
        if sim.on_host {
            Host::alone();
            with(|s| s.steady = true);
        }
        body();
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| sched::run(main)));
    set_in_driver(false);
    let mut state = replace(None).expect("set above");
    sched::abandon(&mut state);
    let report = Report {
        kernel_calls: state.calls,
        points: state.points,
        depths: std::mem::take(&mut state.depths),
        fallible: std::mem::take(&mut state.faults.calls),
    };
    match outcome {
        Ok(Ok(())) => Ok(report),
        Ok(Err(failure)) => {
            // The driver's statics and threads may point into it.
            std::mem::forget(state);
            Err(failure)
        }
        Err(panic) => {
            eprintln!("seed {}, profile {:?}", sim.seed, sim.profile);
            std::mem::forget(state);
            resume_unwind(panic)
        }
    }
}

/// What a run can say of itself.
#[derive(Debug)]
pub struct Report {
    /// Calls into the kernel.
    pub kernel_calls: u64,
    /// Scheduling points: see [`spawn_at`].
    pub points: u64,
    /// For each kind of thread, how much of its stack the driver used. Empty where the driver's code is
    /// not optimized.
    pub depths: BTreeMap<String, Depth>,
    /// The calls that might have failed, by name, in the order of the run.
    pub fallible: Vec<&'static str>,
}

/// A number below `bound`, by lot.
#[must_use]
pub fn lot(bound: u64) -> u64 {
    crate::state::lot(bound)
}

/// Runs `peer` for every connection to `port` of any address.
pub fn listen(port: u16, peer: impl Fn(Stream) + 'static) {
    simulator(|| with(|s| s.net.listeners.insert(port, Rc::new(peer))));
}

/// Runs `body` on a simulated thread of its own.
pub fn spawn(name: &str, body: impl FnOnce() + 'static) -> Thread {
    simulator(|| Thread(sched::spawn(name.into(), TEST_STACK, false, body)))
}

/// Runs `body` on a simulated thread of its own, which begins when the run comes to its scheduling
/// point `number`, before any other thread runs on. There is one such thread at a time.
///
/// A scheduling point is where the kernel may go on with another thread than the one that runs: at
/// every call of the driver into it, and wherever a thread waits.
pub fn spawn_at(number: u64, name: &str, body: impl FnOnce() + 'static) -> Thread {
    simulator(|| Thread(sched::spawn_at(number, name, body)))
}

/// How many scheduling points the run has come to.
#[must_use]
pub fn points() -> u64 {
    with(|s| s.points)
}

/// Waits in a simulated thread until `ready`, which must not call the simulator.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool + 'static) {
    block(what, None, move |_| ready());
}

/// A simulated thread.
#[must_use]
pub struct Thread(usize);

impl Thread {
    /// Waits until it has ended.
    pub fn join(self) {
        let id = self.0;
        block("a thread of the test", None, move |s| s.threads[id].ended);
    }
}

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

    /// IRP_MN_SURPRISE_REMOVAL, whatever is in flight.
    pub fn surprise(&self) {
        self.surprised.set(true);
        simulator(|| self.pnp(wdk_sys::IRP_MN_SURPRISE_REMOVAL));
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
        simulator(|| {
            if !self.surprised.get() {
                let status = self.pnp(wdk_sys::IRP_MN_QUERY_REMOVE_DEVICE);
                assert!(status >= 0, "the device is not to be removed: {status:#x}");
            }
            self.pnp(wdk_sys::IRP_MN_REMOVE_DEVICE);
            self.unload();
        });
    }

    fn pnp(&self, minor: u32) -> NTSTATUS {
        let (object, pdo) = (self.object, self.pdo);
        on_system_thread("Plug and Play", move || {
            // SAFETY: the bus driver's device stays.
            let top = unsafe { device::top(pdo) };
            let number = user::to_device(top, io::Request::default(), IRP_MJ_PNP, |irp, stack| {
                // SAFETY: a new IRP and its location.
                unsafe {
                    (*stack).MinorFunction = minor as u8;
                    (*irp).RequestorMode = 0;
                    wskhttp_core::nt::irp::set_status(irp, 0xC000_00BB_u32.cast_signed(), 0);
                }
            });
            let status = user::wait(number, None).map_or(-1, |(status, _)| status);
            // SAFETY: both stay.
            unsafe { device::check_after_pnp(object, pdo, minor) };
            status
        })
    }

    fn unload(self) {
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

/// What has to hold once the image is gone.
fn unloaded(object: *mut DRIVER_OBJECT) {
    ps::check_callbacks();
    LOADED.store(false, Relaxed);
    with(|s| s.removing = false);
    wsk::check_at_unload();
    device::check_at_unload(object);
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

/// Runs `body` as code of process `number`, whose handles are its own. 0 is the system's, and that of
/// every thread outside of this.
pub fn in_process<R>(number: usize, body: impl FnOnce() -> R) -> R {
    ps::within(number, body)
}

/// The process object of process `number`, which stays.
#[must_use]
pub fn process(number: usize) -> PEPROCESS {
    simulator(|| ps::object(number))
}

/// For each socket that was made so far, the process that it belongs to.
#[must_use]
pub fn socket_owners() -> Vec<usize> {
    simulator(|| with(|s| s.owners.clone()))
}

/// What has to hold once the image of a driver that [`as_driver`] ran is gone: nothing is left.
pub fn image_gone() {
    simulator(|| unloaded(new_driver()));
}

/// Runs `client` as code of a driver: what it allocates is pool.
pub fn as_driver<R>(client: impl FnOnce() -> R) -> R {
    crate::state::driver(client)
}

/// Runs `body` as code of nobody's driver, from within [`as_driver`].
pub fn as_user<R>(body: impl FnOnce() -> R) -> R {
    simulator(body)
}

/// Runs `client` as code of a driver at `level`.
pub fn at_irql<R>(level: u8, client: impl FnOnce() -> R) -> R {
    call_at(level, rule::C9_05, "the client", client)
}
