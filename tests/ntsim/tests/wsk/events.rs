//! Event callbacks.

use std::io::Write;
use std::ptr::{null, null_mut};
use std::time::Duration;

use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Ending, Profile, listen, lose_provider, lot, sleep};

use crate::callbacks::*;
use crate::client::*;

fn greeter() {
    listen(80, |mut stream| {
        // Fails if the client has gone.
        let _ = stream.write_all(b"hello");
        sleep(Duration::from_secs(30));
        stream.finish();
        stream.wait_end();
    });
}

#[test]
fn data_and_the_end_are_told() {
    run(FULL, |client| {
        greeter();
        let (socket, seen) = connected(client, Mode::All);
        a_while();
        assert_eq!(change(socket.0, EVENTS, null_mut()), 0);
        a_while();
        // SAFETY: read between calls.
        assert_eq!(unsafe { &*seen }.data, b"hello");
        sleep(Duration::from_secs(60));
        socket.close();
        assert_eq!(end(seen).ended, Some(0));
    });
}

#[test]
fn a_reset_is_told() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            a_while();
            stream.reset();
        });
        let (socket, seen) = connected(client, Mode::All);
        assert_eq!(change(socket.0, EVENTS, null_mut()), 0);
        a_while();
        a_while();
        socket.close();
        assert_eq!(end(seen).ended, Some(WSK_FLAG_ABORTIVE));
    });
}

#[test]
fn after_a_part_nothing_comes_before_a_receive() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.write_all(b"hello").expect("taken");
            stream.wait_end();
        });
        let (socket, seen) = connected(client, Mode::Part);
        a_while();
        assert_eq!(change(socket.0, WSK_EVENT_RECEIVE, null_mut()), 0);
        a_while();
        let nothing = Buffer::new(&[]);
        for _ in 0..5 {
            // SAFETY: changed between calls.
            unsafe { (*seen).held = false };
            socket.receive(&nothing, 0, 0);
            a_while();
        }
        // SAFETY: as above.
        assert_eq!(unsafe { &*seen }.data, b"hello");
        socket.close();
        end(seen);
    });
}

#[test]
fn what_is_not_accepted_is_received() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.write_all(b"hello").expect("taken");
            stream.wait_end();
        });
        let (socket, seen) = connected(client, Mode::Nothing);
        assert_eq!(change(socket.0, WSK_EVENT_RECEIVE, null_mut()), 0);
        a_while();
        let (buffer, mut total) = (Buffer::new(&[5]), Vec::<u8>::new());
        while total.len() < 5 {
            let (status, n) = socket.receive(&buffer, 5, 0);
            assert_eq!(status, 0);
            total.extend(&buffer.bytes()[..n]);
        }
        assert_eq!(total, b"hello");
        socket.close();
        assert!(end(seen).calls > 0);
    });
}

#[test]
fn a_list_is_kept_and_released() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.write_all(b"hello").expect("taken");
            stream.wait_end();
        });
        let (socket, seen) = connected(client, Mode::Keep);
        assert_eq!(change(socket.0, WSK_EVENT_RECEIVE, null_mut()), 0);
        a_while();
        let release = socket.table().WskRelease.expect("there");
        let mut data = Vec::new();
        // SAFETY: lists that are kept; read between calls.
        unsafe {
            for list in std::mem::take(&mut (*seen).lists) {
                data.extend(read(list));
                assert_eq!(release(socket.0, list), 0);
            }
        }
        assert_eq!(data, b"hello");
        socket.close();
        end(seen);
    });
}

#[test]
fn a_callback_is_disabled_once_it_has_returned() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            while stream.write_all(b"x").is_ok() {
                sleep(Duration::from_millis(5));
            }
        });
        let (socket, seen) = connected(client, Mode::All);
        assert_eq!(change(socket.0, WSK_EVENT_RECEIVE, null_mut()), 0);
        sleep(Duration::from_millis(lot(100)));
        let disable = WSK_EVENT_RECEIVE | WSK_EVENT_DISABLE;
        assert_eq!(request(|irp| change(socket.0, disable, irp)).0, 0);
        // SAFETY: nobody calls it any more.
        let calls = unsafe { &*seen }.calls;
        a_while();
        // SAFETY: as above.
        assert_eq!(unsafe { &*seen }.calls, calls);
        socket.close();
        end(seen);
    });
}

#[test]
fn a_lost_provider_is_told() {
    run(FULL, |client| {
        greeter();
        let (socket, seen) = connected(client, Mode::All);
        assert_eq!(change(socket.0, EVENTS, null_mut()), 0);
        lose_provider();
        a_while();
        let (status, _) = socket.receive(&Buffer::new(&[1]), 1, 0);
        assert_eq!(status, 0xC000_00B6_u32.cast_signed());
        socket.close();
        assert!(end(seen).dead);
    });
}

#[test]
fn static_callbacks_need_no_enabling_and_backlogs_change() {
    run(&[Profile::Windows], |client| {
        listen(80, |mut stream| {
            assert_eq!(stream.wait_end(), Ending::Reset)
        });
        let mut control = WSK_EVENT_CALLBACK_CONTROL {
            NpiId: &raw const NPI_WSK_INTERFACE_ID,
            EventMask: EVENTS,
        };
        let function = client.table().WskControlClient.expect("there");
        // SAFETY: as WskControlClient asks for.
        let status = unsafe {
            let (size, place) = (size_of_val(&control) as u64, (&raw mut control).cast());
            let code = WSK_SET_STATIC_EVENT_CALLBACKS;
            let none = null_mut();
            function(
                client.npi.Client,
                code,
                size,
                place,
                0,
                none,
                null_mut(),
                null_mut(),
            )
        };
        assert_eq!(status, 0);
        let (socket, seen) = connected(client, Mode::All);
        let data = Buffer::of(b"x");
        for _ in 0..100 {
            assert_eq!(socket.send(&data, 1, 0), (0, 1));
        }
        a_while();
        socket.close();
        assert!(end(seen).backlogs > 0);
    });
}

#[test]
fn other_providers_have_no_callbacks() {
    run(&[Profile::Viosock, Profile::Wine], |client| {
        greeter();
        let socket = client.connected(80, null_mut(), null());
        socket.close();
        let (socket, seen) = connected(client, Mode::All);
        assert_eq!(
            change(socket.0, WSK_EVENT_RECEIVE, null_mut()),
            NOT_IMPLEMENTED
        );
        a_while();
        socket.close();
        assert_eq!(end(seen).calls, 0);
    });
}
