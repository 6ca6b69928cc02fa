//! Clients that break one rule each, and are caught.

use std::ptr::{null, null_mut};

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateIrp, IoAllocateMdl, IoFreeIrp, IoFreeMdl, IoReuseIrp,
    IofCompleteRequest, KeAcquireSpinLockRaiseToDpc, KeInitializeEvent, KeReleaseSpinLock,
    KeWaitForSingleObject, MmBuildMdlForNonPagedPool,
};
use wdk_sys::{DEVICE_OBJECT, IRP, KEVENT, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{as_driver, sleep, try_run};

/// Runs a client as driver code; it has to be caught by a rule that begins so.
#[track_caller]
fn caught(rule: &str, client: fn()) {
    for seed in 0..5 {
        let failure = try_run(seed, move || as_driver(client)).expect_err(rule);
        assert!(failure.starts_with(rule), "seed {seed}: {failure}");
    }
}

const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();

unsafe extern "C" fn keeps(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    MORE_PROCESSING_REQUIRED
}

unsafe extern "C" fn lets_go(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    0
}

static DISPATCH: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    Version: MAKE_WSK_VERSION(1, 0),
    Reserved: 0,
    WskClientEvent: None,
};

/// A registration and a captured provider, which are never given back: the run ends before.
fn capture() -> WSK_PROVIDER_NPI {
    let client = Box::leak(Box::new(WSK_CLIENT_NPI {
        ClientContext: null_mut(),
        Dispatch: &raw const DISPATCH,
    }));
    let registration = Box::leak(Box::new(WSK_REGISTRATION::ZEROED));
    let mut npi = WSK_PROVIDER_NPI::ZEROED;
    // SAFETY: both stay.
    unsafe {
        assert_eq!(WskRegister(client, registration), 0);
        while WskCaptureProviderNPI(registration, WSK_NO_WAIT, &raw mut npi) < 0 {}
    }
    npi
}

fn new_irp() -> *mut IRP {
    // SAFETY: one location.
    let irp = unsafe { IoAllocateIrp(1, 0) };
    // SAFETY: new.
    unsafe { irp::set_completion_routine(irp, Some(keeps), null_mut()) };
    irp
}

fn create(npi: &WSK_PROVIDER_NPI, irp: *mut IRP) -> PWSK_SOCKET {
    // SAFETY: as WskSocket asks for.
    unsafe {
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let (flags, none) = (WSK_FLAG_CONNECTION_SOCKET, null_mut());
        create(
            npi.Client,
            AF_INET,
            SOCK_STREAM,
            IPPROTO_TCP,
            flags,
            none,
            null(),
            none.cast(),
            none.cast(),
            none,
            irp,
        );
        sleep(std::time::Duration::from_secs(1));
        std::ptr::with_exposed_provenance_mut(irp::information(irp))
    }
}

fn table(socket: PWSK_SOCKET) -> &'static WSK_PROVIDER_CONNECTION_DISPATCH {
    // SAFETY: a connection socket's.
    unsafe { &*(*socket).Dispatch.cast() }
}

fn reuse(irp: *mut IRP) {
    // SAFETY: completed.
    unsafe {
        IoReuseIrp(irp, 0);
        irp::set_completion_routine(irp, Some(keeps), null_mut());
    }
}

macro_rules! mutants {
    ($($name:ident $rule:literal $body:block)*) => {
        $(#[test]
        fn $name() {
            // SAFETY: none: that is the point.
            #[allow(unused_unsafe)]
            caught($rule, || unsafe { $body });
        })*
    };
}

mutants! {
    rule_9 "rule 9" {
        let mut npi = capture();
        npi.Client = null_mut();
        create(&npi, new_irp());
    }
    rule_14 "rule 14" {
        create(&capture(), IoAllocateIrp(0, 0));
    }
    rule_15 "rule 15" {
        create(&capture(), IoAllocateIrp(1, 0));
    }
    rule_16 "rule 16" {
        let irp = new_irp();
        irp::set_completion_routine(irp, Some(lets_go), null_mut());
        create(&capture(), irp);
    }
    rule_17 "rule 17" {
        let npi = capture();
        let irp = new_irp();
        create(&npi, irp);
        create(&npi, irp);
    }
    rule_26 "an IRP is freed twice" {
        let irp = new_irp();
        IoFreeIrp(irp);
        IoFreeIrp(irp);
    }
    rule_33 "rule 33" {
        let on_the_stack = [0u8; 16];
        let mdl = IoAllocateMdl(on_the_stack.as_ptr().cast_mut().cast(), 16, 0, 0, null_mut());
        MmBuildMdlForNonPagedPool(mdl);
    }
    rule_42 "rule 42" {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut any = SOCKADDR_IN::ANY;
        table(socket).WskConnect.expect("there")(socket, (&raw mut any).cast(), 0, irp);
    }
    rule_48 "rule 48" {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut buffer = WSK_BUF { Mdl: null_mut(), Offset: 0, Length: 0 };
        table(socket).WskReceive.expect("there")(socket, &raw mut buffer, 0, irp);
    }
    rule_64 "rule 64" {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        let table = table(socket);
        reuse(irp);
        table.Basic.WskCloseSocket.expect("there")(socket, irp);
        sleep(std::time::Duration::from_secs(1));
        reuse(irp);
        table.Basic.WskCloseSocket.expect("there")(socket, irp);
    }
    rule_86 "rule 86" {
        let npi = capture();
        let free = (*npi.Dispatch).WskFreeAddressInfo.expect("there");
        wskhttp_ntsim::at_irql(1, || free(npi.Client, null_mut()));
    }
    rule_87 "rule 87" {
        let npi = capture();
        (*npi.Dispatch).WskFreeAddressInfo.expect("there")(npi.Client, null_mut());
    }
    rule_92 "rule 92" {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        let object = (&raw mut event).cast();
        let _ = KeWaitForSingleObject(object, 0, 0, 0, null_mut());
    }
    deadlock "deadlock" {
        let mut event = KEVENT::default();
        KeInitializeEvent(&raw mut event, 0, 0);
        let _ = KeWaitForSingleObject((&raw mut event).cast(), 0, 0, 0, null_mut());
    }
    own_irp "IoAllocateComplete" {
        IofCompleteRequest(new_irp(), 0);
    }
    double_completion "DoubleCompletion" {
        let irp = new_irp();
        IoFreeIrp(irp);
        IofCompleteRequest(irp, 0);
    }
    self_deadlock "C4 1000" {
        let mut lock = 0;
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
        KeAcquireSpinLockRaiseToDpc(&raw mut lock);
    }
    not_held "IrqlKeReleaseSpinLock" {
        let mut lock = 0;
        KeReleaseSpinLock(&raw mut lock, 0);
    }
    double_free "C4 13" {
        let memory = ExAllocatePool2(0x40, 10, 1);
        ExFreePool(memory);
        ExFreePool(memory);
    }
    overrun "C4 51" {
        let memory = ExAllocatePool2(0x40, 10, 1);
        memory.cast::<u8>().add(10).write(0);
        ExFreePool(memory);
    }
    mdl_twice "an MDL is freed" {
        let mdl = IoAllocateMdl(null_mut(), 16, 0, 0, null_mut());
        IoFreeMdl(mdl);
        IoFreeMdl(mdl);
    }
}
