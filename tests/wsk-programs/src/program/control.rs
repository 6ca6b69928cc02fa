//! Options and controls.

use alloc::boxed::Box;
use core::ptr::null_mut;

use wdk_sys::NTSTATUS;
use wskhttp_core::wsk::sys::{
    IPPROTO_TCP, SIO_WSK_QUERY_IDEAL_SEND_BACKLOG, SIO_WSK_QUERY_RECEIVE_BACKLOG, SO_KEEPALIVE,
    SO_RCVBUF, SOL_SOCKET, TCP_NODELAY, WSK_CACHE_SD, WSK_TRANSPORT, WSK_TRANSPORT_LIST_CHANGE,
    WSK_TRANSPORT_LIST_QUERY, WskGetOption, WskIoctl, WskSetOption,
};

use crate::Bench;
use crate::client::table;
use crate::request::Request;
use crate::status;

pub(super) fn options(bench: &Bench) {
    let socket = bench.connected();
    for request in [WskGetOption, WskSetOption] {
        for (level, code) in [
            (SOL_SOCKET, SO_KEEPALIVE),
            (SOL_SOCKET, SO_RCVBUF),
            (IPPROTO_TCP, TCP_NODELAY),
        ] {
            let mut value = Box::new([1, 0, 0, 0]);
            socket
                .control(bench, request, code, level, &mut *value)
                .end();
        }
    }
    socket.close(bench);
}

pub(super) fn ioctls(bench: &Bench) {
    let socket = bench.connected();
    for code in [
        SIO_WSK_QUERY_IDEAL_SEND_BACKLOG,
        SIO_WSK_QUERY_RECEIVE_BACKLOG,
    ] {
        let mut value = Box::new([0; 8]);
        socket.control(bench, WskIoctl, code, 0, &mut *value).end();
    }
    socket.close(bench);
}

/// WskControlClient, without an IRP but for what waits.
pub(super) fn client(bench: &Bench) {
    let control = table(&bench.npi)
        .WskControlClient
        .expect("WskControlClient");
    let say = |name: &str, status: NTSTATUS| {
        let status = status::name(status);
        bench.say(alloc::format!("WskControlClient ({name}) -> {status}"));
    };
    let mut list = Box::new([const { core::mem::MaybeUninit::<WSK_TRANSPORT>::uninit() }; 8]);
    let (to, size) = (list.as_mut_ptr().cast(), size_of_val(&*list) as _);
    // SAFETY: captured; as large as that.
    let status = unsafe {
        control(
            bench.npi.Client,
            WSK_TRANSPORT_LIST_QUERY,
            0,
            null_mut(),
            size,
            to,
            null_mut(),
            null_mut(),
        )
    };
    say("WSK_TRANSPORT_LIST_QUERY", status);
    let mut cached = Box::new(0_usize);
    // SAFETY: captured; as large as that.
    let status = unsafe {
        control(
            bench.npi.Client,
            WSK_CACHE_SD,
            0,
            null_mut(),
            size_of::<usize>() as _,
            (&raw mut *cached).cast(),
            null_mut(),
            null_mut(),
        )
    };
    say("WSK_CACHE_SD", status);
    // SAFETY: captured; no memory.
    Request::start(bench, "WskControlClient", |irp| unsafe {
        control(
            bench.npi.Client,
            WSK_TRANSPORT_LIST_CHANGE,
            0,
            null_mut(),
            0,
            null_mut(),
            null_mut(),
            irp,
        )
    })
    .end();
}
