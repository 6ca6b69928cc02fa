//! IoCancelIrp.

use crate::Bench;
use crate::buffer::Buffer;
use crate::program::name::look_up;

pub(super) fn a_receive(bench: &Bench) {
    let socket = bench.connected();
    let buffer = Buffer::new(&[16]);
    let request = socket.receive(bench, buffer.part(0, 16), 0);
    request.cancel();
    request.look();
    socket.close(bench);
    request.end();
}

pub(super) fn a_receive_that_ends(bench: &Bench) {
    let socket = bench.connected();
    let buffer = Buffer::new(&[16]);
    let request = socket.receive(bench, buffer.part(0, 16), 0);
    request.cancel();
    bench.peer_sends(5);
    request.end();
    socket.close(bench);
}

pub(super) fn a_look_up(bench: &Bench) {
    look_up(bench, "localhost", |request| request.cancel());
}
