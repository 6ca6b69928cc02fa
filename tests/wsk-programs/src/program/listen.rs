//! Listening and accepting.

use alloc::boxed::Box;
use alloc::format;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::ptr::null_mut;

use wskhttp_core::wsk::sys::{SOCKADDR_IN, WSK_FLAG_CONNECTION_SOCKET, WSK_FLAG_LISTEN_SOCKET};

use crate::Bench;
use crate::bench::{ANY, loopback};
use crate::buffer::Buffer;
use crate::socket::Socket;

fn listener(bench: &Bench, port: u16) -> Option<Socket> {
    let socket = Socket::new(bench, WSK_FLAG_LISTEN_SOCKET).ok()?;
    socket.listen(bench, loopback(port)).end();
    Some(socket)
}

fn client(bench: &Bench) -> Option<Socket> {
    let socket = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET).ok()?;
    socket.bind(bench, ANY).end();
    Some(socket)
}

fn address(address: &SOCKADDR_IN) -> SocketAddrV4 {
    // SAFETY: every byte is defined by each view.
    let bits = u32::from_be(unsafe { address.sin_addr.S_un.S_addr });
    SocketAddrV4::new(Ipv4Addr::from_bits(bits), u16::from_be(address.sin_port))
}

/// What one sends the other receives.
fn talk(bench: &Bench, from: &Socket, to: &Socket) {
    let buffer = Buffer::new(&[16]);
    let receive = to.receive(bench, buffer.part(0, 16), 0);
    let data = Buffer::of(b"hello");
    from.send(bench, data.part(0, 5), 0).end();
    receive.end();
}

/// A connection that comes later.
pub(super) fn accepts(bench: &Bench) {
    let port = bench.ports.free[1];
    let (Some(listener), Some(client)) = (listener(bench, port), client(bench)) else {
        return;
    };
    let (mut local, mut remote) = (Box::new(ANY), Box::new(ANY));
    let accept = listener.accept(bench, &raw mut *local, &raw mut *remote);
    accept.look();
    client.connect(bench, loopback(port)).end();
    let end = accept.end();
    if end.status < 0 {
        return;
    }
    let accepted = Socket::at(end.information);
    let (local, remote) = (address(&local), address(&remote));
    bench.say(format!(
        "at {} and its port: {}, from {} and a port: {}",
        local.ip(),
        local.port() == port,
        remote.ip(),
        remote.port() != 0
    ));
    talk(bench, &client, &accepted);
    talk(bench, &accepted, &client);
    accepted.close(bench);
    client.close(bench);
    listener.close(bench);
}

/// A connection that is there before.
pub(super) fn accepts_what_waits(bench: &Bench) {
    let port = bench.ports.free[2];
    let (Some(listener), Some(client)) = (listener(bench, port), client(bench)) else {
        return;
    };
    client.connect(bench, loopback(port)).end();
    let end = listener.accept(bench, null_mut(), null_mut()).end();
    if end.status < 0 {
        return;
    }
    let accepted = Socket::at(end.information);
    talk(bench, &client, &accepted);
    client.close(bench);
    accepted.close(bench);
    listener.close(bench);
}

pub(super) fn closed_while_accepting(bench: &Bench) {
    let Some(listener) = listener(bench, bench.ports.free[0]) else {
        return;
    };
    let accept = listener.accept(bench, null_mut(), null_mut());
    accept.cancel();
    accept.look();
    let close = listener.start_close(bench);
    accept.end();
    close.end();
}
