//! Send, receive and disconnect: rules 48 to 61.

use std::ptr::null_mut;

use wskhttp_core::wsk::sys::*;

use crate::client::*;

fn part(len: usize) -> WSK_BUF {
    let (_, mdl) = buffer(16);
    WSK_BUF {
        Mdl: mdl,
        Offset: 0,
        Length: len as _,
    }
}

mutants! {
    receives_unconnected breaks WSK_48 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        receive(socket, null_mut(), 0, 0, irp);
    }
    sends_unconnected breaks WSK_48 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        send(socket, null_mut(), 0, irp);
    }
    sends_with_an_unknown_flag breaks WSK_50 {
        let irp = new_irp();
        let socket = connected(irp);
        let send = table(socket).WskSend.expect("there");
        send(socket, &mut part(16), 0x100, irp);
    }
    receives_with_an_unknown_flag breaks WSK_50 {
        let irp = new_irp();
        receive_with(connected(irp), &mut part(16), 0x100, irp);
    }
    drains_into_a_buffer breaks WSK_53 {
        let irp = new_irp();
        receive_with(connected(irp), &mut part(16), WSK_FLAG_DRAIN, irp);
    }
    drains_and_waits_for_all breaks WSK_53 {
        let irp = new_irp();
        let flags = WSK_FLAG_DRAIN | WSK_FLAG_WAITALL;
        receive_with(connected(irp), &mut part(0), flags, irp);
    }
    sends_after_a_disconnect breaks WSK_57 {
        let irp = new_irp();
        let socket = connected(irp);
        disconnect(socket, null_mut(), 0, irp);
        a_while();
        reuse(irp);
        send(socket, null_mut(), 0, irp);
    }
    aborts_with_a_buffer breaks WSK_58 {
        let irp = new_irp();
        disconnect(connected(irp), &mut part(16), WSK_FLAG_ABORTIVE, irp);
    }
    sends_after_an_abort breaks WSK_60 {
        let irp = new_irp();
        let socket = connected(irp);
        disconnect(socket, null_mut(), WSK_FLAG_ABORTIVE, irp);
        a_while();
        reuse(irp);
        send(socket, null_mut(), 0, irp);
    }
    receives_after_an_abort breaks WSK_60 {
        let irp = new_irp();
        let socket = connected(irp);
        disconnect(socket, null_mut(), WSK_FLAG_ABORTIVE, irp);
        a_while();
        reuse(irp);
        receive(socket, null_mut(), 0, 0, irp);
    }
}
