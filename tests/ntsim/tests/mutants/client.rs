//! A client of WSK that obeys the rules, in pieces, for mutants to break.

use std::ptr::{null, null_mut};
use std::time::Duration;

use wdk_sys::ntddk::{
    ExAllocatePool2, IoAllocateIrp, IoAllocateMdl, IoReuseIrp, MmBuildMdlForNonPagedPool,
};
use wdk_sys::{DEVICE_OBJECT, IRP, MDL, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{listen, sleep};

pub(crate) const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();
pub(crate) const NON_PAGED: u64 = 0x40;
pub(crate) const TAG: u32 = u32::from_le_bytes(*b"mutM");

/// The completion routine that the rules ask for.
pub(crate) unsafe extern "C" fn keeps(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    MORE_PROCESSING_REQUIRED
}

pub(crate) static DISPATCH: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    Version: MAKE_WSK_VERSION(1, 0),
    Reserved: 0,
    WskClientEvent: None,
};

/// What every request of a mutant has had time for.
pub(crate) fn a_while() {
    sleep(Duration::from_secs(1));
}

/// Registers with `dispatch`; the block is never freed.
pub(crate) fn register(dispatch: *const WSK_CLIENT_DISPATCH) -> PWSK_REGISTRATION {
    let registration = Box::leak(Box::new(WSK_REGISTRATION::ZEROED));
    register_at(dispatch, registration);
    registration
}

pub(crate) fn register_at(dispatch: *const WSK_CLIENT_DISPATCH, registration: PWSK_REGISTRATION) {
    let client = Box::leak(Box::new(WSK_CLIENT_NPI {
        ClientContext: null_mut(),
        Dispatch: dispatch,
    }));
    // SAFETY: both stay.
    assert_eq!(unsafe { WskRegister(client, registration) }, 0);
}

pub(crate) fn capture_of(registration: PWSK_REGISTRATION) -> WSK_PROVIDER_NPI {
    let mut npi = WSK_PROVIDER_NPI::ZEROED;
    // SAFETY: registered, and writable.
    while unsafe { WskCaptureProviderNPI(registration, WSK_NO_WAIT, &raw mut npi) } < 0 {
        sleep(Duration::from_millis(1));
    }
    npi
}

/// A registration and a captured provider.
pub(crate) fn capture() -> WSK_PROVIDER_NPI {
    capture_of(register(&raw const DISPATCH))
}

/// An IRP with one location and a completion routine.
pub(crate) fn new_irp() -> *mut IRP {
    // SAFETY: one location.
    let irp = unsafe { IoAllocateIrp(1, 0) };
    // SAFETY: new.
    unsafe { irp::set_completion_routine(irp, Some(keeps), null_mut()) };
    irp
}

/// Makes a completed IRP fit for the next request.
pub(crate) fn reuse(irp: *mut IRP) {
    // SAFETY: completed.
    unsafe {
        IoReuseIrp(irp, 0);
        irp::set_completion_routine(irp, Some(keeps), null_mut());
    }
}

/// WskSocket, without looking at how it goes.
pub(crate) fn start_create(npi: &WSK_PROVIDER_NPI, irp: *mut IRP) {
    start_create_as(npi, irp, SOCK_STREAM, IPPROTO_TCP);
}

pub(crate) fn start_create_as(npi: &WSK_PROVIDER_NPI, irp: *mut IRP, kind: u16, protocol: u32) {
    // SAFETY: as WskSocket asks for.
    unsafe {
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let (flags, none) = (WSK_FLAG_CONNECTION_SOCKET, null_mut::<std::ffi::c_void>());
        let (process, thread) = (none.cast(), none.cast());
        create(
            npi.Client,
            AF_INET,
            kind,
            protocol,
            flags,
            none,
            null(),
            process,
            thread,
            none,
            irp,
        );
    }
}

/// A connection socket.
pub(crate) fn create(npi: &WSK_PROVIDER_NPI, irp: *mut IRP) -> PWSK_SOCKET {
    start_create(npi, irp);
    a_while();
    // SAFETY: completed.
    std::ptr::with_exposed_provenance_mut(unsafe { irp::information(irp) })
}

/// The functions of a connection socket.
pub(crate) fn table(socket: PWSK_SOCKET) -> &'static WSK_PROVIDER_CONNECTION_DISPATCH {
    // SAFETY: a connection socket's.
    unsafe { &*(*socket).Dispatch.cast() }
}

pub(crate) fn bind(socket: PWSK_SOCKET, irp: *mut IRP) {
    let mut any = SOCKADDR_IN::ANY;
    reuse(irp);
    // SAFETY: as WskBind asks for.
    unsafe { table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 0, irp) };
    a_while();
}

/// The address of port 80, which [`connected`] listens at.
pub(crate) fn server() -> SOCKADDR_IN {
    SOCKADDR_IN {
        sin_port: 80_u16.to_be(),
        ..SOCKADDR_IN::ANY
    }
}

pub(crate) fn connect(socket: PWSK_SOCKET, irp: *mut IRP) {
    let mut address = server();
    reuse(irp);
    // SAFETY: as WskConnect asks for.
    unsafe { table(socket).WskConnect.expect("there")(socket, (&raw mut address).cast(), 0, irp) };
    a_while();
}

/// A socket that is connected to a peer which says nothing and keeps the connection.
pub(crate) fn connected(irp: *mut IRP) -> PWSK_SOCKET {
    listen(80, |_stream| sleep(Duration::from_secs(3600)));
    let socket = create(&capture(), irp);
    bind(socket, irp);
    connect(socket, irp);
    // SAFETY: completed.
    assert_eq!(unsafe { irp::status(irp) }, 0);
    reuse(irp);
    socket
}

/// Nonpaged pool, and an MDL for it.
pub(crate) fn buffer(len: usize) -> (*mut u8, *mut MDL) {
    // SAFETY: a size and a tag.
    let memory = unsafe { ExAllocatePool2(NON_PAGED, len as u64, TAG) }.cast::<u8>();
    // SAFETY: nonpaged pool of that size.
    unsafe {
        let mdl = IoAllocateMdl(memory.cast(), len as u32, 0, 0, null_mut());
        MmBuildMdlForNonPagedPool(mdl);
        (memory, mdl)
    }
}

/// WskReceive without flags.
pub(crate) fn receive(socket: PWSK_SOCKET, mdl: *mut MDL, offset: u32, len: usize, irp: *mut IRP) {
    let mut part = WSK_BUF {
        Mdl: mdl,
        Offset: offset,
        Length: len as _,
    };
    receive_with(socket, &mut part, 0, irp);
}

/// WskReceive.
pub(crate) fn receive_with(socket: PWSK_SOCKET, part: PWSK_BUF, flags: u32, irp: *mut IRP) {
    // SAFETY: as WskReceive asks for, or not.
    unsafe { table(socket).WskReceive.expect("there")(socket, part, flags, irp) };
}

/// WskDisconnect.
pub(crate) fn disconnect(socket: PWSK_SOCKET, last: PWSK_BUF, flags: u32, irp: *mut IRP) {
    // SAFETY: as WskDisconnect asks for, or not.
    unsafe { table(socket).WskDisconnect.expect("there")(socket, last, flags, irp) };
}

/// WskSend.
pub(crate) fn send(socket: PWSK_SOCKET, mdl: *mut MDL, len: usize, irp: *mut IRP) {
    let mut part = WSK_BUF {
        Mdl: mdl,
        Offset: 0,
        Length: len as _,
    };
    // SAFETY: as WskSend asks for, or not.
    unsafe { table(socket).WskSend.expect("there")(socket, &raw mut part, 0, irp) };
}

/// WskCloseSocket.
pub(crate) fn close(socket: PWSK_SOCKET, irp: *mut IRP) {
    // SAFETY: as WskCloseSocket asks for, or not.
    unsafe { table(socket).Basic.WskCloseSocket.expect("there")(socket, irp) };
}

/// The functions of any socket.
pub(crate) fn basic(socket: PWSK_SOCKET) -> &'static WSK_PROVIDER_BASIC_DISPATCH {
    // SAFETY: each category's table begins with them.
    unsafe { &*(*socket).Dispatch.cast() }
}
