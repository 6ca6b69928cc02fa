//! Listening and accepting.

use std::ffi::c_void;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::ptr::{null, null_mut};

use wdk_sys::{NTSTATUS, PVOID, ULONG};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Ending, Profile, connect_to, spawn};

use crate::callbacks::*;
use crate::client::*;

fn accept(listener: PWSK_SOCKET, accept: PFN_WSK_ACCEPT) -> Request {
    let function = accept.expect("there");
    Request::start(|irp| unsafe {
        function(listener, 0, null_mut(), null(), null_mut(), null_mut(), irp)
    })
}

fn listen_table(socket: PWSK_SOCKET) -> &'static WSK_PROVIDER_LISTEN_DISPATCH {
    // SAFETY: a listening socket.
    unsafe { &*(*socket).Dispatch.cast() }
}

#[test]
fn accepts_and_talks() {
    run(&Profile::ALL, |client| {
        let listener = client
            .socket(WSK_FLAG_LISTEN_SOCKET, null_mut(), null())
            .expect("made");
        let mut local = address(Ipv4Addr::UNSPECIFIED, 4000);
        let bind = listen_table(listener).WskBind.expect("there");
        let bound = request(|irp| unsafe { bind(listener, (&raw mut local).cast(), 0, irp) });
        assert_eq!(bound.0, 0);
        let pending = accept(listener, listen_table(listener).WskAccept);
        assert!(!pending.is_done());
        let peer = spawn("a client", || {
            let mut stream = connect_to(4000).expect("it listens");
            stream.write_all(b"hello").expect("taken");
            let mut back = [0; 3];
            stream.read_exact(&mut back).expect("sent");
            assert_eq!(&back, b"bye");
        });
        let (status, socket) = pending.wait();
        assert_eq!(status, 0);
        let socket = Socket(std::ptr::with_exposed_provenance_mut(socket));
        let buffer = Buffer::new(&[5]);
        let mut total = 0;
        while total < 5 {
            total += socket.receive(&buffer, 5, 0).1;
        }
        assert_eq!(socket.send(&Buffer::of(b"bye"), 3, 0), (0, 3));
        peer.join();
        socket.close();
        // Closing ends what waits.
        let pending = accept(listener, listen_table(listener).WskAccept);
        let close = listen_table(listener).Basic.WskCloseSocket.expect("there");
        assert_eq!(request(|irp| unsafe { close(listener, irp) }).0, 0);
        assert_eq!(pending.wait().0, CANCELLED);
        assert!(connect_to(4000).is_none());
    });
}

#[test]
fn a_stream_socket_listens_and_another_connects() {
    run(&[Profile::Windows, Profile::Hostile], |client| {
        let make = || {
            let socket = client
                .socket(WSK_FLAG_STREAM_SOCKET, null_mut(), null())
                .expect("made");
            // SAFETY: a stream socket.
            let table: &WSK_PROVIDER_STREAM_DISPATCH = unsafe { &*(*socket).Dispatch.cast() };
            (socket, table)
        };
        let ((server, table), (other, _)) = (make(), make());
        for (socket, port) in [(server, 4000), (other, 0)] {
            let mut local = address(Ipv4Addr::UNSPECIFIED, port);
            let bind = table.WskBind.expect("there");
            let bound = request(|irp| unsafe { bind(socket, (&raw mut local).cast(), 0, irp) });
            assert_eq!(bound.0, 0);
        }
        let listen = table.WskListen.expect("there");
        assert_eq!(request(|irp| unsafe { listen(server, irp) }).0, 0);
        let mut remote = address(Ipv4Addr::LOCALHOST, 4000);
        let connect = table.WskConnect.expect("there");
        let connected = request(|irp| unsafe { connect(other, (&raw mut remote).cast(), 0, irp) });
        assert_eq!(connected.0, 0);
        let (status, accepted) = accept(server, table.WskAccept).wait();
        assert_eq!(status, 0);
        let accepted = Socket(std::ptr::with_exposed_provenance_mut(accepted));
        let send = table.WskSend.expect("there");
        let data = Buffer::of(b"hello");
        let mut part = data.part(0, 5);
        assert_eq!(
            request(|irp| unsafe { send(other, &raw mut part, 0, irp) }),
            (0, 5)
        );
        let buffer = Buffer::new(&[5]);
        let (status, n) = accepted.receive(&buffer, 5, 0);
        assert!(status == 0 && n > 0 && buffer.bytes()[0] == b'h');
        accepted.close();
        Socket(server).close();
        Socket(other).close();
    });
}

/// Takes the first connection, and no other.
unsafe extern "C" fn accepts(
    context: PVOID,
    flags: ULONG,
    _local: PSOCKADDR,
    remote: PSOCKADDR,
    socket: PWSK_SOCKET,
    its_context: *mut PVOID,
    its_table: *mut *const WSK_CLIENT_CONNECTION_DISPATCH,
) -> NTSTATUS {
    check_level(flags);
    // SAFETY: what WSK passes, and the context of the listening socket.
    unsafe {
        assert_eq!(from_address(&*remote.cast()).port(), 40000);
        let (place, seen) = *context.cast::<(*mut PWSK_SOCKET, *mut Seen)>();
        if !(*place).is_null() {
            return 0xC000_00D0_u32.cast_signed();
        }
        *place = socket;
        *its_context = seen.cast();
        *its_table = &raw const CALLBACKS;
    }
    0
}

#[test]
fn connections_are_accepted_by_callback() {
    static LISTENS: WSK_CLIENT_LISTEN_DISPATCH = WSK_CLIENT_LISTEN_DISPATCH {
        WskAcceptEvent: Some(accepts),
        WskInspectEvent: None,
        WskAbortEvent: None,
    };
    run(FULL, |client| {
        let seen = Box::into_raw(Box::new(Seen::default()));
        let place = Box::into_raw(Box::new(null_mut::<WSK_SOCKET>()));
        let context = Box::into_raw(Box::new((place, seen)));
        let table: *const c_void = (&raw const LISTENS).cast();
        let listener = client.socket(WSK_FLAG_LISTEN_SOCKET, context.cast(), table);
        let listener = listener.expect("made");
        // SAFETY: a listening socket.
        let bind = unsafe { &*(*listener).Dispatch.cast::<WSK_PROVIDER_LISTEN_DISPATCH>() }.WskBind;
        let bind = bind.expect("there");
        let mut local = address(Ipv4Addr::UNSPECIFIED, 4000);
        assert_eq!(
            request(|irp| unsafe { bind(listener, (&raw mut local).cast(), 0, irp) }).0,
            0
        );
        let mask = WSK_EVENT_ACCEPT | WSK_EVENT_RECEIVE;
        assert_eq!(change(listener, mask, null_mut()), 0);
        let mut first = connect_to(4000).expect("it listens");
        a_while();
        first.write_all(b"hello").expect("taken");
        a_while();
        let mut second = connect_to(4000).expect("it listens");
        assert_eq!(second.wait_end(), Ending::Reset, "refused");
        // SAFETY: read between calls.
        assert_eq!(unsafe { &*seen }.data, b"hello");
        // SAFETY: as above.
        Socket(unsafe { *place }).close();
        Socket(listener).close();
        end(seen);
        // SAFETY: made by Box.
        unsafe {
            drop(Box::from_raw(place));
            drop(Box::from_raw(context));
        }
    });
}
