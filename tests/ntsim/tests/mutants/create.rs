//! Create, bind and connect: rules 35 to 47.

use std::ptr::null_mut;

use wdk_sys::PVOID;
use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool, IoAllocateIrp};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;

use crate::client::*;

mutants! {
    a_datagram_as_connection breaks WSK_37 {
        start_create_as(&capture(), new_irp(), 2, 17);
    }
    binds_with_flags breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut any = SOCKADDR_IN::ANY;
        table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 1, irp);
    }
    binds_to_another_family breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut any = SOCKADDR_IN6::ANY;
        table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 0, irp);
    }
    connects_unbound breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        connect(socket, irp);
    }
    connects_with_flags breaks WSK_44 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        let mut address = server();
        table(socket).WskConnect.expect("there")(socket, (&raw mut address).cast(), 1, irp);
    }
    connects_to_another_family breaks WSK_44 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        let mut address = SOCKADDR_IN6::ANY;
        table(socket).WskConnect.expect("there")(socket, (&raw mut address).cast(), 0, irp);
    }
    connects_a_basic_socket breaks WSK_38 {
        let npi = capture();
        let irp = new_irp();
        let connection = table(create(&npi, new_irp()));
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let none: *mut std::ffi::c_void = null_mut();
        let _ = create(
            npi.Client, AF_INET, SOCK_STREAM, IPPROTO_TCP, WSK_FLAG_BASIC_SOCKET, none,
            std::ptr::null(), none.cast(), none.cast(), none, irp,
        );
        a_while();
        let basic = std::ptr::with_exposed_provenance_mut(irp::information(irp));
        reuse(irp);
        let mut any = SOCKADDR_IN::ANY;
        // The table of another category.
        let _ = connection.WskBind.expect("there")(basic, (&raw mut any).cast(), 0, irp);
    }
    creates_and_connects_with_flags breaks WSK_41 {
        let (mut any, mut to) = (SOCKADDR_IN::ANY, server());
        create_and_connect((&raw mut any).cast(), (&raw mut to).cast(), 1, null_mut());
    }
    creates_and_connects_between_families breaks WSK_41 {
        let (mut any, mut to) = (SOCKADDR_IN6::ANY, server());
        create_and_connect((&raw mut any).cast(), (&raw mut to).cast(), 0, null_mut());
    }
    creates_with_a_context_in_pageable_memory breaks WSK_36 {
        let npi = capture();
        let context = ExAllocatePool2(PAGED, 16, TAG);
        let create = (*npi.Dispatch).WskSocket.expect("there");
        let none: *mut std::ffi::c_void = null_mut();
        let _ = create(
            npi.Client, AF_INET, SOCK_STREAM, IPPROTO_TCP, WSK_FLAG_CONNECTION_SOCKET, context,
            (&raw const NO_EVENTS).cast(), none.cast(), none.cast(), none, new_irp(),
        );
    }
    creates_and_connects_with_a_context_in_pageable_memory breaks WSK_36 {
        let (mut any, mut to) = (SOCKADDR_IN::ANY, server());
        let context = ExAllocatePool2(PAGED, 16, TAG);
        create_and_connect((&raw mut any).cast(), (&raw mut to).cast(), 0, context);
    }
    frees_the_place_for_an_address breaks WSK_46 {
        loop {
            let irp = new_irp();
            let socket = connected(irp);
            let memory = ExAllocatePool2(NON_PAGED, 64, TAG);
            let address = table(socket).WskGetRemoteAddress.expect("there");
            let _ = address(socket, memory.cast(), irp);
            // Until it is pending, which it is by lot.
            ExFreePool(memory);
        }
    }
    leaves_the_frame_with_the_place_for_an_address breaks WSK_46 {
        loop {
            asks_deep_down(connected(new_irp()));
            // Until it is pending, as above.
            let _ = IoAllocateIrp(1, 0);
        }
    }
}

/// WskGetRemoteAddress, to the far end of a large frame.
#[inline(never)]
fn asks_deep_down(socket: PWSK_SOCKET) {
    let mut place = [0u64; 1024];
    // SAFETY: as WskGetRemoteAddress asks for, as long as this frame is there.
    unsafe {
        let address = table(socket).WskGetRemoteAddress.expect("there");
        let _ = address(socket, place.as_mut_ptr().cast(), new_irp());
    }
}

static NO_EVENTS: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: None,
    WskDisconnectEvent: None,
    WskSendBacklogEvent: None,
};
const PAGED: u64 = 0x100;

fn create_and_connect(local: PSOCKADDR, remote: PSOCKADDR, flags: u32, context: PVOID) {
    let npi = capture();
    let none: *mut std::ffi::c_void = null_mut();
    // SAFETY: as WskSocketConnect asks for, or not.
    unsafe {
        let create = (*npi.Dispatch).WskSocketConnect.expect("there");
        let _ = create(
            npi.Client,
            SOCK_STREAM,
            IPPROTO_TCP,
            local,
            remote,
            flags,
            context,
            &raw const NO_EVENTS,
            none.cast(),
            none.cast(),
            none,
            new_irp(),
        );
    }
}
