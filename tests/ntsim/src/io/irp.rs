//! IRPs: their memory, and who has them.

use std::ptr::null_mut;

use wdk_sys::{IO_STACK_LOCATION, IRP, NTSTATUS};
use wskhttp_core::nt::irp as path;

use crate::fault;
use crate::rule;
use crate::sched::{DISPATCH, enter};
use crate::state::with;
use crate::wsk;

/// What the simulator knows of an IRP.
pub(crate) struct IrpInfo {
    memory: Vec<u64>,
    pub(crate) of_driver: bool,
    pub(crate) state: IrpState,
    pub(super) request: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IrpState {
    /// Allocated, or reused.
    Fresh,
    /// With the provider or a driver.
    Flight,
    Completed,
}

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
pub(super) unsafe fn set_stack(irp: *mut IRP, stack: *mut IO_STACK_LOCATION) {
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
        Some((true, IrpState::Flight)) => {
            wsk::taken(irp, rule::WSK_17).broken("an IRP in flight is reused")
        }
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
        Some((_, IrpState::Flight)) => {
            wsk::taken(irp, rule::WSK_26).broken("an IRP in flight is freed")
        }
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
pub(super) fn kill(irp: *mut IRP) {
    with(|s| {
        if let Some(mut info) = s.irps.remove(&irp.addr()) {
            info.memory.fill(POISON);
            s.dead_irps.push(info.memory);
        }
    });
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
        if s.mdls.values().any(|mdl| mdl.resident || mdl.of_driver) {
            return Some((rule::MDL_FREED, "MDLs are left at unload"));
        }
        None
    });
    if let Some((rule, left)) = left {
        rule.broken(left);
    }
}

const POISON: u64 = 0xDDDD_DDDD_DDDD_DDDD;
