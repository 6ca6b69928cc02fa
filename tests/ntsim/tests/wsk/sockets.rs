//! Making, connecting and asking sockets.

use std::io::Read;
use std::net::Ipv4Addr;
use std::ptr::{null, null_mut};
use std::time::Duration;

use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{BLACK_HOLE, Ending, Profile, listen, sleep};

use crate::client::*;
use crate::control::control;

const FULL: &[Profile] = &[Profile::Windows, Profile::Hostile];
const INVALID_DEVICE_STATE: i32 = 0xC000_0184_u32.cast_signed();

/// The two addresses of a socket.
fn addresses(socket: &Socket) -> [Result<SOCKADDR_IN, i32>; 2] {
    let table = socket.table();
    let (local, remote) = (table.WskGetLocalAddress, table.WskGetRemoteAddress);
    [local.expect("there"), remote.expect("there")].map(|function| {
        let mut place = Box::new(SOCKADDR_IN::ANY);
        let to = (&raw mut *place).cast();
        match request(|irp| unsafe { function(socket.0, to, irp) }).0 {
            0.. => Ok(*place),
            status => Err(status),
        }
    })
}

#[test]
fn a_port_is_fixed_at_bind_and_the_address_at_connect() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let socket = client.socket(WSK_FLAG_CONNECTION_SOCKET, null_mut(), null());
        let socket = Socket(socket.expect("made"));
        let none = addresses(&socket).map(|address| address.err());
        assert_eq!(none, [Some(INVALID_DEVICE_STATE); 2]);
        assert_eq!(socket.bind(0), 0);
        let [local, remote] = addresses(&socket);
        let bound = from_address(&local.expect("bound"));
        assert!(bound.ip().is_unspecified() && bound.port() != 0);
        assert_eq!(remote.err(), Some(INVALID_DEVICE_STATE));
        assert_eq!(socket.connect(80), 0);
        let [local, remote] = addresses(&socket);
        let local = from_address(&local.expect("bound"));
        assert_eq!(
            (*local.ip(), local.port()),
            (Ipv4Addr::LOCALHOST, bound.port())
        );
        assert_eq!(from_address(&remote.expect("connected")).port(), 80);
        socket.close();
    });
}

fn socket_connect(client: &Client, port: u16) -> Request {
    let function = client.table().WskSocketConnect.expect("there");
    let mut local = address(Ipv4Addr::UNSPECIFIED, 0);
    let mut remote = address(Ipv4Addr::LOCALHOST, port);
    Request::start(|irp| unsafe {
        function(
            client.npi.Client,
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
}

#[test]
fn connects_in_one_call() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).expect("sent");
            assert_eq!(&hello, b"hello");
            assert_eq!(stream.wait_end(), Ending::Reset);
        });
        let (status, socket) = socket_connect(client, 80).wait();
        assert_eq!(status, 0);
        let socket = Socket(std::ptr::with_exposed_provenance_mut(socket));
        assert_eq!(socket.send(&Buffer::of(b"hello"), 5, 0), (0, 5));
        // What is not read when the connection is reset is lost.
        sleep(Duration::from_secs(1));
        socket.close();
        assert!(socket_connect(client, 81).wait().0 < 0, "nobody listens");
        let pending = socket_connect(client, BLACK_HOLE);
        pending.cancel();
        assert_eq!(pending.wait().0, CANCELLED);
    });
}

#[test]
fn connects_with_data() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).expect("sent");
            assert_eq!(&hello, b"hello");
            stream.wait_end();
        });
        let connect = |data: &Buffer, len, flags, pause| {
            let socket = client.socket(WSK_FLAG_CONNECTION_SOCKET, null_mut(), null());
            let socket = Socket(socket.expect("made"));
            assert_eq!(socket.bind(0), 0);
            let function = socket.table().WskConnectEx.expect("there");
            let mut remote = address(Ipv4Addr::LOCALHOST, 80);
            let mut part = data.part(0, len);
            let (status, _) = request(|irp| unsafe {
                function(
                    socket.0,
                    (&raw mut remote).cast(),
                    &raw mut part,
                    flags,
                    irp,
                )
            });
            sleep(Duration::from_secs(pause));
            socket.close();
            status
        };
        let large = Buffer::new(&[70_000]);
        large.fill(b"hello");
        assert_eq!(connect(&large, 65_536, 0, 0), 0x8000_0005_u32.cast_signed());
        assert_eq!(connect(&large, 5, 1, 0), 0xC000_000D_u32.cast_signed());
        assert_eq!(connect(&large, 5, 0, 1), 0);
    });
}

#[test]
fn a_port_is_not_bound_twice() {
    let status = |profile| match profile {
        Profile::Wine => 0xC000_0238_u32,
        _ => 0xC000_020A,
    };
    for profile in Profile::ALL {
        run(&[profile], move |client| {
            let sockets = [(); 2].map(|()| {
                let socket = client.socket(WSK_FLAG_CONNECTION_SOCKET, null_mut(), null());
                Socket(socket.expect("made"))
            });
            let outcome = sockets.each_ref().map(|socket| socket.bind(4000));
            assert_eq!(outcome, [0, status(profile).cast_signed()]);
            sockets.into_iter().for_each(Socket::close);
        });
    }
    run(FULL, |client| {
        let ways = [None, Some(SO_REUSEADDR), Some(SO_EXCLUSIVEADDRUSE)];
        let addresses = [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST];
        let ways = || {
            ways.into_iter()
                .flat_map(move |way| addresses.map(|ip| (way, ip)))
        };
        let bind = |(option, ip)| {
            let socket = client.socket(WSK_FLAG_CONNECTION_SOCKET, null_mut(), null());
            let socket = Socket(socket.expect("made"));
            if let Some(option) = option {
                assert_eq!(
                    control(&socket, WskSetOption, SOL_SOCKET, option, &mut 1).0,
                    0
                );
            }
            let status = socket.bind_to(ip, 4000);
            (socket, status)
        };
        let (good, in_use, denied) = (0, 0xC000_020A_u32, 0xC000_0022);
        // By the first socket; the default descriptor grants no access.
        for (first, second) in ways().zip([
            [in_use, denied, denied, denied, in_use, denied],
            [good, in_use, good, denied, in_use, in_use],
            [in_use, denied, good, good, in_use, denied],
            [good, denied, good, good, in_use, in_use],
            [in_use, denied, denied, denied, in_use, denied],
            [good, in_use, good, denied, in_use, in_use],
        ]) {
            let (socket, status) = bind(first);
            assert_eq!(status, 0);
            for (way, expected) in ways().zip(second) {
                let (other, status) = bind(way);
                assert_eq!(status, expected.cast_signed(), "{first:?}, then {way:?}");
                other.close();
            }
            let (option, _) = first;
            let (other, status) = bind((option, Ipv4Addr::new(127, 0, 0, 2)));
            let shares = first.1 != Ipv4Addr::UNSPECIFIED || option == Some(SO_REUSEADDR);
            assert_eq!(status == 0, shares, "{first:?}, then another address");
            [socket, other].into_iter().for_each(Socket::close);
        }
    });
}

#[test]
fn what_wine_lacks_never_completes() {
    run(&[Profile::Wine], |client| {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        assert_eq!(socket_connect(client, 80).forget(), NOT_IMPLEMENTED);
        let socket = client.plain(80);
        assert_eq!(socket.start_disconnect(None, 0).forget(), NOT_IMPLEMENTED);
        let local = socket.table().WskGetLocalAddress.expect("there");
        let mut place = SOCKADDR_IN::ANY;
        let pending =
            Request::start(|irp| unsafe { local(socket.0, (&raw mut place).cast(), irp) });
        assert_eq!(pending.forget(), NOT_IMPLEMENTED);
        // Nothing is canceled but by closing.
        let buffer = Buffer::new(&[16]);
        let receive = socket.start_receive(&buffer, 16, 0);
        receive.cancel();
        sleep(Duration::from_secs(1));
        assert!(!receive.is_done());
        socket.close();
        assert_eq!(receive.wait().0, CANCELLED);
    });
}

#[test]
fn what_viosock_lacks_fails() {
    run(&[Profile::Viosock], |client| {
        assert_eq!(socket_connect(client, 80).wait().0, NOT_IMPLEMENTED);
        let stream = client.socket(WSK_FLAG_STREAM_SOCKET, null_mut(), null());
        Socket(stream.expect("made")).close_as_stream();
    });
}

#[test]
fn datagrams_are_not_simulated() {
    let status = |profile| match profile {
        Profile::Wine => 0xC000_0002_u32,
        _ => 0xC000_00BB,
    };
    for profile in Profile::ALL {
        run(&[profile], move |client| {
            let outcome = client.socket(WSK_FLAG_DATAGRAM_SOCKET, null_mut(), null());
            assert_eq!(outcome, Err(status(profile).cast_signed()));
        });
    }
}

impl Socket {
    fn close_as_stream(self) {
        // Every table begins with the basic one.
        self.close();
    }
}
