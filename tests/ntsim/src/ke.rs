//! Ke: events, semaphores, waits, spin locks, IRQL, time.

use wdk_sys::{KEVENT, KSEMAPHORE, LARGE_INTEGER, NTSTATUS, PVOID};

use crate::fault;
use crate::rule;
use crate::sched::{self, APC, DISPATCH, block, enter, enter_quietly, irql, on_stack};
use crate::sched::{set_irql, switch};
use crate::state::{Object, State, driver, with};

#[unsafe(no_mangle)]
extern "C" fn KeGetCurrentIrql() -> u8 {
    let _entry = enter_quietly();
    irql()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeQueryPerformanceCounter(frequency: *mut LARGE_INTEGER) -> LARGE_INTEGER {
    let _entry = enter_quietly();
    if !frequency.is_null() {
        // SAFETY: writable by the contract.
        unsafe { (*frequency).QuadPart = 10_000_000 };
    }
    let now = with(|s| {
        s.now += 1;
        s.now
    });
    LARGE_INTEGER {
        QuadPart: now.cast_signed(),
    }
}

/// Found by MmGetSystemRoutineAddress. A run begins in 2026.
pub(crate) unsafe extern "C" fn query_system_time(time: *mut i64) {
    let _entry = enter_quietly();
    let now = with(|s| s.now.cast_signed() + s.wall);
    // SAFETY: writable by the contract.
    unsafe { time.write(EPOCH + now) };
}

#[unsafe(no_mangle)]
extern "C" fn KeQueryActiveProcessorCount(_: *mut u64) -> u32 {
    let _entry = enter_quietly();
    with(|s| s.processors)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInitializeEvent(event: *mut KEVENT, kind: u32, set: u8) {
    let _entry = enter("KeInitializeEvent", DISPATCH);
    let object = Object::Event {
        notification: kind == wdk_sys::_EVENT_TYPE::NotificationEvent,
        set: set != 0,
    };
    resident(event.addr());
    with(|s| s.objects.insert(event.addr(), object));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeSetEvent(event: *mut KEVENT, _: i32, wait: u8) -> i32 {
    let _entry = enter("KeSetEvent", if wait == 0 { DISPATCH } else { APC });
    set_event(event.addr(), true)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeClearEvent(event: *mut KEVENT) {
    let _entry = enter("KeClearEvent", DISPATCH);
    set_event(event.addr(), false);
}

pub(crate) fn resident(object: usize) {
    if with(|s| crate::paged::is_paged(s, object)) {
        rule::C4_E1.broken("a synchronization object is in pageable memory");
    }
}

fn set_event(address: usize, to: bool) -> i32 {
    let old = with(|s| match s.objects.get_mut(&address) {
        Some(Object::Event { set, .. }) => Some(std::mem::replace(set, to)),
        _ => None,
    });
    match old {
        Some(old) => old.into(),
        None => rule::C4_E1.broken("an event is set or cleared that is not initialised, or freed"),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInitializeSemaphore(semaphore: *mut KSEMAPHORE, count: i32, limit: i32) {
    let _entry = enter("KeInitializeSemaphore", DISPATCH);
    resident(semaphore.addr());
    with(|s| {
        s.objects
            .insert(semaphore.addr(), Object::Semaphore { count, limit })
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeReleaseSemaphore(
    semaphore: *mut KSEMAPHORE,
    _: i32,
    adjustment: i32,
    wait: u8,
) -> i32 {
    let _entry = enter("KeReleaseSemaphore", if wait == 0 { DISPATCH } else { APC });
    let old = with(|s| match s.objects.get_mut(&semaphore.addr()) {
        Some(Object::Semaphore { count, limit }) => {
            let old = *count;
            *count = old.saturating_add(adjustment);
            Some((old, *count <= *limit && adjustment > 0))
        }
        _ => None,
    });
    match old {
        Some((old, true)) => old,
        Some((old, false)) => rule::SEMAPHORE_LIMIT
            .broken(format!("a semaphore at {old} is released by {adjustment}")),
        None => rule::C4_E1.broken("a semaphore is released that is not initialised, or freed"),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeWaitForSingleObject(
    object: PVOID,
    _reason: u32,
    mode: i8,
    _alertable: u8,
    timeout: *mut LARGE_INTEGER,
) -> NTSTATUS {
    let _entry = enter("KeWaitForSingleObject", DISPATCH);
    // SAFETY: null or readable by the contract.
    let timeout = unsafe { timeout.as_ref() }.map(|timeout| unsafe { timeout.QuadPart });
    if mode != 0 && sched::on_own_stack(object.addr()) {
        rule::WSK_92.broken("a UserMode wait for an object on the stack");
    }
    wait(object.addr(), timeout)
}

/// Waits for a dispatcher object; `timeout` as Windows has it.
pub(crate) fn wait(address: usize, timeout: Option<i64>) -> NTSTATUS {
    if timeout != Some(0) && crate::wsk::in_callback() {
        rule::WSK_72.broken("an event callback waits");
    }
    if irql() >= DISPATCH && timeout != Some(0) {
        rule::WSK_92.broken("a wait with a time-out other than zero at DISPATCH_LEVEL");
    }
    if timeout != Some(0) {
        check_context();
    }
    if !with(|s| s.objects.contains_key(&address)) {
        rule::C4_E1.broken("a wait for an object that is not initialised, or freed");
    }
    let until = timeout.map(deadline);
    let what = with(|s| format!("{:?}", s.objects[&address]));
    if block(what, until, move |s| signalled(s, address)) {
        with(|s| take(s, address));
        0
    } else {
        STATUS_TIMEOUT
    }
}

/// A completion routine runs on whatever thread completes the request, which it may not keep.
fn check_context() {
    if with(|s| s.current.is_some_and(|id| s.threads[id].completing > 0)) {
        rule::WSK_92.broken("a completion routine waits, on an arbitrary thread");
    }
}

/// When a time-out, or a due time, is over.
pub(crate) fn deadline(timeout: i64) -> u64 {
    let (now, wall) = with(|s| (s.now, s.wall));
    if timeout <= 0 {
        now.saturating_add(timeout.unsigned_abs())
    } else {
        timeout.saturating_sub(EPOCH + wall).max(0).unsigned_abs()
    }
}

fn signalled(s: &mut State, address: usize) -> bool {
    match s.objects.get(&address) {
        Some(Object::Event { set, .. }) => *set,
        Some(Object::Semaphore { count, .. }) => *count > 0,
        Some(Object::Timer(timer)) => timer.signalled,
        Some(Object::Thread { id, .. }) => s.threads[*id].ended,
        Some(Object::Process { .. }) => false,
        None => {
            s.failure
                .get_or_insert("an object is freed that a thread waits for".into());
            false
        }
    }
}

fn take(s: &mut State, address: usize) {
    match s.objects.get_mut(&address) {
        Some(Object::Event { notification, set }) if !*notification => *set = false,
        Some(Object::Semaphore { count, .. }) => *count -= 1,
        Some(Object::Timer(timer)) if !timer.notification => timer.signalled = false,
        _ => {}
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeDelayExecutionThread(
    _: i8,
    _: u8,
    interval: *mut LARGE_INTEGER,
) -> NTSTATUS {
    let _entry = enter("KeDelayExecutionThread", APC);
    check_context();
    // SAFETY: readable by the contract.
    let until = deadline(unsafe { (*interval).QuadPart });
    block("a delay", Some(until), |_| false);
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeAcquireSpinLockRaiseToDpc(lock: *mut u64) -> u8 {
    let _entry = enter("KeAcquireSpinLockRaiseToDpc", DISPATCH);
    acquire(lock.addr(), lock)
}

/// Acquires a lock, whose word is at `word` unless that is null; gives the IRQL from before.
pub(crate) fn acquire(address: usize, word: *mut u64) -> u8 {
    let old = set_irql(DISPATCH);
    loop {
        let me = with(|s| s.current).expect("a simulated thread");
        match with(|s| s.locks.get(&address).copied()) {
            Some(holder) if holder == me => {
                rule::C4_1000.broken("a thread acquires a spin lock that it holds")
            }
            Some(_) => {
                block("a spin lock", None, move |s| {
                    !s.locks.contains_key(&address)
                });
            }
            None => {
                if let Some(before) = with(|s| keep_order(s, me, address)) {
                    rule::C4_1001.broken(format!(
                        "{address:#x} is acquired after {before:#x}, and was acquired before it"
                    ));
                }
                with(|s| {
                    s.locks.insert(address, me);
                    s.threads[me].held.push(address);
                });
                if !word.is_null() {
                    // SAFETY: a spin lock by the contract, held now.
                    unsafe { word.write(1) };
                }
                return old;
            }
        }
    }
}

/// Notes that `address` comes after the locks that thread `me` holds; gives one that ever came after
/// it.
fn keep_order(s: &mut State, me: usize, address: usize) -> Option<usize> {
    let mut after = vec![address];
    let mut seen = Vec::new();
    while let Some(lock) = after.pop() {
        if !seen.contains(&lock) {
            seen.push(lock);
            after.extend(s.lock_order.get(&lock).into_iter().flatten());
        }
    }
    let held = s.threads[me].held.clone();
    for held in &held {
        s.lock_order.entry(*held).or_default().insert(address);
    }
    held.into_iter().find(|held| seen.contains(held))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeReleaseSpinLock(lock: *mut u64, level: u8) {
    let _entry = enter_quietly();
    release(lock.addr(), lock, level);
    switch();
}

pub(crate) fn release(address: usize, word: *mut u64, level: u8) {
    if irql() != DISPATCH {
        rule::IRQL_KE_RELEASE_SPIN_LOCK
            .broken("a spin lock is released at another IRQL than DISPATCH_LEVEL");
    }
    let me = with(|s| s.current).expect("a simulated thread");
    match with(|s| s.locks.get(&address).copied()) {
        Some(holder) if holder == me => {}
        Some(_) => rule::C4_1004.broken("a spin lock is released that another thread holds"),
        None => rule::C4_1007.broken("a spin lock is released that nobody holds"),
    }
    if !word.is_null() {
        // SAFETY: a spin lock by the contract, held until now.
        unsafe { word.write(0) };
    }
    let more = with(|s| {
        s.locks.remove(&address);
        s.threads[me].held.retain(|held| *held != address);
        !s.threads[me].held.is_empty()
    });
    if more && level < DISPATCH {
        rule::C4_1003.broken("IRQL is lowered while another spin lock is held");
    }
    set_irql(level);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeExpandKernelStackAndCalloutEx(
    callout: Option<unsafe extern "C" fn(PVOID)>,
    parameter: PVOID,
    size: u64,
    wait: u8,
    context: PVOID,
) -> NTSTATUS {
    let highest = if wait == 0 { DISPATCH } else { APC };
    let _entry = enter("KeExpandKernelStackAndCalloutEx", highest);
    if size > MAXIMUM_EXPANSION_SIZE || !context.is_null() {
        return INVALID_PARAMETER_3;
    }
    if let Some(status) = fault::status("KeExpandKernelStackAndCalloutEx") {
        return status;
    }
    let level = irql();
    let Some(callout) = callout else {
        return INVALID_PARAMETER_3;
    };
    on_stack(size as usize, move || {
        // SAFETY: the caller's routine and its parameter.
        driver(|| unsafe { callout(parameter) });
    });
    if irql() != level {
        rule::CALLOUT.broken("a callout returned at another IRQL than it was called");
    }
    0
}

#[unsafe(no_mangle)]
extern "C" fn KeBugCheckEx(code: u32, a: u64, b: u64, c: u64, d: u64) -> ! {
    rule::BUGCHECK.broken(format!(
        "bug check {code:#x} ({a:#x}, {b:#x}, {c:#x}, {d:#x})"
    ))
}

/// System time at the beginning of a run.
pub(crate) const EPOCH: i64 = 134_000_000_000_000_000;
const MAXIMUM_EXPANSION_SIZE: u64 = 0x12000 - 0x800;
const STATUS_TIMEOUT: NTSTATUS = 0x102;
const INVALID_PARAMETER_3: NTSTATUS = 0xC000_00F1_u32.cast_signed();
