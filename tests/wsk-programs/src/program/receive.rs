//! Receiving.

use alloc::format;
use alloc::vec::Vec;

use wskhttp_core::wsk::sys::{WSK_BUF, WSK_FLAG_WAITALL};

use crate::Bench;
use crate::buffer::{Buffer, sum};
use crate::request::End;
use crate::socket::Socket;

/// Receives up to `len` bytes, and says what they add up to.
fn receive(bench: &Bench, socket: &Socket, len: usize, flags: u32) -> End {
    let buffer = Buffer::new(&[len.max(1)]);
    let end = socket.receive(bench, buffer.part(0, len), flags).end();
    added(bench, &buffer);
    end
}

fn added(bench: &Bench, buffer: &Buffer) {
    bench.say(format!("sum {:#04x}", sum(&buffer.bytes())));
}

pub(super) fn what_is_there(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(5);
    receive(bench, &socket, 16, 0);
    bench.peer_sends(1);
    receive(bench, &socket, 1, 0);
    socket.close(bench);
    bench.peer_sees_the_end();
}

pub(super) fn what_comes_later(bench: &Bench) {
    let socket = bench.connected();
    let buffer = Buffer::new(&[16]);
    for _ in 0..2 {
        let request = socket.receive(bench, buffer.part(0, 16), 0);
        request.look();
        bench.peer_sends(5);
        request.end();
        added(bench, &buffer);
    }
    socket.close(bench);
}

pub(super) fn in_pieces(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(10);
    for len in [1, 4, 5] {
        receive(bench, &socket, len, 0);
    }
    socket.close(bench);
    bench.peer_sees_the_end();
}

/// With something there, and without.
pub(super) fn nothing(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(2);
    receive(bench, &socket, 0, 0);
    let none = WSK_BUF {
        Mdl: core::ptr::null_mut(),
        Offset: 0,
        Length: 0,
    };
    socket.receive(bench, none, 0).end();
    receive(bench, &socket, 2, 0);
    let waiting = socket.receive(bench, none, 0);
    bench.peer_sends(1);
    waiting.end();
    receive(bench, &socket, 1, 0);
    socket.close(bench);
}

pub(super) fn at_an_offset(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(6);
    let buffer = Buffer::of(&[100; 8]);
    socket.receive(bench, buffer.part(5, 3), 0).end();
    added(bench, &buffer);
    socket.receive(bench, buffer.part(1, 3), 0).end();
    added(bench, &buffer);
    socket.close(bench);
}

/// It may come in several pieces, so that only what they add up to is said.
pub(super) fn large(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(64 * 1024);
    let buffer = Buffer::new(&[64 * 1024]);
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() < 64 * 1024 {
        let left = 64 * 1024 - bytes.len();
        let end = bench.silently(|| socket.receive(bench, buffer.part(0, left), 0).end());
        if end.status < 0 || end.information == 0 {
            break;
        }
        bytes.extend_from_slice(&buffer.bytes()[..end.information]);
    }
    bench.say(format!("{} bytes, sum {:#04x}", bytes.len(), sum(&bytes)));
    socket.close(bench);
}

/// Also where all the data would lie in the first MDL of the chain.
pub(super) fn into_a_chain(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(7);
    let chain = Buffer::new(&[3, 4]);
    socket.receive(bench, chain.part(0, 7), 0).end();
    socket.receive(bench, chain.part(0, 2), 0).end();
    receive(bench, &socket, 7, 0);
    socket.close(bench);
}

/// WSK_FLAG_WAITALL does not wait.
pub(super) fn with_flags(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(3);
    let end = receive(bench, &socket, 5, WSK_FLAG_WAITALL);
    if end.information < 5 {
        bench.peer_sends(2);
        receive(bench, &socket, 5, WSK_FLAG_WAITALL);
    }
    socket.close(bench);
}

pub(super) fn in_order(bench: &Bench) {
    let socket = bench.connected();
    let buffers = [(); 3].map(|()| Buffer::new(&[4]));
    let requests = buffers
        .each_ref()
        .map(|buffer| socket.receive(bench, buffer.part(0, 4), 0));
    for (buffer, request) in buffers.iter().zip(requests) {
        bench.peer_sends(4);
        request.end();
        added(bench, buffer);
    }
    socket.close(bench);
}

/// Wine keeps ten at a time.
pub(super) fn too_many_at_a_time(bench: &Bench) {
    let socket = bench.connected();
    let buffers = [(); 12].map(|()| Buffer::new(&[1]));
    let requests = buffers
        .each_ref()
        .map(|buffer| socket.receive(bench, buffer.part(0, 1), 0));
    socket.close(bench);
    for request in requests {
        request.end();
    }
}

pub(super) fn fin(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_finishes();
    for _ in 0..2 {
        receive(bench, &socket, 16, 0);
    }
    socket.close(bench);
}

pub(super) fn fin_while_waiting(bench: &Bench) {
    let socket = bench.connected();
    let buffer = Buffer::new(&[16]);
    let request = socket.receive(bench, buffer.part(0, 16), 0);
    bench.peer_finishes();
    request.end();
    receive(bench, &socket, 16, 0);
    socket.close(bench);
}

pub(super) fn data_and_fin(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_sends(5);
    bench.peer_finishes();
    receive(bench, &socket, 16, 0);
    receive(bench, &socket, 16, 0);
    socket.close(bench);
}

pub(super) fn reset_while_waiting(bench: &Bench) {
    let socket = bench.connected();
    let buffer = Buffer::new(&[16]);
    let request = socket.receive(bench, buffer.part(0, 16), 0);
    bench.peer_resets();
    request.end();
    socket.close(bench);
}

pub(super) fn after_a_reset(bench: &Bench) {
    let socket = bench.connected();
    bench.peer_resets();
    receive(bench, &socket, 16, 0);
    receive(bench, &socket, 16, 0);
    let data = Buffer::of(b"hello");
    socket.send(bench, data.part(0, 5), 0).end();
    socket.close(bench);
}
