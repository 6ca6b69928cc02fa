//! Sending, receiving, disconnecting.

use std::cell::Cell;
use std::io::{Read, Write};
use std::time::Duration;

use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Ending, Profile, Stream, listen, sleep};

use crate::client::*;

const FULL: &[Profile] = &[Profile::Windows, Profile::Hostile];
const NOT_SUPPORTED: i32 = 0xC000_00BB_u32.cast_signed();

/// Reads everything, to the end.
fn read_all(mut stream: Stream) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("a whole stream");
    all
}

#[test]
fn sends_and_receives_over_a_chain_with_an_offset() {
    run(
        &[Profile::Windows, Profile::Viosock, Profile::Hostile],
        |client| {
            listen(80, |mut stream| {
                let mut data = [0; 12];
                stream.read_exact(&mut data).expect("sent");
                stream.write_all(&data).expect("taken");
                stream.wait_end();
            });
            let socket = client.plain(80);
            let buffer = Buffer::new(&[3, 1, 7, 5]);
            buffer.fill(b"..hello world!!!");
            let send = socket.table().WskSend.expect("there");
            let mut part = buffer.part(2, 12);
            let sent = request(|irp| unsafe { send(socket.0, &raw mut part, 0, irp) });
            assert_eq!(sent, (0, 12));
            let back = Buffer::new(&[2, 2, 16]);
            let mut total = 0;
            while total < 12 {
                let piece = Buffer::new(&[1, 4]);
                let (status, n) = socket.receive(&piece, 5.min(12 - total), 0);
                assert!(status == 0 && n > 0);
                let mut all = back.bytes();
                all[total..total + n].copy_from_slice(&piece.bytes()[..n]);
                back.fill(&all);
                total += n;
            }
            assert_eq!(&back.bytes()[..12], b"hello world!");
            socket.close();
        },
    );
}

#[test]
fn wine_takes_no_chain() {
    run(&[Profile::Wine], |client| {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let socket = client.plain(80);
        let (status, _) = socket.send(&Buffer::new(&[1, 1]), 2, 0);
        assert_eq!(status, 0xC000_0001_u32.cast_signed());
        socket.close();
    });
}

#[test]
fn a_send_waits_for_the_window_and_several_go_in_order() {
    run(&Profile::ALL, |client| {
        listen(80, |mut stream| {
            stream.set_window(0);
            sleep(Duration::from_secs(10));
            stream.set_window(3);
            assert_eq!(read_all(stream), b"first,second,third");
        });
        let socket = client.plain(80);
        let buffers = ["first,", "second,", "third"].map(|text| Buffer::of(text.as_bytes()));
        sleep(Duration::from_secs(1));
        let sends = buffers.each_ref().map(|buffer| {
            let send = socket.table().WskSend.expect("there");
            let mut part = buffer.part(0, buffer.bytes().len());
            Request::start(|irp| unsafe { send(socket.0, &raw mut part, 0, irp) })
        });
        sleep(Duration::from_secs(1));
        assert!(
            sends.iter().all(|send| !send.is_done()),
            "the window is closed"
        );
        let sent = sends.map(|send| send.wait());
        assert_eq!(sent, [(0, 6), (0, 7), (0, 5)]);
        finish(socket);
    });
}

/// Lets the server see FIN. Wine sends it when the socket is closed.
fn finish(socket: Socket) {
    let disconnect = socket.start_disconnect(None, 0);
    sleep(Duration::from_secs(30));
    let (done, missing) = (disconnect.is_done(), disconnect.returned == NOT_IMPLEMENTED);
    if !done && missing && disconnect.is_untouched() {
        disconnect.forget();
        socket.close();
    } else {
        socket.close();
        disconnect.wait();
    }
}

#[test]
fn waitall_fills_the_buffer_or_ends_short() {
    run(&[Profile::Windows], |client| {
        listen(80, |mut stream| {
            stream.deliver_at_most(1);
            for piece in ["he", "llo", "bye"] {
                stream.write_all(piece.as_bytes()).expect("taken");
                sleep(Duration::from_secs(1));
            }
            stream.finish();
            stream.wait_end();
        });
        let socket = client.plain(80);
        let buffer = Buffer::new(&[2, 3]);
        assert_eq!(socket.receive(&buffer, 5, WSK_FLAG_WAITALL), (0, 5));
        assert_eq!(buffer.bytes(), b"hello");
        assert_eq!(socket.receive(&buffer, 5, WSK_FLAG_WAITALL), (0, 3));
        assert_eq!(socket.receive(&buffer, 5, 0), (0, 0));
        socket.close();
    });
}

#[test]
fn drain_discards_to_the_end() {
    run(&[Profile::Windows], |client| {
        listen(80, |mut stream| {
            stream.write_all(&[7; 100_000]).expect("taken");
            stream.finish();
            stream.wait_end();
        });
        let socket = client.plain(80);
        let nothing = Buffer::new(&[]);
        assert_eq!(socket.receive(&nothing, 0, WSK_FLAG_DRAIN), (0, 0));
        socket.close();
    });
}

#[test]
fn flags_are_not_supported_everywhere() {
    thread_local!(static REFUSED: Cell<usize> = const { Cell::new(0) });
    let ask = |client: &Client| {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let socket = client.plain(80);
        let (status, n) = socket.send(&Buffer::of(b"hello"), 5, WSK_FLAG_NODELAY);
        assert!(matches!((status, n), (0, 5) | (NOT_SUPPORTED, 0)));
        REFUSED.set(REFUSED.get() + usize::from(status != 0));
        socket.close();
    };
    let seeds = SEEDS as usize;
    for (profile, expected) in [
        (Profile::Windows, 0..1),
        (Profile::Wine, 0..1),
        (Profile::Viosock, seeds..seeds + 1),
        (Profile::Hostile, 1..seeds),
    ] {
        REFUSED.set(0);
        run(&[profile], ask);
        assert!(
            expected.contains(&REFUSED.get()),
            "{profile:?}: {REFUSED:?}"
        );
    }
}

#[test]
fn the_last_data_goes_before_fin() {
    run(&[Profile::Windows, Profile::Viosock], |client| {
        listen(80, |stream| assert_eq!(read_all(stream), b"hello, bye"));
        let socket = client.plain(80);
        assert_eq!(socket.send(&Buffer::of(b"hello, "), 7, 0), (0, 7));
        let last = Buffer::of(b"bye");
        let disconnect = socket.start_disconnect(Some((&last, 3)), 0);
        assert_eq!(disconnect.wait().0, 0);
        // The server's FIN.
        assert_eq!(socket.receive(&Buffer::new(&[1]), 1, 0), (0, 0));
        socket.close();
    });
}

#[test]
fn an_abortive_disconnect_resets_and_cancels() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.set_window(1);
            sleep(Duration::from_secs(5));
            assert_eq!(stream.wait_end(), Ending::Reset);
        });
        let socket = client.plain(80);
        sleep(Duration::from_secs(1));
        let buffer = Buffer::of(b"hello");
        let send = socket.table().WskSend.expect("there");
        let mut part = buffer.part(0, 5);
        let send = Request::start(|irp| unsafe { send(socket.0, &raw mut part, 0, irp) });
        let place = Buffer::new(&[1]);
        let receive = socket.start_receive(&place, 1, 0);
        let abort = socket.start_disconnect(None, WSK_FLAG_ABORTIVE);
        assert_eq!(abort.wait().0, 0);
        assert_eq!(send.wait().0, CANCELLED);
        assert!(receive.wait().0 < 0);
        socket.close();
    });
}

#[test]
fn a_stuck_disconnect_is_forced() {
    thread_local!(static STUCK: Cell<u64> = const { Cell::new(0) });
    run(&[Profile::Hostile], |client| {
        listen(80, |mut stream| {
            stream.wait_end();
            sleep(Duration::from_secs(1000));
        });
        let socket = client.plain(80);
        let graceful = socket.start_disconnect(None, 0);
        sleep(Duration::from_secs(100));
        STUCK.set(STUCK.get() + u64::from(!graceful.is_done()));
        let abort = socket.start_disconnect(None, WSK_FLAG_ABORTIVE);
        assert_eq!(abort.wait().0, 0);
        graceful.wait();
        socket.close();
    });
    assert!((1..SEEDS).contains(&STUCK.get()), "{STUCK:?}");
}

#[test]
fn a_reset_is_seen_at_any_byte() {
    for at in [0, 1, 4, 5] {
        run(&Profile::ALL, move |client| {
            listen(80, move |mut stream| {
                stream.write_all(&b"hello"[..at]).expect("taken");
                stream.reset();
            });
            let socket = client.plain(80);
            let buffer = Buffer::new(&[16]);
            let mut total = 0;
            let status = loop {
                match socket.receive(&buffer, 16, 0) {
                    (0, n @ 1..) => total += n,
                    (status, _) => break status,
                }
            };
            assert_eq!(status, 0xC000_020D_u32.cast_signed());
            assert!(total <= at);
            socket.close();
        });
    }
}
