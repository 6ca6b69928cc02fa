//! Io: remove locks.

use wdk_sys::{IO_REMOVE_LOCK, NTSTATUS, PCSTR, PVOID};

use crate::sched::{DISPATCH, PASSIVE, block, enter};
use crate::state::{State, with};
use crate::{ke, rule};

/// A remove lock that is initialised.
#[derive(Default)]
pub(crate) struct RemoveLock {
    /// Who has acquired it: the tag, and the thread.
    held: Vec<(usize, Option<usize>)>,
    removed: bool,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoInitializeRemoveLockEx(
    lock: *mut IO_REMOVE_LOCK,
    _tag: u32,
    _minutes: u32,
    _watermark: u32,
    _size: u32,
) {
    let _entry = enter("IoInitializeRemoveLockEx", PASSIVE);
    ke::resident(lock.addr());
    with(|s| s.remove_locks.insert(lock.addr(), RemoveLock::default()));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoAcquireRemoveLockEx(
    lock: *mut IO_REMOVE_LOCK,
    tag: PVOID,
    _file: PCSTR,
    _line: u32,
    _size: u32,
) -> NTSTATUS {
    let _entry = enter("IoAcquireRemoveLockEx", DISPATCH);
    let me = with(|s| s.current);
    with_lock(lock, |lock| {
        if lock.removed {
            return DELETE_PENDING;
        }
        lock.held.push((tag.addr(), me));
        0
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoReleaseRemoveLockEx(lock: *mut IO_REMOVE_LOCK, tag: PVOID, _size: u32) {
    let _entry = enter("IoReleaseRemoveLockEx", DISPATCH);
    if !with_lock(lock, |lock| lock.release(tag.addr())) {
        rule::C4_D5.broken("a remove lock is released by a tag that has not acquired it");
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoReleaseRemoveLockAndWaitEx(
    lock: *mut IO_REMOVE_LOCK,
    tag: PVOID,
    _size: u32,
) {
    let _entry = enter("IoReleaseRemoveLockAndWaitEx", PASSIVE);
    let released = with_lock(lock, |lock| {
        lock.removed = true;
        lock.release(tag.addr())
    });
    if !released {
        rule::C4_D6.broken("a remove lock is removed by a tag that has not acquired it");
    }
    let address = lock.addr();
    block("a remove lock to be released", None, move |s| {
        let lock = s.remove_locks.get(&address);
        lock.is_none_or(|lock| lock.held.is_empty())
    });
}

impl RemoveLock {
    fn release(&mut self, tag: usize) -> bool {
        let at = self.held.iter().position(|(held, _)| *held == tag);
        at.map(|at| self.held.swap_remove(at)).is_some()
    }
}

/// A driver passes a request down that its `device` was called with.
pub(crate) fn check_forward(device: usize) {
    let holds = |s: &mut State| {
        let me = s.current;
        let mut locks = s.locks_in(device);
        locks.all(|lock| lock.held.iter().any(|(_, thread)| *thread == me))
    };
    if !with(holds) {
        rule::REMOVE_LOCK_FORWARD.broken("a request is passed down without the remove lock");
    }
}

/// A driver detaches its `device`.
pub(crate) fn check_removed(device: usize) {
    if !with(|s| {
        s.locks_in(device)
            .all(|lock| lock.removed && lock.held.is_empty())
    }) {
        rule::REMOVE_LOCK_MN_REMOVE
            .broken("a device is detached whose remove lock may be acquired, or is held");
    }
}

impl State {
    /// The remove locks in the extension of a device.
    fn locks_in(&self, device: usize) -> impl Iterator<Item = &RemoveLock> {
        let size = self
            .devices
            .get(&device)
            .map_or(0, |memory| size_of_val(&**memory));
        let locks = self.remove_locks.range(device..device + size);
        locks.map(|(_, lock)| lock)
    }
}

fn with_lock<R>(lock: *mut IO_REMOVE_LOCK, f: impl FnOnce(&mut RemoveLock) -> R) -> R {
    match with(|s| s.remove_locks.get_mut(&lock.addr()).map(f)) {
        Some(result) => result,
        None => rule::C4_E1.broken("a remove lock is used that is not initialised"),
    }
}

const DELETE_PENDING: NTSTATUS = 0xC000_0056_u32.cast_signed();
