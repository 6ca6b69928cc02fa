//! Verifier: the IRQL of every call.

use std::ffi::c_void;
use std::ptr::null_mut;

use wdk_sys::ntddk::*;
use wdk_sys::{KEVENT, KSEMAPHORE, LARGE_INTEGER, NTSTATUS, PVOID, UNICODE_STRING};
use wskhttp_core::nt::cng::sys::{BCRYPT_SHA256_ALGORITHM, BCryptOpenAlgorithmProvider};
use wskhttp_ntsim::{Target, at_irql};

use crate::client::*;

unsafe extern "C" {
    fn KeExpandKernelStackAndCalloutEx(
        callout: Option<unsafe extern "C" fn(PVOID)>,
        parameter: PVOID,
        size: u64,
        wait: u8,
        context: PVOID,
    ) -> NTSTATUS;
}

unsafe extern "C" fn raises(lock: PVOID) {
    // SAFETY: a spin lock.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock.cast()) };
}

unsafe extern "C" fn nothing(_: *mut c_void) {}

const APC: u8 = 1;
const DISPATCH: u8 = 2;
const DEVICE: u8 = 3;

mutants! {
    allocates_above_dispatch breaks IRQL_EX_ALLOCATE_POOL {
        at_irql(DEVICE, || ExAllocatePool2(NON_PAGED, 10, TAG));
    }
    frees_above_dispatch breaks IRQL_EX_FREE {
        let memory = ExAllocatePool2(NON_PAGED, 10, TAG);
        at_irql(DEVICE, || ExFreePool(memory));
    }
    deletes_a_device_at_dispatch breaks IRQL_IO_PASSIVE {
        let target = Target::new(crate::dispatch::completes);
        at_irql(DISPATCH, || IoDeleteDevice(target.device()));
    }
    delays_at_dispatch breaks IRQL_KE_APC_LTE {
        let mut time = LARGE_INTEGER { QuadPart: -1 };
        at_irql(DISPATCH, || KeDelayExecutionThread(0, 0, &raw mut time));
    }
    releases_a_semaphore_above_dispatch breaks IRQL_KE_DISPATCH_LTE {
        let mut semaphore = KSEMAPHORE::default();
        KeInitializeSemaphore(&raw mut semaphore, 0, 1);
        at_irql(DEVICE, || KeReleaseSemaphore(&raw mut semaphore, 0, 1, 0));
    }
    acquires_above_dispatch breaks IRQL_KE_DISPATCH_LTE {
        let mut lock = 0;
        at_irql(DEVICE, || KeAcquireSpinLockRaiseToDpc(&raw mut lock));
    }
    releases_below_dispatch breaks IRQL_KE_RELEASE_SPIN_LOCK {
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        KeReleaseSpinLock(&raw mut lock, 0);
        KeReleaseSpinLock(&raw mut lock, 0);
    }
    sets_an_event_and_waits_at_dispatch breaks IRQL_KE_SET_EVENT {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        at_irql(DISPATCH, || KeSetEvent(&raw mut event, 0, 1));
    }
    allocates_an_mdl_above_dispatch breaks IRQL_MM {
        at_irql(DEVICE, || IoAllocateMdl(null_mut(), 16, 0, 0, null_mut()));
    }
    looks_a_routine_up_at_apc breaks IRQL_MM {
        let mut name = UNICODE_STRING::default();
        at_irql(APC, || MmGetSystemRoutineAddress(&raw mut name));
    }
    references_at_apc breaks IRQL_OB_PASSIVE {
        let mut object = null_mut();
        let (kind, to) = (null_mut(), &raw mut object);
        at_irql(APC, || ObReferenceObjectByHandle(null_mut(), 0, kind, 0, to, null_mut()));
    }
    makes_a_thread_at_dispatch breaks IRQL_PS_PASSIVE {
        let mut thread = null_mut();
        at_irql(DISPATCH, || {
            let (none, none_either) = (null_mut(), null_mut());
            let to = &raw mut thread;
            PsCreateSystemThread(to, 0, none, null_mut(), none_either, Some(nothing), null_mut())
        });
    }
    frees_a_string_at_apc breaks IRQL_RTL_PASSIVE {
        let mut name = UNICODE_STRING::default();
        at_irql(APC, || RtlFreeUnicodeString(&raw mut name));
    }
    closes_a_handle_at_apc breaks IRQL_ZW_PASSIVE {
        at_irql(APC, || ZwClose(null_mut()));
    }
    allocates_an_irp_above_dispatch breaks C9_10 {
        at_irql(DEVICE, || IoAllocateIrp(1, 0));
    }
    opens_an_algorithm_at_dispatch breaks C4_E5 {
        let (mut algorithm, id) = (null_mut(), BCRYPT_SHA256_ALGORITHM.as_ptr());
        let to = &raw mut algorithm;
        at_irql(DISPATCH, || BCryptOpenAlgorithmProvider(to, id, null_mut(), 0));
    }
    creates_a_socket_above_dispatch breaks C4_E5 {
        let npi = capture();
        let irp = new_irp();
        at_irql(DEVICE, || start_create(&npi, irp));
    }
    returns_from_a_callout_at_another_irql breaks CALLOUT {
        let lock = Box::leak(Box::new(0u64));
        let lock = (&raw mut *lock).cast();
        let _ = KeExpandKernelStackAndCalloutEx(Some(raises), lock, 0x4000, 0, null_mut());
    }
}
