//! The rules of Driver Verifier and of Static Driver Verifier, under Microsoft's codes and names.
//!
//! `C4 13` is bug check 0xC4 with 0x13 as its first parameter, `C9` likewise. Sources: `debugger/` and
//! `devtest/` of Microsoft's `windows-driver-docs`, or the DDI page.

use super::rules;

rules! { VERIFIER:
    // IRPs from above, and their completion.
    DOUBLE_COMPLETION = checked("DoubleCompletion",
        "An IRP is completed once",
        "devtest/wdm-doublecompletion");
    C9_06 = checked("C9 06",
        "IoCompleteRequest is not called with STATUS_PENDING or -1",
        "debugger/bug-check-0xc9");
    C9_07 = checked("C9 07",
        "IoCompleteRequest is not called with a cancel routine set (also C9 23C)",
        "debugger/bug-check-0xc9");
    C9_0E = checked("C9 0E",
        "IoCompleteRequest is called at IRQL <= DISPATCH_LEVEL",
        "debugger/bug-check-0xc9");
    C9_05 = checked("C9 05",
        "A dispatch routine returns at the IRQL at which it was called",
        "debugger/bug-check-0xc9; devtest/wdm-irqlreturn");
    C9_224 = checked("C9 224",
        "A dispatch routine returns the status with which the IRP was completed",
        "debugger/bug-check-0xc9");
    C9_226 = checked("C9 226",
        "A dispatch routine completes the IRP, passes it down, or returns STATUS_PENDING (also IrpProcessingComplete)",
        "debugger/bug-check-0xc9; devtest/wdm-irpprocessingcomplete");
    MARK_IRP_PENDING = checked("MarkIrpPending",
        "STATUS_PENDING is returned for an IRP marked pending (also C9 23E)",
        "devtest/wdm-markirppending");
    MARK_IRP_PENDING_2 = checked("MarkIrpPending2",
        "Where STATUS_PENDING is returned, the IRP is marked pending or was passed down (also C9 23D, 24C)",
        "devtest/wdm-markirppending2");
    PENDED_COMPLETED_REQUEST = checked("PendedCompletedRequest",
        "STATUS_PENDING is not returned for an IRP that was completed without being marked pending",
        "devtest/wdm-pendedcompletedrequest");
    PENDED_COMPLETED_REQUEST_2 = same("PendedCompletedRequest2",
        "Who passes an IRP on waits for the driver below before it completes it",
        "devtest/wdm-pendedcompletedrequest2", "DoubleCompletion");
    PENDED_COMPLETED_REQUEST_3 = same("PendedCompletedRequest3",
        "An IRP that is pending with the driver below is not completed",
        "devtest/wdm-pendedcompletedrequest3", "DoubleCompletion");
    PENDED_COMPLETED_REQUEST_EX = same("PendedCompletedRequestEx",
        "As PendedCompletedRequest3, with a completion routine set by IoSetCompletionRoutineEx",
        "devtest/wdm-pendedcompletedrequestex", "DoubleCompletion");
    SPIN_LOCK_SAFE = same("SpinLockSafe",
        "No IRP is completed under a spin lock",
        "devtest/wdm-spinlocksafe", "rule 95");
    INFORMATION = checked("IoStatus.Information",
        "IoStatus.Information is at most the length of the output buffer, and the driver has written every byte up to it",
        "KRN security-issues-for-i-o-control-codes");
    C9_03 = checked("C9 03",
        "IoCallDriver is called with an IRP (C9 03) and a device (C9 04) that are there",
        "debugger/bug-check-0xc9");
    C9_228 = same("C9 228",
        "A completion routine that continues marks the IRP pending if PendingReturned is set",
        "debugger/bug-check-0xc9", "rule 19");

    // Cancellation.
    C9_203 = checked("C9 203",
        "An IRP is not passed down with a cancel routine set (also C9 229)",
        "debugger/bug-check-0xc9");
    IRP_CANCEL_FIELD = same("IrpCancelField",
        "Irp->Cancel is looked at after a cancel routine is set: a request that does not is never completed once it is cancelled",
        "devtest/wdm-irpcancelfield", "rule 96");
    CANCEL_SPIN_LOCK = checked("CancelSpinLock",
        "IoAcquireCancelSpinLock and IoReleaseCancelSpinLock alternate",
        "devtest/wdm-cancelspinlock");
    CANCEL_SPIN_LOCK_RELEASE = checked("CancelSpinLockRelease",
        "A cancel routine returns with the cancel spin lock released, at CancelIrql",
        "devtest/wdm-cancelspinlockrelease");
    C4_135 = same("C4 135",
        "A cancelled IRP is completed in time",
        "debugger/bug-check-0xc4", "rule 96");

    // The driver's own IRPs.
    IO_ALLOCATE_COMPLETE = checked("IoAllocateComplete",
        "A driver does not call IoCompleteRequest for an IRP of IoAllocateIrp",
        "devtest/wdm-ioallocatecomplete");
    IO_ALLOCATE_FORWARD = checked("IoAllocateForward",
        "An IRP of IoAllocateIrp is not passed to a driver without completion routine",
        "devtest/wdm-ioallocateforward");
    IO_ALLOCATE_FREE = checked("IoAllocateFree",
        "An IRP of IoAllocateIrp is freed with IoFreeIrp",
        "devtest/wdm-ioallocatefree");
    IO_REUSE_IRP = same("IoReuseIrp",
        "IoReuseIrp is only called for IRPs of IoAllocateIrp",
        "devtest/wdm-ioreuseirp", "rule 17");
    IO_REUSE_IRP_2 = same("IoReuseIrp2",
        "IoReuseIrp is only called for IRPs that are completed",
        "devtest/wdm-ioreuseirp2", "rule 17");
    C9_01 = checked("C9 01",
        "IoFreeIrp is called for an IRP, once",
        "debugger/bug-check-0xc9");
    C9_20A = same("C9 20A",
        "IoFreeIrp is not called for an IRP in use (also C9 20B, 20C)",
        "debugger/bug-check-0xc9", "rule 26");
    C9_208 = same("C9 208",
        "An IRP has a stack location for everyone it is passed to",
        "debugger/bug-check-0xc9", "rule 14");
    IRP_WRITTEN = checked("IRP written",
        "An IRP is not written after it is completed or freed",
        "KRN using-irps; special pool would say CC");

    // IRQL.
    C4_FA = checked("C4 FA",
        "A completion routine returns at the IRQL at which it was called (also IrqlReturn, C4 2001D)",
        "debugger/bug-check-0xc4; devtest/wdm-irqlreturn");
    IRQL_EX_ALLOCATE_POOL = checked("IrqlExAllocatePool",
        "Nonpaged pool is allocated at IRQL <= DISPATCH_LEVEL (C4 02), paged at <= APC_LEVEL (C4 01)",
        "devtest/wdm-irqlexallocatepool");
    IRQL_EX_FREE = checked("IrqlExFree",
        "Nonpaged pool is freed at IRQL <= DISPATCH_LEVEL (C4 12), paged at <= APC_LEVEL (C4 11)",
        "debugger/bug-check-0xc4");
    IRQL_IO_PASSIVE = checked("IrqlIoPassive",
        "Devices and interfaces are made and deleted at PASSIVE_LEVEL (IrqlIoPassive1 to 5, C4 2000A to 2000E)",
        "devtest/wdm-irqliopassive1");
    IRQL_KE_APC_LTE = checked("IrqlKeApcLte",
        "KeDelayExecutionThread is called at IRQL <= APC_LEVEL (also C4 2000F, 20010)",
        "devtest/wdm-irqlkeapclte1");
    IRQL_KE_DISPATCH_LTE = checked("IrqlKeDispatchLte",
        "Ke routines for events, semaphores, timers and locks are called at IRQL <= DISPATCH_LEVEL (C4 20011)",
        "devtest/wdm-irqlkedispatchlte");
    IRQL_KE_RELEASE_SPIN_LOCK = checked("IrqlKeReleaseSpinLock",
        "KeReleaseSpinLock is called at DISPATCH_LEVEL (C4 32, C4 20015)",
        "devtest/wdm-irqlkereleasespinlock");
    IRQL_KE_SET_EVENT = checked("IrqlKeSetEvent",
        "KeSetEvent with Wait = TRUE is called at IRQL <= APC_LEVEL (C4 80, C4 20016)",
        "devtest/wdm-irqlkesetevent");
    IRQL_KE_WAIT_FOR = same("IrqlKeWaitForSingleObject",
        "No wait with a time-out other than zero at DISPATCH_LEVEL (also C4 3B, 120 to 122); no UserMode wait for an object on the stack (C4 123)",
        "debugger/bug-check-0xc4", "rule 92");
    IRQL_MM = checked("IrqlMm",
        "Mm routines and those for MDLs are called at IRQL <= DISPATCH_LEVEL, MmGetSystemRoutineAddress at PASSIVE_LEVEL (C4 70, 76, 78)",
        "debugger/bug-check-0xc4; devtest/wdm-irqlmmapclte");
    IRQL_OB_PASSIVE = checked("IrqlObPassive",
        "ObReferenceObjectByHandle is called at PASSIVE_LEVEL (C4 2001B)",
        "devtest/wdm-irqlobpassive");
    IRQL_PS_PASSIVE = checked("IrqlPsPassive",
        "PsCreateSystemThread is called at PASSIVE_LEVEL (C4 2001C)",
        "devtest/wdm-irqlpspassive");
    IRQL_RTL_PASSIVE = checked("IrqlRtlPassive",
        "RtlFreeUnicodeString is called at PASSIVE_LEVEL (as C4 2001E)",
        "devtest/wdm-irqlrtlpassive; nf-wdm-rtlfreeunicodestring");
    IRQL_ZW_PASSIVE = checked("IrqlZwPassive",
        "Zw routines are called at PASSIVE_LEVEL (C4 2001F, C4 E6)",
        "devtest/wdm-irqlzwpassive");
    C9_10 = checked("C9 10",
        "IoCallDriver and the routines for IRPs are called at IRQL <= DISPATCH_LEVEL",
        "debugger/bug-check-0xc9");
    C4_E5 = checked("C4 E5",
        "Every other routine is called at an IRQL that its page allows",
        "debugger/bug-check-0xc4");
    D1 = checked("D1",
        "Pageable memory is not touched at IRQL >= DISPATCH_LEVEL (Force IRQL Checking; bug check 0xD1)",
        "devtest/force-irql-checking");

    // Locks and synchronization objects.
    C4_1000 = checked("C4 1000",
        "A thread does not acquire a spin lock that it holds (also SpinLock)",
        "debugger/bug-check-0xc4");
    C4_1001 = checked("C4 1001",
        "Spin locks are acquired in one order",
        "debugger/bug-check-0xc4");
    C4_1003 = checked("C4 1003",
        "IRQL is not lowered while another spin lock is held",
        "debugger/bug-check-0xc4");
    C4_1004 = checked("C4 1004",
        "The thread that acquired a spin lock releases it",
        "debugger/bug-check-0xc4");
    C4_1007 = checked("C4 1007",
        "A spin lock is released that was acquired (also SpinlockRelease)",
        "debugger/bug-check-0xc4");
    C4_100A = checked("C4 100A",
        "A thread that ends holds no lock, and ends at PASSIVE_LEVEL",
        "debugger/bug-check-0xc4");
    C4_100B = checked("C4 100B",
        "Memory is not freed with a spin lock in it that is held",
        "debugger/bug-check-0xc4");
    C4_E1 = checked("C4 E1",
        "A synchronization object is initialised, is still there, and is not in pageable memory",
        "debugger/bug-check-0xc4");
    SEMAPHORE_LIMIT = checked("STATUS_SEMAPHORE_LIMIT_EXCEEDED",
        "A semaphore is not released past its limit",
        "nf-wdm-kereleasesemaphore");

    // Timers, DPCs and work items.
    C7 = checked("C7",
        "A timer that is set and a DPC that is queued are neither freed nor initialised anew; a DPC that is queued was initialised, and is not in pageable memory (bug check 0xC7 TIMER_OR_DPC_INVALID)",
        "debugger/bug-check-0xc7");
    C8 = checked("C8",
        "The routine of a DPC returns at DISPATCH_LEVEL (bug check 0xC8 IRQL_UNEXPECTED_VALUE)",
        "debugger/bug-check-0xc8");
    E4 = checked("E4",
        "A work item belongs to a device, and while it is queued it is not queued again or freed (bug check 0xE4 WORKER_INVALID)",
        "debugger/bug-check-0xe4; nf-wdm-iofreeworkitem");
    E1 = checked("E1",
        "The routine of a work item returns at PASSIVE_LEVEL (bug check 0xE1 WORKER_THREAD_RETURNED_AT_BAD_IRQL)",
        "debugger/bug-check-0xe1");

    // Pool.
    C4_00 = checked("C4 00",
        "Pool is not allocated for zero bytes, or without tag",
        "debugger/bug-check-0xc4; nf-wdm-exallocatepool2");
    C4_10 = checked("C4 10",
        "What is freed was allocated (also C4 16, 13E)",
        "debugger/bug-check-0xc4");
    C2_0A = checked("C2 0A",
        "ExFreePoolWithTag is called with the tag that the block was allocated with",
        "debugger/bug-check-0xc2; nf-wdm-exfreepoolwithtag");
    C4_13 = checked("C4 13",
        "Pool is freed once (also C4 14)",
        "debugger/bug-check-0xc4");
    C4_51 = checked("C4 51",
        "Nothing is written behind a block (also C4 52 to 54, 59; seen when it is freed)",
        "debugger/bug-check-0xc4");
    C4_13A = checked("C4 13A",
        "Nothing is written before a block (also C4 13B to 13D, 13F; seen when it is freed)",
        "debugger/bug-check-0xc4");
    CC = checked("CC",
        "Pool is not written after it is freed (bug check 0xCC PAGE_FAULT_IN_FREED_SPECIAL_POOL; here seen later, by the poison)",
        "debugger/bug-check-0xcc");
    C4_62 = checked("C4 62",
        "All pool is freed at unload (also C4 60)",
        "debugger/bug-check-0xc4");
    C4_2000 = checked("C4 2000",
        "No executable pool is allocated",
        "debugger/bug-check-0xc4");
    C4_105 = checked("C4 105",
        "An IRP is freed with IoFreeIrp, not with ExFreePool",
        "debugger/bug-check-0xc4");

    // MDLs.
    C4_7C = checked("C4 7C",
        "Only locked pages are unlocked or mapped (also C4 85, B2, B3)",
        "debugger/bug-check-0xc4");
    C4_82 = checked("C4 82",
        "MmMapLockedPagesSpecifyCache is called with BugCheckOnFailure = FALSE",
        "debugger/bug-check-0xc4");
    C4_7D = same("C4 7D",
        "Pages of nonpaged pool are not unlocked",
        "debugger/bug-check-0xc4", "rule 33");
    C4_B0 = same("C4 B0",
        "MmProbeAndLockPages is not called for an MDL of nonpaged pool, nor for a partial or a locked one",
        "debugger/bug-check-0xc4", "rule 32");
    C4_1010 = checked("C4 1010",
        "A buffer is not changed while it is being written from: invariant MDLs (also C4 1011)",
        "debugger/bug-check-0xc4; devtest/invariant-mdl-checking-for-stack");
    C4_140 = same("C4 140",
        "No MDL of nonpaged pool is built for pageable memory",
        "debugger/bug-check-0xc4", "rule 33");
    C4_B4 = same("C4 B4",
        "A partial MDL is not unlocked; a mapped one is not freed (C4 B8)",
        "debugger/bug-check-0xc4", "rule 34");
    MDL_FREED = checked("MDL freed",
        "IoFreeMdl is called once, for an MDL that the driver allocated; none is left at unload",
        "nf-wdm-iofreemdl");

    // Devices, and unload.
    C9_240 = checked("C9 240",
        "A device is deleted once (also DeleteDevice)",
        "debugger/bug-check-0xc9");
    DEVICE_WITH_FILES = checked("DanglingDeviceObjectReference",
        "A device is not deleted while files are open on it",
        "devtest/wdm-danglingdeviceobjectreference");
    PNP_IRP_COMPLETION = checked("PnpIrpCompletion",
        "A function driver passes requests of Plug and Play down that it does not fail",
        "devtest/wdm-pnpirpcompletion");
    DEVICE_WITH_REQUESTS = checked("device with requests",
        "A device is not deleted while requests for it are pending",
        "KRN using-remove-locks");
    C4_D5 = checked("C4 D5",
        "A remove lock is released with a tag that it was acquired with",
        "debugger/bug-check-0xc4; nf-wdm-ioreleaseremovelock");
    C4_D6 = checked("C4 D6",
        "A remove lock is released and waited for with a tag that it was acquired with",
        "debugger/bug-check-0xc4; nf-wdm-ioreleaseremovelockandwait");
    REMOVE_LOCK_FORWARD = checked("RemoveLockForward",
        "A driver with a remove lock holds it while it passes a request down (also of every other RemoveLockForward rule, and RemoveLockQueryMnRemove, RemoveLockMnSurpriseRemove)",
        "devtest/wdm-removelockforward");
    REMOVE_LOCK_MN_REMOVE = checked("RemoveLockMnRemove",
        "IoReleaseRemoveLockAndWait is called before a device with a remove lock is detached (also RemoveLockMnRemove2, RemoveLockReleaseCleanup)",
        "devtest/wdm-removelockmnremove2; nf-wdm-ioreleaseremovelockandwait");
    C9_201 = checked("C9 201",
        "A device is not deleted that is attached, or that has one attached",
        "debugger/bug-check-0xc9");
    C9_202 = checked("C9 202",
        "IoDetachDevice is called for a device with one attached",
        "debugger/bug-check-0xc9");
    C9_243 = checked("C9 243",
        "AddDevice clears DO_DEVICE_INITIALIZING",
        "debugger/bug-check-0xc9");
    C9_245 = checked("C9 245",
        "A device is not both DO_BUFFERED_IO and DO_DIRECT_IO",
        "debugger/bug-check-0xc9");
    C9_21D = checked("C9 21D",
        "A driver detaches its device when it is removed",
        "debugger/bug-check-0xc9");
    C9_21E = checked("C9 21E",
        "A driver deletes its device when it is removed",
        "debugger/bug-check-0xc9");
    C9_241 = checked("C9 241",
        "A driver neither detaches (C9 241) nor deletes (C9 242) its device in a surprise removal",
        "debugger/bug-check-0xc9");
    DEVICE_LEFT = checked("DeleteDevice",
        "Every device is deleted before the driver is gone",
        "devtest/wdm-deletedevice");
    INTERFACE_LEFT = checked("interface left",
        "Every device interface is disabled before the device is removed",
        "nf-wdm-iosetdeviceinterfacestate");
    CE = checked("CE",
        "No thread, DPC or work item of the driver runs or is queued after unload, no timer is set (bug check 0xCE)",
        "debugger/bug-check-0xce; nf-wdm-pscreatesystemthread");
    HANDLE_LEFT = checked("handle left",
        "Every handle is closed, every object dereferenced before the driver is gone",
        "nf-ntifs-ntclose; nf-wdm-obdereferenceobject");

    // Handles, objects and strings.
    C4_3F = checked("C4 3F",
        "A reference is given back that was taken",
        "debugger/bug-check-0xc4");
    C4_3C = checked("C4 3C",
        "A handle that is passed to a routine is open (also C4 F5: null)",
        "debugger/bug-check-0xc4");
    ZW_CLOSE = checked("93",
        "A handle is closed once (bug check 0x93 INVALID_KERNEL_HANDLE)",
        "debugger/bug-check-0x93");
    C4_E4 = checked("C4 E4",
        "A UNICODE_STRING has an even Length that MaximumLength allows",
        "debugger/bug-check-0xc4");
    CALLOUT = checked("KeExpandKernelStackAndCallout",
        "A callout returns at the IRQL at which it was called",
        "nf-ntddk-keexpandkernelstackandcallout");
    BUGCHECK = checked("KeBugCheckEx",
        "The driver does not stop the machine",
        "nf-wdm-kebugcheckex");
    DEADLOCK = checked("deadlock",
        "Some thread can run, or waits for a time that comes",
        "none; on Windows the machine hangs");
}
