//! Close: rules 62 to 68.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use std::time::Duration;

use wdk_sys::ntddk::{IofCompleteRequest, KeInitializeEvent, KeSetEvent, KeWaitForSingleObject};
use wdk_sys::{DEVICE_OBJECT, IRP, KEVENT, NTSTATUS, PVOID};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::{PWSK_SOCKET, SOCKADDR_IN, WSK_BUF, WSK_SOCKET};
use wskhttp_ntsim::{BLACK_HOLE, Target, elapsed, rule, sleep};

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

/// Looks at the status of another request.
unsafe extern "C" fn looks(_: *mut DEVICE_OBJECT, _: *mut IRP, seen: PVOID) -> NTSTATUS {
    // SAFETY: the context that was set.
    unsafe {
        let seen = seen.cast::<(*mut IRP, NTSTATUS)>();
        (*seen).1 = irp::status((*seen).0);
    }
    MORE_PROCESSING_REQUIRED
}

fn nothing() -> WSK_BUF {
    WSK_BUF {
        Mdl: null_mut(),
        Offset: 0,
        Length: 0,
    }
}

/// The socket that [`waits`] closes.
static SOCKET: AtomicPtr<WSK_SOCKET> = AtomicPtr::new(null_mut());

/// A dispatch routine that closes a socket, and waits for the end of it.
unsafe extern "C" fn waits(_: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    let event = &raw mut *Box::leak(Box::new(KEVENT::default()));
    let end = new_irp();
    // SAFETY: an event that stays, the socket of this call alone, and the I/O manager's IRP.
    unsafe {
        KeInitializeEvent(event, 0, 0);
        irp::set_completion_routine(end, Some(signals), event.cast());
        close(SOCKET.load(Relaxed), end);
        let _ = KeWaitForSingleObject(event.cast(), 0, 0, 0, null_mut());
        irp::set_status(request, 0, 0);
        IofCompleteRequest(request, 0);
    }
    0
}

unsafe extern "C" fn signals(_: *mut DEVICE_OBJECT, _: *mut IRP, event: PVOID) -> NTSTATUS {
    // SAFETY: the context that was set.
    unsafe { KeSetEvent(event.cast(), 0, 0) };
    MORE_PROCESSING_REQUIRED
}

/// Notes the time.
unsafe extern "C" fn times(_: *mut DEVICE_OBJECT, _: *mut IRP, to: PVOID) -> NTSTATUS {
    // SAFETY: the context that was set.
    unsafe { to.cast::<Duration>().write_volatile(elapsed()) };
    MORE_PROCESSING_REQUIRED
}

/// The longest that any of twenty sockets took to close.
fn longest() -> Duration {
    let npi = capture();
    let took = [(); 20].map(|()| {
        let socket = create(&npi, new_irp());
        let (end, at) = (new_irp(), &raw mut *Box::leak(Box::new(Duration::MAX)));
        let start = elapsed();
        // SAFETY: a new IRP; the socket is not used otherwise.
        unsafe {
            irp::set_completion_routine(end, Some(times), at.cast());
            close(socket, end);
            sleep(Duration::from_secs(100));
            at.read_volatile() - start
        }
    });
    took.into_iter().max().expect("twenty")
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
    closes_under_a_connect breaks WSK_68 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        let mut nowhere = SOCKADDR_IN {
            sin_port: BLACK_HOLE.to_be(),
            ..SOCKADDR_IN::ANY
        };
        let connect = table(socket).WskConnect.expect("there");
        connect(socket, (&raw mut nowhere).cast(), 0, irp);
        close(socket, new_irp());
    }
    waits_for_a_close_in_a_cleanup breaks WSK_68 on Hostile {
        let npi = capture();
        let target = Target::new(waits);
        // Until closing takes its time.
        loop {
            SOCKET.store(create(&npi, new_irp()), Relaxed);
            let _ = target.cleanup().wait();
        }
    }
    sends_after_a_close breaks WSK_64 {
        let irp = new_irp();
        let socket = connected(irp);
        let send = table(socket).WskSend.expect("there");
        close(socket, new_irp());
        a_while();
        send(socket, &mut nothing(), 0, irp);
    }
    receives_during_a_close breaks WSK_64 {
        let irp = new_irp();
        let socket = connected(irp);
        let receive = table(socket).WskReceive.expect("there");
        close(socket, new_irp());
        receive(socket, &mut nothing(), 0, irp);
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

proofs! {
    closing_may_take_long shows WSK_68 on Hostile {
        let longest = longest();
        assert!(longest > Duration::from_secs(1) && longest < Duration::from_secs(61));
    }
    closing_is_prompt_if_that_rule_is_off shows WSK_68 on Hostile {
        rule::WSK_68.switch_off();
        assert!(longest() < Duration::from_secs(1));
    }
    what_is_pending_is_over_before_the_close shows WSK_63 {
        let irp = new_irp();
        let socket = connected(irp);
        let (_, mdl) = buffer(16);
        receive(socket, mdl, 0, 16, irp);
        let mut seen = (irp, 0);
        let end = new_irp();
        irp::set_completion_routine(end, Some(looks), (&raw mut seen).cast());
        close(socket, end);
        a_while();
        assert_eq!((&raw const seen).read_volatile().1, 0xC000_0120_u32.cast_signed());
    }
}
