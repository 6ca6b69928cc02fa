//! Sending.

use wskhttp_core::wsk::sys::{WSK_BUF, WSK_FLAG_CONNECTION_SOCKET, WSK_FLAG_NODELAY};

use crate::Bench;
use crate::bench::{ANY, pattern};
use crate::buffer::Buffer;
use crate::socket::Socket;

pub(super) fn one_byte(bench: &Bench) {
    let socket = bench.connected();
    let data = Buffer::of(&[7]);
    socket.send(bench, data.part(0, 1), 0).end();
    bench.peer_receives(1);
    socket.send(bench, data.part(0, 1), 0).end();
    bench.peer_receives(1);
    socket.close(bench);
}

pub(super) fn nothing(bench: &Bench) {
    let socket = bench.connected();
    let data = Buffer::of(&[7]);
    socket.send(bench, data.part(0, 0), 0).end();
    let none = WSK_BUF {
        Mdl: core::ptr::null_mut(),
        Offset: 0,
        Length: 0,
    };
    socket.send(bench, none, 0).end();
    socket.send(bench, data.part(0, 1), 0).end();
    bench.peer_receives(1);
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn from_an_offset(bench: &Bench) {
    let socket = bench.connected();
    let data = Buffer::of(&[1, 2, 4, 8, 16, 32]);
    socket.send(bench, data.part(2, 3), 0).end();
    bench.peer_receives(3);
    socket.close(bench);
}

pub(super) fn large(bench: &Bench) {
    let socket = bench.connected();
    let bytes: alloc::vec::Vec<u8> = (0..64 * 1024).map(pattern).collect();
    let data = Buffer::of(&bytes);
    socket.send(bench, data.part(0, 64 * 1024), 0).end();
    bench.peer_receives(64 * 1024);
    socket.close(bench);
}

/// Also where all the data lies in the first MDL of the chain.
pub(super) fn from_a_chain(bench: &Bench) {
    let socket = bench.connected();
    let chain = Buffer::new(&[3, 4]);
    socket.send(bench, chain.part(0, 7), 0).end();
    socket.send(bench, chain.part(0, 2), 0).end();
    socket.send(bench, chain.part(0, 0), 0).end();
    let data = Buffer::of(&[7]);
    socket.send(bench, data.part(0, 1), 0).end();
    bench.peer_receives(1);
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn with_flags(bench: &Bench) {
    let socket = bench.connected();
    let data = Buffer::of(b"hello");
    socket.send(bench, data.part(0, 5), WSK_FLAG_NODELAY).end();
    bench.peer_receives(5);
    socket.close(bench);
}

/// Its half of the connection is still open.
pub(super) fn after_fin_of_the_peer(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_finishes();
    let data = Buffer::of(b"hello");
    socket.send(bench, data.part(0, 5), 0).end();
    bench.peer_receives(5);
    socket.close(bench);
}

pub(super) fn unconnected(bench: &Bench) {
    let Ok(socket) = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET) else {
        return;
    };
    socket.bind(bench, ANY).end();
    let data = Buffer::of(b"hello");
    socket.send(bench, data.part(0, 5), 0).end();
    socket.receive(bench, data.part(0, 5), 0).end();
    socket.close(bench);
}
