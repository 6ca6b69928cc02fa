//! Event callbacks.

use alloc::boxed::Box;
use alloc::format;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

use wdk_sys::{NTSTATUS, PVOID, SIZE_T, ULONG};
use wskhttp_core::wsk::sys::{
    NPI_WSK_INTERFACE_ID, PWSK_DATA_INDICATION, SO_WSK_EVENT_CALLBACK, SOL_SOCKET,
    WSK_CLIENT_CONNECTION_DISPATCH, WSK_EVENT_CALLBACK_CONTROL, WSK_EVENT_DISCONNECT,
    WSK_EVENT_RECEIVE, WSK_FLAG_CONNECTION_SOCKET, WSK_SET_STATIC_EVENT_CALLBACKS, WskSetOption,
};

use crate::Bench;
use crate::bench::{ANY, loopback};
use crate::buffer::Buffer;
use crate::client::table;
use crate::socket::{Kind, Socket};
use crate::status;

static CALLS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn received(
    _: PVOID,
    _: ULONG,
    _: PWSK_DATA_INDICATION,
    _: SIZE_T,
    _: *mut SIZE_T,
) -> NTSTATUS {
    CALLS.fetch_add(1, SeqCst);
    0
}

unsafe extern "C" fn disconnected(_: PVOID, _: ULONG) -> NTSTATUS {
    CALLS.fetch_add(1, SeqCst);
    0
}

static CALLBACKS: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
    WskReceiveEvent: Some(received),
    WskDisconnectEvent: Some(disconnected),
    WskSendBacklogEvent: None,
};

/// Neither for the client nor for a socket; nothing is called.
pub(super) fn enabled(bench: &Bench) {
    let mask = WSK_EVENT_RECEIVE | WSK_EVENT_DISCONNECT;
    let mut control = Box::new(WSK_EVENT_CALLBACK_CONTROL {
        NpiId: &raw const NPI_WSK_INTERFACE_ID,
        EventMask: mask,
    });
    let size = size_of::<WSK_EVENT_CALLBACK_CONTROL>();
    let of_client = table(&bench.npi)
        .WskControlClient
        .expect("WskControlClient");
    // SAFETY: captured; read inside the call.
    let status = unsafe {
        of_client(
            bench.npi.Client,
            WSK_SET_STATIC_EVENT_CALLBACKS,
            size as _,
            (&raw mut *control).cast(),
            0,
            null_mut(),
            null_mut(),
            null_mut(),
        )
    };
    let status = status::name(status);
    bench.say(format!(
        "WskControlClient (WSK_SET_STATIC_EVENT_CALLBACKS) -> {status}"
    ));
    let kind = Kind {
        context: (&raw const CALLS).cast_mut().cast(),
        dispatch: (&raw const CALLBACKS).cast(),
        ..Kind::tcp(WSK_FLAG_CONNECTION_SOCKET)
    };
    let Ok(socket) = Socket::of(bench, kind) else {
        return;
    };
    socket.bind(bench, ANY).end();
    socket.connect(bench, loopback(bench.ports.data)).end();
    bench.accept();
    // SAFETY: all of it is initialised.
    let bytes = unsafe { core::slice::from_raw_parts_mut((&raw mut *control).cast(), size) };
    let option = (SO_WSK_EVENT_CALLBACK, SOL_SOCKET);
    socket
        .control(bench, WskSetOption, option.0, option.1, bytes)
        .end();
    bench.peer_sends(5);
    bench.peer_finishes();
    let buffer = Buffer::new(&[16]);
    socket.receive(bench, buffer.part(0, 16), 0).end();
    bench.say(format!("{} callbacks", CALLS.load(SeqCst)));
    socket.close(bench);
}
