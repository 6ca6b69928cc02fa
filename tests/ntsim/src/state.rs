//! Everything that a simulation knows.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _};

use crate::io::{File, IrpInfo};
use crate::net::Net;
use crate::profile::Profile;
use crate::sched::Thread;
use crate::secret::Secret;
use crate::wsk::Wsk;

/// The whole state. Borrowed for moments only, never across a switch of threads.
#[derive(Default)]
pub(crate) struct State {
    /// What `random` began with.
    pub(crate) seed: u64,
    pub(crate) random: u64,
    /// Virtual time, in 100 ns.
    pub(crate) now: u64,
    /// What system time is ahead of the usual beginning.
    pub(crate) wall: i64,
    /// The lot does not decide how much a receive takes.
    pub(crate) steady: bool,
    pub(crate) host: Option<Box<crate::host::Host>>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) current: Option<usize>,
    pub(crate) failure: Option<String>,
    pub(crate) objects: BTreeMap<usize, Object>,
    pub(crate) locks: BTreeMap<usize, usize>,
    /// Which locks were acquired while which was held.
    pub(crate) lock_order: BTreeMap<usize, BTreeSet<usize>>,
    pub(crate) dpcs: crate::dpc::Dpcs,
    pub(crate) remove_locks: BTreeMap<usize, crate::remove_lock::RemoveLock>,
    pub(crate) work_items: crate::work_item::WorkItems,
    pub(crate) handles: BTreeMap<usize, usize>,
    pub(crate) registry: crate::registry::Registry,
    pub(crate) cng: crate::bcrypt::Cng,
    pub(crate) pool: BTreeMap<usize, crate::ex::Block>,
    pub(crate) freed: VecDeque<(usize, crate::ex::Block)>,
    pub(crate) pool_calls: u64,
    pub(crate) pool_use: BTreeMap<u32, crate::ex::PoolUse>,
    pub(crate) paged: Option<crate::paged::Paged>,
    pub(crate) mdls: BTreeMap<usize, crate::mm::MdlInfo>,
    pub(crate) irps: BTreeMap<usize, IrpInfo>,
    pub(crate) requests: BTreeMap<u64, crate::io::Request>,
    pub(crate) dispatches: Vec<crate::io::Dispatch>,
    pub(crate) dead_irps: Vec<Vec<u64>>,
    pub(crate) dead_devices: Vec<Box<[u128]>>,
    /// Devices that are deleted, and are there for who refers to them.
    pub(crate) deleted_devices: BTreeSet<usize>,
    pub(crate) devices: BTreeMap<usize, Box<[u128]>>,
    pub(crate) interfaces: BTreeMap<String, (usize, bool)>,
    pub(crate) files: BTreeMap<usize, File>,
    /// The device is not opened any more (DOE_REMOVE_PENDING).
    pub(crate) removing: bool,
    /// The bus driver has seen the last request of Plug and Play.
    pub(crate) at_bus: bool,
    /// The device is removed though its files are open.
    pub(crate) torn_out: bool,
    pub(crate) profile: Profile,
    pub(crate) processors: u32,
    pub(crate) slow_completions: bool,
    pub(crate) secret: Secret,
    pub(crate) wsk: Wsk,
    pub(crate) net: Net,
    pub(crate) next: u64,
    /// The process of each thread that is not the system's.
    pub(crate) processes: BTreeMap<usize, usize>,
    /// For each socket that was made, whose it is.
    pub(crate) owners: Vec<usize>,
    /// How deep the driver has used the stack of each kind of thread.
    pub(crate) depths: BTreeMap<String, crate::stack::Depth>,
    pub(crate) faults: crate::fault::Faults,
    pub(crate) calls: u64,
    /// See [`crate::Report::trace`].
    pub(crate) trace: DefaultHasher,
    /// Where another thread might have run on instead of the one that did.
    pub(crate) points: u64,
    /// The thread that waits for one of them, and which one.
    pub(crate) at_point: Option<(u64, usize)>,
    /// The thread that runs next, whatever the lot says.
    pub(crate) first: Option<usize>,
    /// Inferred rules that this run does without.
    pub(crate) off: BTreeSet<&'static str>,
}

/// A dispatcher object.
#[derive(Debug)]
pub(crate) enum Object {
    Event { notification: bool, set: bool },
    Semaphore { count: i32, limit: i32 },
    Timer(crate::timer::Timer),
    Thread { id: usize, references: u32 },
    Process { references: u32 },
}

impl State {
    /// The next number of a run: operations, connections, handles.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Adds to what the run is known by.
    pub(crate) fn note(&mut self, what: &str, number: u64) {
        (what, number, self.now, self.current).hash(&mut self.trace);
    }

    /// A number below `bound`, by lot (SplitMix64).
    pub(crate) fn lot(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

thread_local! {
    static STATE: RefCell<Option<Box<State>>> = const { RefCell::new(None) };
    static IN_DRIVER: Cell<bool> = const { Cell::new(false) };
}

/// Looks at the state of the simulation that runs on this thread.
pub(crate) fn with<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| look(state.as_mut().expect("no simulation runs on this thread")))
}

/// As [`with`]; `None` where no simulation runs, or its state is being looked at.
pub(crate) fn try_with<R>(look: impl FnOnce(&mut State) -> R) -> Option<R> {
    STATE.with(|state| Some(look(state.try_borrow_mut().ok()?.as_mut()?)))
}

/// Whether there is a simulation on this thread.
pub(crate) fn is_running() -> bool {
    try_with(|_| ()).is_some()
}

pub(crate) fn replace(state: Option<Box<State>>) -> Option<Box<State>> {
    STATE.replace(state)
}

/// Whether simulated kernel code runs now, as opposed to the simulator or a test.
pub(crate) fn in_driver() -> bool {
    IN_DRIVER.get()
}

pub(crate) fn set_in_driver(driver: bool) -> bool {
    IN_DRIVER.replace(driver)
}

/// Runs code of the driver.
pub(crate) fn driver<R>(call: impl FnOnce() -> R) -> R {
    let old = set_in_driver(true);
    let result = crate::stack::gauge(call);
    set_in_driver(old);
    result
}

/// Runs code of the simulator, from wherever.
pub(crate) fn simulator<R>(call: impl FnOnce() -> R) -> R {
    let _entry = crate::sched::enter_quietly();
    call()
}

pub(crate) fn lot(bound: u64) -> u64 {
    with(|s| s.lot(bound))
}
