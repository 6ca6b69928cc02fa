//! Disconnecting and closing.

use wskhttp_core::wsk::sys::WSK_FLAG_ABORTIVE;

use crate::Bench;
use crate::buffer::Buffer;

/// Neither way, and not the second time.
pub(super) fn disconnects(bench: &Bench) {
    let socket = bench.connected();
    let last = Buffer::of(b"last");
    socket.disconnect(bench, Some(last.part(0, 4)), 0).end();
    socket.disconnect(bench, None, 0).end();
    socket.disconnect(bench, None, 0).end();
    socket.disconnect(bench, None, WSK_FLAG_ABORTIVE).end();
    socket.send(bench, last.part(0, 4), 0).end();
    bench.peer_receives(4);
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn all_received(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(4);
    let buffer = Buffer::new(&[4]);
    socket.receive(bench, buffer.part(0, 4), 0).end();
    socket.send(bench, buffer.part(0, 4), 0).end();
    socket.close(bench);
    bench.peer_receives(4);
    bench.peer_sees_the_end();
}

pub(super) fn with_data_not_received(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(4);
    socket.close(bench);
    bench.peer_sees_the_end();
}

/// They are canceled inside the call, before it is completed itself.
pub(super) fn with_requests(bench: &Bench) {
    let socket = bench.connected();
    let buffers = [(); 2].map(|()| Buffer::new(&[4]));
    let requests = buffers
        .each_ref()
        .map(|buffer| socket.receive(bench, buffer.part(0, 4), 0));
    let close = socket.start_close(bench);
    for request in requests {
        request.look();
        request.end();
    }
    close.end();
    bench.peer_sees_the_end();
}

pub(super) fn after_fin(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_finishes();
    let buffer = Buffer::new(&[4]);
    socket.receive(bench, buffer.part(0, 4), 0).end();
    socket.close(bench);
    bench.peer_sees_the_end();
}
