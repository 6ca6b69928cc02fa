//! Io: IRPs, their completion and cancellation.

use std::ptr::null_mut;

use wdk_sys::{DEVICE_OBJECT, FILE_OBJECT, IO_STACK_LOCATION, IRP, NTSTATUS};
use wskhttp_core::nt::irp as path;

use crate::fault;
use crate::ke;
use crate::rule::{self, Rule};
use crate::sched::{DISPATCH, call_at, enter, irql};
use crate::state::{State, driver, with};

/// What the simulator knows of an IRP.
pub(crate) struct IrpInfo {
    memory: Vec<u64>,
    pub(crate) of_driver: bool,
    pub(crate) state: IrpState,
    request: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IrpState {
    /// Allocated, or reused.
    Fresh,
    /// With the provider or a driver.
    Flight,
    Completed,
}

/// An open file object.
pub(crate) struct File {
    pub(crate) object: Box<FILE_OBJECT>,
    pub(crate) device: usize,
    pub(crate) closed: bool,
}

/// A request of the I/O manager's own: of user mode, or of Plug and Play.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) irp: usize,
    pub(crate) file: usize,
    pub(crate) done: Option<(NTSTATUS, usize)>,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// The system buffer of a buffered request, or of the input of a direct one.
    pub(crate) system: Vec<u8>,
    pub(crate) mdl: usize,
    pub(crate) buffered: bool,
    /// Whose thread has asked.
    pub(crate) process: usize,
    /// When it has to be completed, by which rule.
    pub(crate) over_by: Option<(u64, &'static Rule)>,
}

/// What a cancelled request may take: five minutes.
pub(crate) const CANCEL_TIME: u64 = 300 * 10_000_000;

/// What byte `i` of an output buffer is until the driver writes it.
pub(crate) fn unwritten(i: usize) -> u8 {
    let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)) as u8
}

/// When the next request has to be completed; notes a breach if that was before.
pub(crate) fn next_deadline(s: &mut State) -> Option<u64> {
    let waiting = s.requests.values().filter(|request| request.done.is_none());
    let next = waiting
        .filter_map(|request| request.over_by)
        .min_by_key(|(by, _)| *by)?;
    let (by, rule) = next;
    if by <= s.now {
        rule.fail(s, "a request is not completed, minutes after it had to be");
    }
    Some(by)
}

/// A call of a dispatch routine that has not returned.
#[derive(Clone, Copy)]
pub(crate) struct Dispatch {
    number: u64,
    irp: usize,
    location: i8,
    /// Status, and whether it was marked pending, once it is completed.
    completed: Option<(NTSTATUS, bool)>,
}

const STATUS_PENDING: NTSTATUS = 0x103;
const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
const SL_PENDING_RETURNED: u8 = 1;
/// The key of the cancel spin lock among the locks.
const CANCEL_LOCK: usize = 1;

pub(crate) fn new_irp(stack_size: i8, of_driver: bool, request: Option<u64>) -> *mut IRP {
    let size = size_of::<IRP>() + stack_size as usize * size_of::<IO_STACK_LOCATION>();
    let mut memory = vec![0u64; size / 8];
    let irp = memory.as_mut_ptr().cast::<IRP>();
    // SAFETY: fresh memory of the right size, zero.
    unsafe { init(irp, stack_size, size) };
    let info = IrpInfo {
        memory,
        of_driver,
        state: IrpState::Fresh,
        request,
    };
    with(|s| s.irps.insert(irp.addr(), info));
    irp
}

/// # Safety
/// `irp` is an IRP of that size, not in use.
unsafe fn init(irp: *mut IRP, stack_size: i8, size: usize) {
    // SAFETY: by the contract.
    unsafe {
        irp.cast::<u8>().write_bytes(0, size);
        (*irp).Type = 6;
        (*irp).Size = size as u16;
        (*irp).StackCount = stack_size;
        (*irp).CurrentLocation = stack_size + 1;
        set_stack(
            irp,
            irp.add(1)
                .cast::<IO_STACK_LOCATION>()
                .add(stack_size as usize),
        );
    }
}

/// # Safety
/// A valid IRP.
unsafe fn set_stack(irp: *mut IRP, stack: *mut IO_STACK_LOCATION) {
    // SAFETY: by the contract.
    unsafe {
        (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation = stack;
    }
}

/// Makes the next stack location the current one.
///
/// # Safety
/// A valid IRP.
pub(crate) unsafe fn advance(irp: *mut IRP) {
    // SAFETY: by the contract.
    unsafe {
        if (*irp).CurrentLocation <= 1 {
            rule::WSK_14.broken("the IRP has no stack location left");
        }
        (*irp).CurrentLocation -= 1;
        set_stack(irp, path::next_stack(irp));
    }
}

pub(crate) fn state_of(irp: *mut IRP) -> Option<(bool, IrpState)> {
    with(|s| {
        s.irps
            .get(&irp.addr())
            .map(|info| (info.of_driver, info.state))
    })
}

pub(crate) fn set_state(irp: *mut IRP, state: IrpState) {
    with(|s| {
        if let Some(info) = s.irps.get_mut(&irp.addr()) {
            info.state = state;
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn IoAllocateIrp(stack_size: i8, _quota: u8) -> *mut IRP {
    let _entry = enter("IoAllocateIrp", DISPATCH);
    if fault::fails("IoAllocateIrp") {
        return null_mut();
    }
    new_irp(stack_size, true, None)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoReuseIrp(irp: *mut IRP, status: NTSTATUS) {
    let _entry = enter("IoReuseIrp", DISPATCH);
    match state_of(irp) {
        Some((true, IrpState::Flight)) => rule::WSK_17.broken("an IRP in flight is reused"),
        Some((true, _)) => {}
        _ => rule::WSK_17.broken("an IRP is reused that the driver has not allocated"),
    }
    // SAFETY: looked up above.
    unsafe {
        let (stack_size, size) = ((*irp).StackCount, usize::from((*irp).Size));
        init(irp, stack_size, size);
        path::set_status(irp, status, 0);
    }
    set_state(irp, IrpState::Fresh);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoFreeIrp(irp: *mut IRP) {
    let _entry = enter("IoFreeIrp", DISPATCH);
    match state_of(irp) {
        None => rule::C9_01.broken("an IRP is freed twice, or none"),
        Some((false, _)) => {
            rule::WSK_19.broken("an IRP is freed that the driver has not allocated")
        }
        Some((_, IrpState::Flight)) => rule::WSK_26.broken("an IRP in flight is freed"),
        Some(_) => {}
    }
    kill(irp);
}

/// The bytes of an IRP with its locations.
pub(crate) fn copy_of(irp: *mut IRP) -> Vec<u8> {
    with(|s| {
        let memory = s.irps.get(&irp.addr()).map(|info| info.memory.as_slice());
        let words = memory.unwrap_or_default().iter();
        words.flat_map(|word| word.to_ne_bytes()).collect()
    })
}

/// Forgets an IRP that nobody has seen.
pub(crate) fn forget(irp: *mut IRP) {
    with(|s| s.irps.remove(&irp.addr()));
}

/// Takes an IRP away; whoever writes to it later is found out at the end.
fn kill(irp: *mut IRP) {
    with(|s| {
        if let Some(mut info) = s.irps.remove(&irp.addr()) {
            info.memory.fill(POISON);
            s.dead_irps.push(info.memory);
        }
    });
}

const POISON: u64 = 0xDDDD_DDDD_DDDD_DDDD;

#[unsafe(no_mangle)]
unsafe extern "C" fn IofCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let _entry = enter("IofCallDriver", DISPATCH);
    if let Some((of_driver, _)) = state_of(irp) {
        // SAFETY: looked up above, and the caller's.
        let (alone, cancel) = unsafe {
            let next = &*path::next_stack(irp);
            let alone = (*irp).CurrentLocation > 1 && next.CompletionRoutine.is_none();
            (alone, (*irp).CancelRoutine.is_some())
        };
        if of_driver && alone {
            rule::IO_ALLOCATE_FORWARD.broken("an own IRP is passed on without completion routine");
        }
        if cancel {
            rule::C9_203.broken("an IRP is passed on with its cancel routine set");
        }
    }
    // SAFETY: the contract is the same.
    unsafe { call_driver(device, irp) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn PoCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the contract is the same.
    unsafe { IofCallDriver(device, irp) }
}

#[unsafe(no_mangle)]
extern "C" fn PoStartNextPowerIrp(_: *mut IRP) {
    let _entry = enter("PoStartNextPowerIrp", DISPATCH);
}

/// Calls the dispatch routine of `device`, and checks what it returns.
///
/// # Safety
/// Both are valid, and the IRP is the caller's.
pub(crate) unsafe fn call_driver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if state_of(irp).is_none() || !with(|s| s.devices.contains_key(&device.addr())) {
        rule::C9_03.broken("IofCallDriver with an IRP or a device that is gone");
    }
    set_state(irp, IrpState::Flight);
    // SAFETY: both are there.
    let (routine, location) = unsafe {
        advance(irp);
        let stack = path::current_stack(irp);
        (*stack).DeviceObject = device;
        let major = usize::from((*stack).MajorFunction);
        (
            (*(*device).DriverObject).MajorFunction[major],
            (*irp).CurrentLocation,
        )
    };
    let Some(routine) = routine else {
        // SAFETY: the IRP is ours.
        unsafe { path::complete_with(irp, INVALID_DEVICE_REQUEST, 0) };
        return INVALID_DEVICE_REQUEST;
    };
    let number = with(|s| {
        let number = s.number();
        s.dispatches.push(Dispatch {
            number,
            irp: irp.addr(),
            location,
            completed: None,
        });
        number
    });
    // SAFETY: both are valid by the contract.
    let status = call_at(irql(), rule::C9_05, "a dispatch routine", || unsafe {
        routine(device, irp)
    });
    let this = with(|s| {
        let at = s.dispatches.iter().position(|call| call.number == number)?;
        Some(s.dispatches.swap_remove(at))
    });
    let this = this.expect("pushed above");
    let pending = status == STATUS_PENDING;
    match this.completed {
        Some((_, false)) if pending => rule::PENDED_COMPLETED_REQUEST
            .broken("STATUS_PENDING was returned for an IRP completed and not marked pending"),
        Some((_, true)) if !pending => rule::MARK_IRP_PENDING
            .broken("another status than STATUS_PENDING was returned for an IRP marked pending"),
        Some((completed, false)) if completed != status => {
            rule::C9_224.broken("the status returned is not the one the IRP was completed with")
        }
        Some(_) => {}
        None if !pending => rule::C9_226.broken("an IRP was neither completed nor pended"),
        None => {
            // SAFETY: not completed, so it is there, with all its locations.
            let control = unsafe {
                let first = irp.add(1).cast::<IO_STACK_LOCATION>();
                (*first.add(location as usize - 1)).Control
            };
            if control & SL_PENDING_RETURNED == 0 {
                rule::MARK_IRP_PENDING_2
                    .broken("STATUS_PENDING was returned for an IRP not marked pending");
            }
        }
    }
    status
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IofCompleteRequest(irp: *mut IRP, _boost: i8) {
    let _entry = enter("IofCompleteRequest", DISPATCH);
    match state_of(irp) {
        None => rule::DOUBLE_COMPLETION.broken("an IRP is completed that is completed, or freed"),
        // SAFETY: it is there.
        Some((true, _)) if unsafe { (*irp).CurrentLocation > (*irp).StackCount } => {
            rule::IO_ALLOCATE_COMPLETE.broken("a driver completes an IRP that it has allocated")
        }
        Some(_) => {}
    }
    if with(|s| s.current.is_some_and(|id| !s.threads[id].held.is_empty())) {
        rule::WSK_95.broken("an IRP is completed under a spin lock");
    }
    // SAFETY: looked up above.
    unsafe {
        if (*irp).CancelRoutine.is_some() {
            rule::C9_07.broken("an IRP is completed with its cancel routine set");
        }
        if matches!(path::status(irp), STATUS_PENDING | -1) {
            rule::C9_06.broken("an IRP is completed with STATUS_PENDING or -1");
        }
        unwind(irp);
    }
}

/// Calls the completion routines from the current location upwards.
///
/// # Safety
/// A valid IRP, the caller's.
pub(crate) unsafe fn unwind(irp: *mut IRP) {
    loop {
        // SAFETY: by the contract.
        let (stack, above) = unsafe {
            if (*irp).CurrentLocation > (*irp).StackCount {
                break;
            }
            let stack = path::current_stack(irp);
            let location = (*irp).CurrentLocation;
            let marked = (*stack).Control & SL_PENDING_RETURNED != 0;
            (*irp).PendingReturned = marked.into();
            let status = path::status(irp);
            with(|s| {
                for call in &mut s.dispatches {
                    if call.irp == irp.addr() && call.location == location {
                        call.completed = Some((status, marked));
                    }
                }
            });
            (*irp).CurrentLocation += 1;
            set_stack(irp, stack.add(1));
            (stack, (*irp).CurrentLocation <= (*irp).StackCount)
        };
        // SAFETY: as above.
        let (routine, wanted, context, device) = unsafe {
            let control = (*stack).Control;
            let wanted = if (*irp).Cancel != 0 && control & 0x20 != 0 {
                true
            } else if path::status(irp) >= 0 {
                control & 0x40 != 0
            } else {
                control & 0x80 != 0
            };
            let device = if above {
                (*stack.add(1)).DeviceObject
            } else {
                null_mut()
            };
            ((*stack).CompletionRoutine, wanted, (*stack).Context, device)
        };
        // SAFETY: as above.
        unsafe {
            (*stack).Control = 0;
            (*stack).CompletionRoutine = None;
        }
        let (Some(routine), true) = (routine, wanted) else {
            // SAFETY: as above.
            unsafe {
                if (*irp).PendingReturned != 0 && above {
                    path::mark_pending(irp);
                }
            }
            continue;
        };
        let of_driver = with(|s| s.irps[&irp.addr()].of_driver);
        if of_driver {
            set_state(irp, IrpState::Completed);
        }
        // SAFETY: the driver's routine, called once for this location.
        let me = with(|s| s.current).expect("a simulated thread");
        with(|s| s.threads[me].completing += 1);
        let status = call_at(irql(), rule::C4_FA, "a completion routine", || unsafe {
            routine(device, irp, context)
        });
        with(|s| s.threads[me].completing -= 1);
        if status == MORE_PROCESSING_REQUIRED {
            return;
        }
        // SAFETY: it goes on, so that the IRP is there.
        let lost = unsafe {
            let marked = above && (*path::current_stack(irp)).Control & SL_PENDING_RETURNED != 0;
            !of_driver && above && (*irp).PendingReturned != 0 && !marked
        };
        if lost {
            rule::WSK_19.broken("a completion routine does not propagate PendingReturned");
        }
        if of_driver {
            rule::WSK_16.broken(format!(
                "the completion routine of the driver's own IRP returned {status:#x}"
            ));
        }
    }
    finish(irp);
}

/// The I/O manager's end of a request.
fn finish(irp: *mut IRP) {
    // SAFETY: the IRP is the I/O manager's again.
    let (status, information) = unsafe { (path::status(irp), path::information(irp)) };
    let number = with(|s| s.irps.get(&irp.addr()).and_then(|info| info.request));
    kill(irp);
    let mdl = with(|s| {
        let request = s.requests.get_mut(&number?)?;
        let most = request.output.len().max(request.input.len());
        if information > most && request.mdl != 0 {
            rule::INFORMATION.fail(s, format!("{information} is more than the buffer holds"));
            return None;
        }
        if information > request.output.len() && request.buffered {
            rule::INFORMATION.fail(
                s,
                format!("{information} is more than the output buffer holds"),
            );
            return None;
        }
        if request.buffered && status >= 0 {
            let valid = ..information;
            let input = request.input.len();
            let later = request.system[valid].get(input..).unwrap_or_default();
            let is_old = |i: usize| (i..i + 4).all(|i| later[i] == unwritten(input + i));
            let old = (0..later.len().saturating_sub(3)).find(|i| is_old(*i));
            if let Some(i) = old {
                let text = format!("byte {} of the output was not written", input + i);
                rule::INFORMATION.fail(s, text);
                return None;
            }
            request.output[valid].copy_from_slice(&request.system[valid]);
        }
        request.irp = 0;
        request.done = Some((status, information));
        Some(request.mdl)
    });
    if let Some(mdl @ 1..) = mdl {
        crate::mm::free(std::ptr::without_provenance_mut(mdl));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoAcquireCancelSpinLock(level: *mut u8) {
    let _entry = enter("IoAcquireCancelSpinLock", DISPATCH);
    if with(|s| s.current.is_some() && s.locks.get(&CANCEL_LOCK).copied() == s.current) {
        rule::CANCEL_SPIN_LOCK.broken("IoAcquireCancelSpinLock by the thread that holds it");
    }
    let old = ke::acquire(CANCEL_LOCK, null_mut());
    // SAFETY: writable by the contract.
    unsafe { level.write(old) };
}

#[unsafe(no_mangle)]
extern "C" fn IoReleaseCancelSpinLock(level: u8) {
    let _entry = enter("IoReleaseCancelSpinLock", DISPATCH);
    if with(|s| s.locks.get(&CANCEL_LOCK).copied() != s.current) {
        rule::CANCEL_SPIN_LOCK.broken("IoReleaseCancelSpinLock by a thread that does not hold it");
    }
    ke::release(CANCEL_LOCK, null_mut(), level);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoCancelIrp(irp: *mut IRP) -> u8 {
    let _entry = enter("IoCancelIrp", DISPATCH);
    if state_of(irp).is_none() {
        rule::WSK_25.broken("an IRP is cancelled that is gone");
    }
    if state_of(irp).is_some_and(|(of_driver, _)| !of_driver) {
        rule::WSK_25.broken("an IRP is cancelled by somebody else than its owner");
    }
    cancel(|| Some(irp)).into()
}

/// Cancels the IRP that `which` finds under the cancel spin lock.
pub(crate) fn cancel(which: impl FnOnce() -> Option<*mut IRP>) -> bool {
    let level = ke::acquire(CANCEL_LOCK, null_mut());
    let Some(irp) = which().filter(|irp| state_of(*irp).is_some()) else {
        ke::release(CANCEL_LOCK, null_mut(), level);
        return false;
    };
    // SAFETY: there, by the look-up.
    let (routine, device) = unsafe {
        (*irp).Cancel = 1;
        let routine = path::set_cancel_routine(irp, None);
        if routine.is_some() {
            (*irp).CancelIrql = level;
        }
        let device = if (*irp).CurrentLocation <= (*irp).StackCount {
            (*path::current_stack(irp)).DeviceObject
        } else {
            null_mut()
        };
        (routine, device)
    };
    let Some(routine) = routine else {
        ke::release(CANCEL_LOCK, null_mut(), level);
        return crate::wsk::cancel(irp);
    };
    // SAFETY: the driver's routine, called once, under the lock.
    driver(|| unsafe { routine(device, irp) });
    let held = with(|s| s.locks.get(&CANCEL_LOCK).copied() == s.current);
    if held || irql() != level {
        rule::CANCEL_SPIN_LOCK_RELEASE
            .broken("a cancel routine returned with the lock, or at another IRQL than CancelIrql");
    }
    true
}

/// IRPs and devices that are left.
pub(crate) fn check_at_unload() {
    let left = with(|s| {
        if s.irps.values().any(|info| info.of_driver) {
            return Some((
                rule::IO_ALLOCATE_FREE,
                "IRPs that the driver allocated are left at unload",
            ));
        }
        if s.dead_irps.iter().flatten().any(|word| *word != POISON) {
            return Some((
                rule::IRP_WRITTEN,
                "an IRP was written after it was completed or freed",
            ));
        }
        if s.mdls.values().any(|mdl| mdl.resident) {
            return Some((rule::MDL_FREED, "MDLs are left at unload"));
        }
        None
    });
    if let Some((rule, left)) = left {
        rule.broken(left);
    }
}

const INVALID_DEVICE_REQUEST: NTSTATUS = 0xC000_0010_u32.cast_signed();
