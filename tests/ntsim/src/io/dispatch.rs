//! Calls of dispatch routines.

use wdk_sys::{DEVICE_OBJECT, IO_STACK_LOCATION, IRP, NTSTATUS};
use wskhttp_core::nt::irp as path;

use super::{IrpState, SL_PENDING_RETURNED, STATUS_PENDING, advance, set_state, state_of};
use crate::sched::{DISPATCH, call_at, enter, irql};
use crate::state::{State, with};
use crate::{device, remove_lock, rule};

/// A call of a dispatch routine that has not returned.
#[derive(Clone, Copy)]
pub(crate) struct Dispatch {
    number: u64,
    device: usize,
    thread: Option<usize>,
    pub(super) irp: usize,
    pub(super) location: i8,
    /// Status, and whether it was marked pending, once it is completed.
    pub(super) completed: Option<(NTSTATUS, bool)>,
}

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
    if let Some(from) = with(|s| called_with(s, irp.addr())) {
        remove_lock::check_forward(from);
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
            device: device.addr(),
            thread: s.current,
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
        let this = s.dispatches.swap_remove(at);
        device::release(s, this.device);
        Some(this)
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

/// Whether a dispatch routine that has not returned was called with the IRP.
pub(crate) fn is_dispatched(s: &State, irp: usize) -> bool {
    s.dispatches.iter().any(|call| call.irp == irp)
}

/// Whether another thread runs a dispatch routine of the device.
pub(crate) fn is_called(s: &State, device: usize) -> bool {
    let mut calls = s.dispatches.iter();
    calls.any(|call| call.device == device && call.thread != s.current)
}

/// The device whose dispatch routine was called with the IRP last.
fn called_with(s: &State, irp: usize) -> Option<usize> {
    let calls = s.dispatches.iter().filter(|call| call.irp == irp);
    calls.max_by_key(|call| call.number).map(|call| call.device)
}

const INVALID_DEVICE_REQUEST: NTSTATUS = 0xC000_0010_u32.cast_signed();
