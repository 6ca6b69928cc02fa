//! Event callbacks: rules 69 to 77, 35, 36 and 66.

use std::io::Write;
use std::ptr::null_mut;

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool, KeInitializeEvent, KeWaitForSingleObject};
use wdk_sys::{KEVENT, LARGE_INTEGER, NTSTATUS, PVOID};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{listen, lose_provider, rule, sleep};

use crate::client::*;
use crate::control::set_static;

const KEPT: NTSTATUS = 0x103;

unsafe extern "C" fn takes(
    _: PVOID,
    _: u32,
    _: PWSK_DATA_INDICATION,
    _: u64,
    _: *mut u64,
) -> NTSTATUS {
    0
}

unsafe extern "C" fn takes_too_much(
    _: PVOID,
    _: u32,
    _: PWSK_DATA_INDICATION,
    there: u64,
    taken: *mut u64,
) -> NTSTATUS {
    // SAFETY: writable by the contract.
    unsafe { taken.write(there + 1) };
    0
}

unsafe extern "C" fn fails(
    _: PVOID,
    _: u32,
    _: PWSK_DATA_INDICATION,
    _: u64,
    _: *mut u64,
) -> NTSTATUS {
    -1
}

/// Keeps the list; the context is where its head goes.
unsafe extern "C" fn keeps_list(
    context: PVOID,
    _: u32,
    list: PWSK_DATA_INDICATION,
    _: u64,
    _: *mut u64,
) -> NTSTATUS {
    // SAFETY: the context that was set.
    unsafe { context.cast::<PWSK_DATA_INDICATION>().write_volatile(list) };
    KEPT
}

/// Gives the list back, and does not say that it was kept; the context is where the socket is.
unsafe extern "C" fn gives_back(
    context: PVOID,
    _: u32,
    list: PWSK_DATA_INDICATION,
    _: u64,
    _: *mut u64,
) -> NTSTATUS {
    // SAFETY: the context that was set.
    unsafe {
        let socket = context.cast::<PWSK_SOCKET>().read_volatile();
        let _ = table(socket).WskRelease.expect("there")(socket, list);
    }
    0
}

unsafe extern "C" fn waits(
    _: PVOID,
    _: u32,
    _: PWSK_DATA_INDICATION,
    _: u64,
    _: *mut u64,
) -> NTSTATUS {
    let mut event = KEVENT::default();
    let mut time = LARGE_INTEGER { QuadPart: -1 };
    // SAFETY: an event on the stack.
    unsafe {
        KeInitializeEvent(&raw mut event, 0, 0);
        let _ = KeWaitForSingleObject((&raw mut event).cast(), 0, 0, 0, &raw mut time);
    }
    0
}

unsafe extern "C" fn ends(_: PVOID, _: u32) -> NTSTATUS {
    0
}

unsafe extern "C" fn ends_badly(_: PVOID, _: u32) -> NTSTATUS {
    -1
}

static GOOD: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: Some(takes),
    WskDisconnectEvent: Some(ends),
    WskSendBacklogEvent: None,
};

/// [`GOOD`], with this WskReceiveEvent.
fn with_receive(event: PFN_WSK_RECEIVE_EVENT) -> *const WSK_CLIENT_CONNECTION_DISPATCH {
    Box::leak(Box::new(WSK_CLIENT_CONNECTION_DISPATCH {
        WskReceiveEvent: event,
        ..GOOD
    }))
}

/// A socket with this context and table.
fn create_with(
    npi: &WSK_PROVIDER_NPI,
    flags: u32,
    context: PVOID,
    table: *const WSK_CLIENT_CONNECTION_DISPATCH,
    irp: *mut wdk_sys::IRP,
) -> PWSK_SOCKET {
    // SAFETY: as WskSocket asks for, or not.
    unsafe {
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let none: PVOID = null_mut();
        let _ = create(
            npi.Client,
            AF_INET,
            SOCK_STREAM,
            IPPROTO_TCP,
            flags,
            context,
            table.cast(),
            none.cast(),
            none.cast(),
            none,
            irp,
        );
    }
    a_while();
    // SAFETY: completed.
    std::ptr::with_exposed_provenance_mut(unsafe { wskhttp_core::nt::irp::information(irp) })
}

/// A socket with this table, connected to a peer that says something and ends.
fn told(context: PVOID, table: *const WSK_CLIENT_CONNECTION_DISPATCH) -> PWSK_SOCKET {
    told_by(&capture(), context, table)
}

fn told_by(
    npi: &WSK_PROVIDER_NPI,
    context: PVOID,
    table: *const WSK_CLIENT_CONNECTION_DISPATCH,
) -> PWSK_SOCKET {
    listen(80, |mut stream| {
        sleep(std::time::Duration::from_secs(2));
        let _ = stream.write_all(b"hello");
        stream.finish();
        sleep(std::time::Duration::from_secs(3600));
    });
    let irp = new_irp();
    let socket = create_with(npi, WSK_FLAG_CONNECTION_SOCKET, context, table, irp);
    bind(socket, irp);
    connect(socket, irp);
    socket
}

/// SO_WSK_EVENT_CALLBACK.
fn enable(socket: PWSK_SOCKET, mask: u32, irp: *mut wdk_sys::IRP) {
    enable_of(socket, mask, &raw const NPI_WSK_INTERFACE_ID, irp);
}

fn enable_of(socket: PWSK_SOCKET, mask: u32, npi: PNPIID, irp: *mut wdk_sys::IRP) {
    let mut control = WSK_EVENT_CALLBACK_CONTROL {
        NpiId: npi,
        EventMask: mask,
    };
    // SAFETY: as WskControlSocket asks for, or not.
    unsafe {
        let set = basic(socket).WskControlSocket.expect("there");
        let (input, len) = ((&raw mut control).cast(), size_of_val(&control) as _);
        let (kind, code, none) = (WskSetOption, SO_WSK_EVENT_CALLBACK, null_mut());
        let _ = set(
            socket,
            kind,
            code,
            SOL_SOCKET,
            len,
            input,
            0,
            none,
            null_mut(),
            irp,
        );
    }
}

/// Time for the peer to speak.
fn soon() {
    sleep(std::time::Duration::from_secs(10));
}

const ALL: u32 = WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT;

mutants! {
    two_categories_at_once breaks WSK_35 {
        let flags = WSK_FLAG_CONNECTION_SOCKET | WSK_FLAG_LISTEN_SOCKET;
        create_with(&capture(), flags, null_mut(), std::ptr::null(), new_irp());
    }
    a_context_without_callbacks breaks WSK_35 {
        let (flags, context) = (WSK_FLAG_CONNECTION_SOCKET, std::ptr::dangling_mut::<u8>());
        create_with(&capture(), flags, context.cast(), std::ptr::null(), new_irp());
    }
    a_basic_socket_with_callbacks breaks WSK_35 {
        create_with(&capture(), WSK_FLAG_BASIC_SOCKET, null_mut(), &raw const GOOD, new_irp());
    }
    enables_without_a_table breaks WSK_35 {
        enable(connected(new_irp()), ALL, null_mut());
    }
    enables_what_its_table_has_not breaks WSK_36 {
        let socket = told(null_mut(), with_receive(None));
        enable(socket, ALL, null_mut());
        soon();
    }
    frees_the_table_of_a_socket breaks WSK_36 {
        let table = ExAllocatePool2(NON_PAGED, 64, TAG).cast::<WSK_CLIENT_CONNECTION_DISPATCH>();
        table.write(GOOD);
        told(null_mut(), table);
        ExFreePool(table.cast());
    }
    closes_with_a_list_that_is_kept breaks WSK_66 {
        let list = Box::leak(Box::new(null_mut::<WSK_DATA_INDICATION>()));
        let socket = told((&raw mut *list).cast(), with_receive(Some(keeps_list)));
        enable(socket, WSK_EVENT_RECEIVE, null_mut());
        soon();
        close(socket, new_irp());
    }
    frees_the_context_of_a_socket breaks WSK_67 {
        let context = ExAllocatePool2(NON_PAGED, 64, TAG);
        told(context, &raw const GOOD);
        ExFreePool(context);
    }
    enables_before_connect breaks WSK_69 {
        let flags = WSK_FLAG_CONNECTION_SOCKET;
        let socket = create_with(&capture(), flags, null_mut(), &raw const GOOD, new_irp());
        enable(socket, ALL, null_mut());
    }
    enables_with_an_irp breaks WSK_69 {
        enable(told(null_mut(), &raw const GOOD), ALL, new_irp());
    }
    enables_of_another_interface breaks WSK_69 {
        let other = NPIID::default();
        enable_of(told(null_mut(), &raw const GOOD), ALL, &raw const other, null_mut());
    }
    disables_two_at_once breaks WSK_70 {
        let socket = told(null_mut(), &raw const GOOD);
        enable(socket, ALL, null_mut());
        enable(socket, ALL | WSK_EVENT_DISABLE, null_mut());
    }
    enables_accept_on_a_connection breaks WSK_70 {
        enable(told(null_mut(), &raw const GOOD), WSK_EVENT_ACCEPT, null_mut());
    }
    disables_a_static_event breaks WSK_71 {
        let npi = capture();
        set_static(&npi, WSK_EVENT_RECEIVE);
        let socket = told_by(&npi, null_mut(), &raw const GOOD);
        enable(socket, WSK_EVENT_RECEIVE | WSK_EVENT_DISABLE, null_mut());
    }
    waits_in_a_callback breaks WSK_72 {
        let socket = told(null_mut(), with_receive(Some(waits)));
        enable(socket, ALL, null_mut());
        soon();
    }
    takes_more_than_there_is breaks WSK_73 {
        let socket = told(null_mut(), with_receive(Some(takes_too_much)));
        enable(socket, ALL, null_mut());
        soon();
    }
    returns_an_error_for_data breaks WSK_73 {
        let socket = told(null_mut(), with_receive(Some(fails)));
        enable(socket, ALL, null_mut());
        soon();
    }
    releases_what_it_does_not_keep breaks WSK_74 {
        let socket = told(null_mut(), &raw const GOOD);
        let _ = table(socket).WskRelease.expect("there")(socket, null_mut());
    }
    releases_twice breaks WSK_74 {
        let list = Box::leak(Box::new(null_mut::<WSK_DATA_INDICATION>()));
        let place = &raw mut *list;
        let socket = told(place.cast(), with_receive(Some(keeps_list)));
        enable(socket, WSK_EVENT_RECEIVE, null_mut());
        soon();
        let release = table(socket).WskRelease.expect("there");
        let _ = release(socket, place.read_volatile());
        let _ = release(socket, place.read_volatile());
    }
    keeps_a_socket_that_is_said_to_be_dead breaks WSK_75 {
        let socket = told(null_mut(), &raw const GOOD);
        enable(socket, ALL, null_mut());
        lose_provider();
        sleep(std::time::Duration::from_secs(60));
    }
    releases_and_does_not_say_that_it_kept_it breaks WSK_74 {
        let place = &raw mut *Box::leak(Box::new(null_mut::<WSK_SOCKET>()));
        let socket = told(place.cast(), with_receive(Some(gives_back)));
        place.write_volatile(socket);
        enable(socket, WSK_EVENT_RECEIVE, null_mut());
        soon();
    }
    returns_an_error_for_a_disconnect breaks WSK_77 {
        let bad = Box::leak(Box::new(WSK_CLIENT_CONNECTION_DISPATCH {
            WskDisconnectEvent: Some(ends_badly),
            ..GOOD
        }));
        let socket = told(null_mut(), bad);
        enable(socket, ALL, null_mut());
        soon();
    }
}

proofs! {
    no_callback_before_it_is_enabled shows WSK_39 {
        told(null_mut(), with_receive(Some(fails)));
        soon();
    }
    the_table_may_go_if_that_rule_is_off shows WSK_36 {
        rule::WSK_36.switch_off();
        let table = ExAllocatePool2(NON_PAGED, 64, TAG).cast::<WSK_CLIENT_CONNECTION_DISPATCH>();
        table.write(GOOD);
        told(null_mut(), table);
        ExFreePool(table.cast());
    }
}
