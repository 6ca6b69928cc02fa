//! Close: rules 62 to 68.

use wdk_sys::{DEVICE_OBJECT, IRP, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::PWSK_SOCKET;
use wskhttp_ntsim::rule;

use crate::client::*;

/// Closes the socket at which the context points, if there is one.
unsafe extern "C" fn closes(_: *mut DEVICE_OBJECT, _: *mut IRP, socket: PVOID) -> NTSTATUS {
    // SAFETY: the context that was set.
    let socket = unsafe { *socket.cast::<PWSK_SOCKET>() };
    if !socket.is_null() {
        close(socket, new_irp());
    }
    MORE_PROCESSING_REQUIRED
}

mutants! {
    closes_while_a_call_is_executing breaks WSK_62 {
        rule::WSK_20.switch_off();
        let npi = capture();
        // Until a request completes before its call returns.
        loop {
            let irp = new_irp();
            let socket = create(&npi, irp);
            let during = Box::leak(Box::new(socket));
            reuse(irp);
            irp::set_completion_routine(irp, Some(closes), (&raw mut *during).cast());
            let mut any = wskhttp_core::wsk::sys::SOCKADDR_IN::ANY;
            table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 0, irp);
            (&raw mut *during).write(std::ptr::null_mut());
            a_while();
        }
    }
    closes_twice breaks WSK_64 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        let table = table(socket);
        reuse(irp);
        table.Basic.WskCloseSocket.expect("there")(socket, irp);
        a_while();
        reuse(irp);
        table.Basic.WskCloseSocket.expect("there")(socket, irp);
    }
}
