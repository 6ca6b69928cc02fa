//! Ke: timers.

use std::ops::Range;

use wdk_sys::{LARGE_INTEGER, PKDPC, PKTIMER};

use crate::dpc;
use crate::ke::{deadline, resident};
use crate::rule;
use crate::sched::{DISPATCH, enter};
use crate::state::{Object, State, with};

/// A timer.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    /// It stays signalled when a wait is satisfied.
    pub(crate) notification: bool,
    pub(crate) signalled: bool,
    /// When it expires, if it is set.
    due: Option<u64>,
    /// In 100 ns; 0 for once.
    period: u64,
    /// The DPC that is queued then, or 0.
    dpc: usize,
    /// By which kernel call of the run it was set.
    call: u64,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInitializeTimer(timer: PKTIMER) {
    let _entry = enter("KeInitializeTimer", DISPATCH);
    initialize(timer.addr(), true);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInitializeTimerEx(timer: PKTIMER, kind: u32) {
    let _entry = enter("KeInitializeTimerEx", DISPATCH);
    initialize(
        timer.addr(),
        kind == wdk_sys::_TIMER_TYPE::NotificationTimer,
    );
}

fn initialize(address: usize, notification: bool) {
    resident(address);
    if with(|s| set_within(s, address..address + 1)) {
        rule::C7.broken("a timer is initialised that is set");
    }
    let timer = Timer {
        notification,
        ..Timer::default()
    };
    with(|s| s.objects.insert(address, Object::Timer(timer)));
    dpc::start();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeSetTimer(timer: PKTIMER, due: LARGE_INTEGER, dpc: PKDPC) -> u8 {
    let _entry = enter("KeSetTimer", DISPATCH);
    set(timer.addr(), due, 0, dpc)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeSetTimerEx(
    timer: PKTIMER,
    due: LARGE_INTEGER,
    period: i32,
    dpc: PKDPC,
) -> u8 {
    let _entry = enter("KeSetTimerEx", DISPATCH);
    set(timer.addr(), due, period, dpc)
}

/// `period` is in milliseconds.
fn set(address: usize, due: LARGE_INTEGER, period: i32, dpc: PKDPC) -> u8 {
    // SAFETY: any bits are a number.
    let due = deadline(unsafe { due.QuadPart });
    let dpc = dpc.expose_provenance();
    let call = with(|s| s.calls);
    let was_set = change(address, |timer| {
        timer.signalled = false;
        timer.period = u64::from(period.unsigned_abs()) * MILLISECOND;
        timer.dpc = dpc;
        timer.call = call;
        timer.due.replace(due).is_some()
    });
    with(expire);
    was_set
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeCancelTimer(timer: PKTIMER) -> u8 {
    let _entry = enter("KeCancelTimer", DISPATCH);
    change(timer.addr(), |timer| timer.due.take().is_some())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeReadStateTimer(timer: PKTIMER) -> u8 {
    let _entry = enter("KeReadStateTimer", DISPATCH);
    change(timer.addr(), |timer| timer.signalled)
}

fn change(address: usize, how: impl FnOnce(&mut Timer) -> bool) -> u8 {
    let result = with(|s| match s.objects.get_mut(&address) {
        Some(Object::Timer(timer)) => Some(how(timer)),
        _ => None,
    });
    match result {
        Some(result) => result.into(),
        None => rule::C4_E1.broken("a timer is used that is not initialised, or freed"),
    }
}

/// When the next of the timers that are set expires.
pub(crate) fn next_due(s: &State) -> Option<u64> {
    let due = |object: &Object| match object {
        Object::Timer(timer) => timer.due,
        _ => None,
    };
    s.objects.values().filter_map(due).min()
}

/// Signals the timers that are due, and queues their DPCs.
pub(crate) fn expire(s: &mut State) {
    let now = s.now;
    let mut dpcs = Vec::new();
    for object in s.objects.values_mut() {
        let Object::Timer(timer) = object else {
            continue;
        };
        let Some(due) = timer.due.filter(|due| *due <= now) else {
            continue;
        };
        timer.signalled = true;
        timer.due = (timer.period > 0).then_some(due + timer.period);
        if timer.dpc != 0 {
            dpcs.push((due, timer.call, timer.dpc));
        }
        s.calls += 1;
    }
    dpcs.sort_unstable();
    for (_, _, dpc) in dpcs {
        dpc::queue(s, dpc, [0; 2], None);
    }
}

/// Whether a timer is set in the range.
pub(crate) fn set_within(s: &State, range: Range<usize>) -> bool {
    let mut objects = s.objects.range(range);
    objects.any(|(_, object)| matches!(object, Object::Timer(Timer { due: Some(_), .. })))
}

const MILLISECOND: u64 = 10_000;
