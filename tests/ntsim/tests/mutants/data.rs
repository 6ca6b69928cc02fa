//! Send, receive and disconnect: rules 48 to 61.

use std::ptr::null_mut;
use std::time::Duration;

use wdk_sys::NTSTATUS;
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{lose_provider, rule, sleep};

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
    keeps_a_dead_socket breaks WSK_55 {
        let irp = new_irp();
        let socket = connected(irp);
        lose_provider();
        receive(socket, null_mut(), 0, 0, irp);
        sleep(Duration::from_secs(60));
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

proofs! {
    a_dead_socket_fails_the_same_way_every_time shows WSK_55 {
        assert!(fail_on_a_dead_socket().iter().all(|status| *status == FORCED_CLOSED));
    }
    another_status_if_that_rule_is_off shows WSK_55 {
        rule::WSK_55.switch_off();
        let seen = fail_on_a_dead_socket();
        assert!(seen.iter().all(|status| *status < 0));
        assert!(seen.iter().any(|status| *status != FORCED_CLOSED));
    }
}

/// What twenty calls fail with once the provider is gone.
fn fail_on_a_dead_socket() -> [NTSTATUS; 20] {
    let irp = new_irp();
    let socket = connected(irp);
    lose_provider();
    [(); 20].map(|()| {
        receive(socket, null_mut(), 0, 0, irp);
        a_while();
        // SAFETY: completed.
        let status = unsafe { irp::status(irp) };
        reuse(irp);
        status
    })
}

const FORCED_CLOSED: NTSTATUS = 0xC000_00B6_u32.cast_signed();
