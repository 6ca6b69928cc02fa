//! Event callbacks.

use std::ffi::c_void;
use std::io::Write;
use std::ptr::{null, null_mut};
use std::time::Duration;

use wdk_sys::ntddk::MmMapLockedPagesSpecifyCache;
use wdk_sys::{NTSTATUS, PVOID, SIZE_T, ULONG};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Ending, Profile, connect_to, listen, lose_provider, lot, sleep};

use crate::client::*;

const FULL: &[Profile] = &[Profile::Windows, Profile::Hostile];
const NOT_ACCEPTED: NTSTATUS = 0xC000_021B_u32.cast_signed();
const EVENTS: u32 = WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT | WSK_EVENT_SEND_BACKLOG;

/// What the callbacks do and have seen.
#[derive(Default)]
struct Seen {
    data: Vec<u8>,
    lists: Vec<PWSK_DATA_INDICATION>,
    ended: Option<u32>,
    dead: bool,
    backlogs: usize,
    calls: usize,
    mode: Mode,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    All,
    /// A byte at a time.
    Part,
    Nothing,
    Keep,
}

unsafe extern "C" {
    safe fn KeGetCurrentIrql() -> u8;
}

fn check_level(flags: ULONG) {
    if flags & WSK_FLAG_AT_DISPATCH_LEVEL != 0 {
        assert_eq!(KeGetCurrentIrql(), 2);
    }
}

/// The data of a list.
unsafe fn read(mut list: PWSK_DATA_INDICATION) -> Vec<u8> {
    let mut data = Vec::new();
    // SAFETY: a list that we have been given, and its locked memory.
    unsafe {
        while let Some(one) = list.as_ref() {
            let (buffer, none) = (one.Buffer, null_mut());
            let memory = MmMapLockedPagesSpecifyCache(buffer.Mdl, 0, 1, none, 0, 16);
            let from = memory.cast::<u8>().add(buffer.Offset as usize);
            data.extend(std::slice::from_raw_parts(from, buffer.Length as usize));
            list = one.Next;
        }
    }
    data
}

unsafe extern "C" fn receive(
    context: PVOID,
    flags: ULONG,
    list: PWSK_DATA_INDICATION,
    indicated: SIZE_T,
    accepted: *mut SIZE_T,
) -> NTSTATUS {
    check_level(flags);
    // SAFETY: the context of the socket; calls are serial.
    let seen = unsafe { &mut *context.cast::<Seen>() };
    seen.calls += 1;
    if list.is_null() {
        seen.dead = true;
        return 0;
    }
    // SAFETY: what WSK passes.
    let data = unsafe { read(list) };
    assert_eq!(data.len(), indicated as usize);
    match seen.mode {
        Mode::All => seen.data.extend(data),
        Mode::Part => {
            seen.data.push(data[0]);
            // SAFETY: as above.
            unsafe { accepted.write(1) };
        }
        Mode::Nothing => return NOT_ACCEPTED,
        Mode::Keep => {
            seen.lists.push(list);
            return PENDING;
        }
    }
    0
}

unsafe extern "C" fn disconnected(context: PVOID, flags: ULONG) -> NTSTATUS {
    check_level(flags);
    // SAFETY: as above.
    unsafe { &mut *context.cast::<Seen>() }.ended = Some(flags & WSK_FLAG_ABORTIVE);
    0
}

unsafe extern "C" fn backlog(context: PVOID, ideal: SIZE_T) -> NTSTATUS {
    assert!(ideal > 0);
    // SAFETY: as above.
    unsafe { &mut *context.cast::<Seen>() }.backlogs += 1;
    0
}

static CALLBACKS: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: Some(receive),
    WskDisconnectEvent: Some(disconnected),
    WskSendBacklogEvent: Some(backlog),
};

fn change(socket: PWSK_SOCKET, mask: u32, irp: *mut wdk_sys::IRP) -> NTSTATUS {
    let mut control = WSK_EVENT_CALLBACK_CONTROL {
        NpiId: &raw const NPI_WSK_INTERFACE_ID,
        EventMask: mask,
    };
    // SAFETY: every table begins with the basic one.
    unsafe {
        let table: *const WSK_PROVIDER_BASIC_DISPATCH = (*socket).Dispatch.cast();
        (*table).WskControlSocket.expect("there")(
            socket,
            WskSetOption,
            SO_WSK_EVENT_CALLBACK,
            SOL_SOCKET,
            size_of_val(&control) as _,
            (&raw mut control).cast(),
            0,
            null_mut(),
            null_mut(),
            irp,
        )
    }
}

/// A connected socket with callbacks, and what they see.
fn connected(client: &Client, mode: Mode) -> (Socket, *mut Seen) {
    let seen = Box::into_raw(Box::new(Seen {
        mode,
        ..Seen::default()
    }));
    let table: *const c_void = (&raw const CALLBACKS).cast();
    (client.connected(80, seen.cast(), table), seen)
}

fn a_while() {
    sleep(Duration::from_secs(1));
}

/// After the socket is closed.
fn end(seen: *mut Seen) -> Seen {
    // SAFETY: made by Box, and used by nobody.
    *unsafe { Box::from_raw(seen) }
}

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
        // SAFETY: read between calls.
        let before = unsafe { &*seen }.data.len();
        assert!((1..5).contains(&before) || lot(1) == 0);
        let nothing = Buffer::new(&[]);
        for _ in 0..5 {
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
        let mut local = address(std::net::Ipv4Addr::UNSPECIFIED, 4000);
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
