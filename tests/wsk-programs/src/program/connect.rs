//! Connecting.

use core::ptr::{null, null_mut};

use wskhttp_core::wsk::sys::{IPPROTO_TCP, SOCK_STREAM, WSK_FLAG_CONNECTION_SOCKET};

use crate::Bench;
use crate::bench::{ANY, loopback};
use crate::buffer::Buffer;
use crate::client::table;
use crate::request::Request;
use crate::socket::Socket;

fn bound(bench: &Bench) -> Option<Socket> {
    let socket = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET).ok()?;
    socket.bind(bench, ANY).end();
    Some(socket)
}

pub(super) fn accepted(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    socket.connect(bench, loopback(bench.ports.data)).end();
    bench.accept();
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn refused(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    socket.connect(bench, loopback(bench.ports.free[0])).end();
    socket.close(bench);
}

pub(super) fn refused_and_tried_again(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    socket.connect(bench, loopback(bench.ports.free[0])).end();
    socket.connect(bench, loopback(bench.ports.data)).end();
    bench.accept();
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn closed_while_connecting(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    let connect = socket.connect(bench, loopback(bench.ports.full));
    connect.cancel();
    connect.look();
    let close = socket.start_close(bench);
    connect.look();
    connect.end();
    close.end();
}

pub(super) fn in_one_call(bench: &Bench) {
    let connect = table(&bench.npi)
        .WskSocketConnect
        .expect("WskSocketConnect");
    let (mut local, mut remote) = (ANY, loopback(bench.ports.data));
    // SAFETY: captured; the addresses stay until the request has ended.
    Request::make(bench, "WskSocketConnect", |irp| unsafe {
        connect(
            bench.npi.Client,
            SOCK_STREAM,
            IPPROTO_TCP,
            (&raw mut local).cast(),
            (&raw mut remote).cast(),
            0,
            null_mut(),
            null(),
            null_mut(),
            null_mut(),
            null_mut(),
            irp,
        )
    })
    .end();
}

pub(super) fn with_data(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    let connect = socket.table().WskConnectEx.expect("WskConnectEx");
    let data = Buffer::of(b"hello");
    let (mut part, mut remote) = (data.part(0, 5), loopback(bench.ports.data));
    let at = (&raw mut remote).cast();
    // SAFETY: the data stays until the request has ended.
    Request::start(bench, "WskConnectEx", |irp| unsafe {
        connect(socket.raw(), at, &raw mut part, 0, irp)
    })
    .end();
    socket.close(bench);
}

pub(super) fn unbound(bench: &Bench) {
    let Ok(socket) = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET) else {
        return;
    };
    socket.connect(bench, loopback(bench.ports.free[0])).end();
    socket.close(bench);
}

pub(super) fn another_family(bench: &Bench) {
    let Some(socket) = bound(bench) else { return };
    let mut remote = loopback(bench.ports.free[0]);
    remote.sin_family = wskhttp_core::wsk::sys::AF_INET6;
    socket.connect(bench, remote).end();
    socket.close(bench);
}
