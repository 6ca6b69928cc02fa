//! Io: work items.

use std::collections::BTreeMap;

use wdk_sys::{
    PDEVICE_OBJECT, PIO_WORKITEM, PIO_WORKITEM_ROUTINE, PIO_WORKITEM_ROUTINE_EX, PVOID,
    WORK_QUEUE_TYPE,
};

use crate::sched::{self, DISPATCH, KERNEL_STACK, PASSIVE, block, call_at, enter};
use crate::state::{State, with};
use crate::{device, ex, fault, rule};

/// The work items of a run.
#[derive(Default)]
pub(crate) struct WorkItems {
    /// Those that are allocated.
    items: BTreeMap<usize, Item>,
    /// The devices of those that are queued, or whose routines run.
    devices: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Item {
    device: usize,
    queued: bool,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoAllocateWorkItem(device: PDEVICE_OBJECT) -> PIO_WORKITEM {
    let _entry = enter("IoAllocateWorkItem", DISPATCH);
    let device = device.expose_provenance();
    if !with(|s| s.devices.contains_key(&device)) {
        rule::E4.broken("a work item is allocated for no device");
    }
    if fault::fails("IoAllocateWorkItem") {
        return std::ptr::null_mut();
    }
    let item = ex::give(0, SIZE, TAG);
    let queued = false;
    with(|s| {
        s.work_items
            .items
            .insert(item.addr(), Item { device, queued })
    });
    item.cast()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoQueueWorkItem(
    item: PIO_WORKITEM,
    routine: PIO_WORKITEM_ROUTINE,
    _queue: WORK_QUEUE_TYPE,
    context: PVOID,
) {
    let _entry = enter("IoQueueWorkItem", DISPATCH);
    let Some(routine) = routine else {
        rule::E4.broken("a work item is queued without routine")
    };
    // SAFETY: the caller's routine and context.
    queue(item, move |device| unsafe { routine(device, context) });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoQueueWorkItemEx(
    item: PIO_WORKITEM,
    routine: PIO_WORKITEM_ROUTINE_EX,
    _queue: WORK_QUEUE_TYPE,
    context: PVOID,
) {
    let _entry = enter("IoQueueWorkItemEx", DISPATCH);
    let Some(routine) = routine else {
        rule::E4.broken("a work item is queued without routine")
    };
    // SAFETY: the caller's routine and context.
    queue(item, move |device| unsafe {
        routine(device.cast(), context, item);
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoFreeWorkItem(item: PIO_WORKITEM) {
    unsafe extern "C" {
        fn ExFreePool(data: *mut u8);
    }
    let _entry = enter("IoFreeWorkItem", DISPATCH);
    check_freed(item.addr());
    with(|s| s.work_items.items.remove(&item.addr()));
    // SAFETY: of IoAllocateWorkItem, or the breach is seen.
    unsafe { ExFreePool(item.cast()) };
}

/// The memory is freed, with which a work item goes.
pub(crate) fn check_freed(address: usize) {
    if with(|s| {
        s.work_items
            .items
            .get(&address)
            .is_some_and(|item| item.queued)
    }) {
        rule::E4.broken("a work item is freed that is queued");
    }
}

/// Runs `routine` on a system worker thread. The device is referenced until it has returned.
fn queue(item: PIO_WORKITEM, routine: impl FnOnce(PDEVICE_OBJECT) + 'static) {
    let address = item.addr();
    let before = with(|s| {
        let item = s.work_items.items.get_mut(&address)?;
        let before = std::mem::replace(&mut item.queued, true);
        let device = item.device;
        s.work_items.devices.push(device);
        Some((before, device))
    });
    let device = match before {
        Some((false, device)) => device,
        Some((true, _)) => rule::E4.broken("a work item is queued twice"),
        None => rule::E4.broken("a work item is queued that is not allocated, or freed"),
    };
    sched::spawn("a system worker".into(), KERNEL_STACK, false, move || {
        with(|s| {
            if let Some(item) = s.work_items.items.get_mut(&address) {
                item.queued = false;
            }
        });
        call_at(PASSIVE, rule::E1, "a worker routine", || {
            routine(std::ptr::with_exposed_provenance_mut(device));
        });
        with(|s| end(s, device));
    });
}

fn end(s: &mut State, device: usize) {
    let items = &mut s.work_items;
    if let Some(at) = items.devices.iter().position(|other| *other == device) {
        items.devices.swap_remove(at);
    }
    device::release(s, device);
}

/// Whether a work item refers to the device.
pub(crate) fn refers_to(s: &State, device: usize) -> bool {
    s.work_items.devices.contains(&device)
}

/// Waits for what is queued or runs: a driver is not unloaded while a device of its is referenced.
pub(crate) fn wait() {
    if !with(|s| s.work_items.devices.is_empty()) {
        block("work items", None, |s| s.work_items.devices.is_empty());
    }
}

/// Work items that the driver has left.
pub(crate) fn check_at_unload() {
    if !with(|s| s.work_items.devices.is_empty()) {
        rule::CE.broken("a work item is queued, or runs, at unload");
    }
}

/// Bytes of a work item, which drivers do not know.
const SIZE: usize = 88;
const TAG: u32 = u32::from_le_bytes(*b"Iowi");
