//! Making and binding sockets.

use alloc::boxed::Box;
use alloc::format;
use core::ptr::{null, null_mut};

use wskhttp_core::wsk::sys::{
    AF_INET6, IN6_ADDR, IN6_ADDR_UN, SOCK_DGRAM, SOCKADDR_IN6, WSK_CLIENT_CONNECTION_DISPATCH,
    WSK_FLAG_BASIC_SOCKET, WSK_FLAG_CONNECTION_SOCKET, WSK_FLAG_DATAGRAM_SOCKET,
    WSK_FLAG_LISTEN_SOCKET, WSK_FLAG_STREAM_SOCKET,
};

use crate::Bench;
use crate::bench::{ANY, loopback};
use crate::request::Request;
use crate::socket::{Kind, Socket};

fn make(bench: &Bench, kind: Kind) {
    bench.say(format!(
        "family {}, type {}, protocol {}, flags {:#x}",
        kind.family, kind.kind, kind.protocol, kind.flags
    ));
    if let Ok(socket) = Socket::of(bench, kind) {
        socket.close(bench);
    }
}

pub(super) fn every_category(bench: &Bench) {
    for flags in [
        WSK_FLAG_BASIC_SOCKET,
        WSK_FLAG_LISTEN_SOCKET,
        WSK_FLAG_CONNECTION_SOCKET,
        WSK_FLAG_STREAM_SOCKET,
    ] {
        make(bench, Kind::tcp(flags));
    }
    let (kind, protocol) = (SOCK_DGRAM, 17);
    make(
        bench,
        Kind {
            kind,
            protocol,
            ..Kind::tcp(WSK_FLAG_DATAGRAM_SOCKET)
        },
    );
}

/// A socket of IPv6 can be made, and no more.
pub(super) fn of_ipv6(bench: &Bench) {
    let kind = Kind {
        family: AF_INET6,
        ..Kind::tcp(WSK_FLAG_CONNECTION_SOCKET)
    };
    let Ok(socket) = Socket::of(bench, kind) else {
        return;
    };
    let mut local = SOCKADDR_IN6::ANY;
    socket.bind_v6(bench, local).end();
    local.sin6_addr = IN6_ADDR {
        u: IN6_ADDR_UN {
            Byte: core::net::Ipv6Addr::LOCALHOST.octets(),
        },
    };
    socket.bind_v6(bench, local).end();
    socket.close(bench);
}

/// A table of callbacks is taken.
pub(super) fn with_callbacks(bench: &Bench) {
    static NONE: WSK_CLIENT_CONNECTION_DISPATCH = WSK_CLIENT_CONNECTION_DISPATCH {
        WskReceiveEvent: None,
        WskDisconnectEvent: None,
        WskSendBacklogEvent: None,
    };
    for context in [null_mut(), (&raw const NONE).cast_mut().cast()] {
        make(
            bench,
            Kind {
                context,
                dispatch: (&raw const NONE).cast(),
                ..Kind::tcp(WSK_FLAG_CONNECTION_SOCKET)
            },
        );
    }
}

pub(super) fn bound_to_any_port(bench: &Bench) {
    for local in [ANY, loopback(0)] {
        let Ok(socket) = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET) else {
            return;
        };
        socket.bind(bench, local).end();
        socket.close(bench);
    }
}

/// The second gets the port once the first is closed.
pub(super) fn bound_to_a_port_in_use(bench: &Bench) {
    let port = bench.ports.free[0];
    let make = || Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET);
    let (Ok(first), Ok(second)) = (make(), make()) else {
        return;
    };
    first.bind(bench, loopback(port)).end();
    second.bind(bench, loopback(port)).end();
    first.close(bench);
    second.bind(bench, loopback(port)).end();
    second.close(bench);
}

pub(super) fn addresses(bench: &Bench) {
    let socket = bench.connected();
    let functions = socket.table();
    let local = functions.WskGetLocalAddress.expect("WskGetLocalAddress");
    let remote = functions.WskGetRemoteAddress.expect("WskGetRemoteAddress");
    let mut place = Box::new(ANY);
    let to = (&raw mut *place).cast();
    for (name, function) in [
        ("WskGetLocalAddress", local),
        ("WskGetRemoteAddress", remote),
    ] {
        // SAFETY: the place stays until the request has ended.
        Request::start(bench, name, |irp| unsafe {
            function(socket.raw(), to, irp)
        })
        .end();
    }
    socket.close(bench);
}

pub(super) fn bound_twice(bench: &Bench) {
    let Ok(socket) = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET) else {
        return;
    };
    socket.bind(bench, ANY).end();
    socket.bind(bench, ANY).end();
    socket.close(bench);
}

pub(super) fn of_no_family(bench: &Bench) {
    make(
        bench,
        Kind {
            family: 99,
            ..Kind::tcp(WSK_FLAG_CONNECTION_SOCKET)
        },
    );
}

pub(super) fn of_another_type(bench: &Bench) {
    make(
        bench,
        Kind {
            kind: SOCK_DGRAM,
            protocol: 17,
            dispatch: null(),
            ..Kind::tcp(WSK_FLAG_CONNECTION_SOCKET)
        },
    );
}

pub(super) fn of_two_categories(bench: &Bench) {
    make(
        bench,
        Kind::tcp(WSK_FLAG_CONNECTION_SOCKET | WSK_FLAG_LISTEN_SOCKET),
    );
}
