//! Verifier: work items.

use std::ptr::null_mut;

use wdk_sys::ntddk::*;
use wdk_sys::{
    _WORK_QUEUE_TYPE, DEVICE_OBJECT, KEVENT, LARGE_INTEGER, PDEVICE_OBJECT, PIO_WORKITEM, PVOID,
};
use wskhttp_ntsim::{Target, image_gone};

use crate::client::*;

const DELAYED: u32 = _WORK_QUEUE_TYPE::DelayedWorkQueue;

unsafe extern "C" {
    fn KeGetCurrentIrql() -> u8;
}

/// A work item, and its device.
fn item() -> (PIO_WORKITEM, PDEVICE_OBJECT) {
    let device = Target::new(crate::dispatch::completes).device();
    // SAFETY: a device.
    (unsafe { IoAllocateWorkItem(device) }, device)
}

unsafe extern "C" fn stays(_: *mut DEVICE_OBJECT, _: PVOID) {
    let mut time = LARGE_INTEGER {
        QuadPart: -3600 * 10_000_000,
    };
    // SAFETY: at PASSIVE_LEVEL.
    let _ = unsafe { KeDelayExecutionThread(0, 0, &raw mut time) };
}

unsafe extern "C" fn raises(_: *mut DEVICE_OBJECT, lock: PVOID) {
    // SAFETY: a spin lock.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock.cast()) };
}

/// What the routine `works` is given, and has seen.
struct Work {
    go: KEVENT,
    done: KEVENT,
    device: PDEVICE_OBJECT,
    irql: u8,
}

/// Waits, and frees its own work item.
unsafe extern "C" fn works(device: PVOID, work: PVOID, item: PIO_WORKITEM) {
    // SAFETY: of the test that waits for it; the device is referenced.
    unsafe {
        let work = work.cast::<Work>();
        (*work).irql = KeGetCurrentIrql();
        let _ = KeWaitForSingleObject((&raw mut (*work).go).cast(), 0, 0, 0, null_mut());
        (*work).device = device.cast();
        assert_eq!((*(*work).device).StackSize, 2, "the device is there");
        IoFreeWorkItem(item);
        KeSetEvent(&raw mut (*work).done, 0, 0);
    }
}

mutants! {
    queues_a_work_item_twice breaks E4 {
        let (item, _) = item();
        // More often than its routine can have begun meanwhile.
        for _ in 0..20 {
            IoQueueWorkItem(item, Some(stays), DELAYED, null_mut());
        }
    }
    frees_a_queued_work_item breaks E4 {
        for _ in 0..20 {
            let (item, _) = item();
            IoQueueWorkItem(item, Some(stays), DELAYED, null_mut());
            IoFreeWorkItem(item);
        }
    }
    allocates_a_work_item_for_no_device breaks E4 {
        IoAllocateWorkItem(null_mut());
    }
    queues_what_is_freed breaks E4 {
        let (item, _) = item();
        IoFreeWorkItem(item);
        IoQueueWorkItem(item, Some(stays), DELAYED, null_mut());
    }
    returns_from_a_work_item_at_dispatch breaks E1 {
        let (item, _) = item();
        let lock = (&raw mut *Box::leak(Box::new(0u64))).cast();
        IoQueueWorkItem(item, Some(raises), DELAYED, lock);
        a_while();
    }
    leaves_a_work_item_running breaks CE {
        let (item, _) = item();
        IoQueueWorkItem(item, Some(stays), DELAYED, null_mut());
        image_gone();
    }
    leaves_a_work_item breaks C4_62 {
        item();
        image_gone();
    }
}

proofs! {
    a_work_item_runs_at_passive_level_while_its_device_is_kept shows E1 {
        let (item, device) = item();
        let mut work = Work {
            go: KEVENT::default(),
            done: KEVENT::default(),
            device: null_mut(),
            irql: 0xFF,
        };
        KeInitializeEvent(&raw mut work.go, 0, 0);
        KeInitializeEvent(&raw mut work.done, 0, 0);
        IoQueueWorkItemEx(item, Some(works), DELAYED, (&raw mut work).cast());
        IoDeleteDevice(device);
        KeSetEvent(&raw mut work.go, 0, 0);
        let _ = KeWaitForSingleObject((&raw mut work.done).cast(), 0, 0, 0, null_mut());
        assert_eq!((work.irql, work.device), (0, device));
        a_while();
        image_gone();
    }
}
