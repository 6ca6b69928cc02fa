//! Options, I/O controls and the control functions of the client.

use std::io::Write;
use std::ptr::{null, null_mut};
use std::time::Duration;

use wdk_sys::NTSTATUS;
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{Profile, change_transports, listen, sleep};

use crate::client::*;

const FULL: &[Profile] = &[Profile::Windows, Profile::Hostile];
const BUFFER_OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();

/// WskControlSocket with an IRP, and a word in and out.
pub(crate) fn control(
    socket: &Socket,
    kind: i32,
    level: u32,
    code: u32,
    value: &mut u64,
) -> (NTSTATUS, usize) {
    let function = socket.table().Basic.WskControlSocket.expect("there");
    let place = std::ptr::from_mut(value).cast();
    let (input, output) = if kind == WskSetOption { (4, 0) } else { (0, 8) };
    request(|irp| unsafe {
        let none = null_mut();
        let (from, to) = if input > 0 {
            (place, none)
        } else {
            (none, place)
        };
        function(
            socket.0,
            kind,
            code,
            level,
            input,
            from,
            output,
            to,
            null_mut(),
            irp,
        )
    })
}

#[test]
fn options_are_kept() {
    run(FULL, |client| {
        let socket = client.socket(WSK_FLAG_CONNECTION_SOCKET, null_mut(), null());
        let socket = Socket(socket.expect("made"));
        let mut value = 9;
        let get = control(&socket, WskGetOption, SOL_SOCKET, SO_KEEPALIVE, &mut value);
        assert_eq!((get, value as u32), ((0, 4), 0), "off by default");
        for (level, code) in [
            (SOL_SOCKET, SO_KEEPALIVE),
            (SOL_SOCKET, SO_EXCLUSIVEADDRUSE),
            (IPPROTO_TCP, TCP_NODELAY),
        ] {
            assert_eq!(control(&socket, WskSetOption, level, code, &mut 1).0, 0);
            let mut value = 0;
            control(&socket, WskGetOption, level, code, &mut value);
            assert_eq!(value as u32, 1);
        }
        assert!(control(&socket, WskSetOption, SOL_SOCKET, 0x7777, &mut 1).0 < 0);
        socket.close();
    });
}

#[test]
fn tells_the_backlogs() {
    run(FULL, |client| {
        listen(80, |mut stream| {
            stream.write_all(b"hello").expect("taken");
            stream.wait_end();
        });
        let socket = client.plain(80);
        sleep(Duration::from_secs(1));
        let mut bytes = 0;
        let code = SIO_WSK_QUERY_IDEAL_SEND_BACKLOG;
        assert_eq!(control(&socket, WskIoctl, 0, code, &mut bytes), (0, 8));
        assert!(bytes >= 1024);
        let code = SIO_WSK_QUERY_RECEIVE_BACKLOG;
        assert_eq!(control(&socket, WskIoctl, 0, code, &mut bytes), (0, 8));
        assert_eq!(bytes, 5);
        socket.close();
    });
}

#[test]
fn the_transports_are_listed_and_changes_are_told() {
    run(FULL, |client| {
        let function = client.table().WskControlClient.expect("there");
        let mut size = 0;
        let query = |to: &mut [WSK_TRANSPORT], size: *mut u64| unsafe {
            let bytes = size_of_val(to) as u64;
            let code = WSK_TRANSPORT_LIST_QUERY;
            let place = to.as_mut_ptr().cast();
            function(
                client.npi.Client,
                code,
                0,
                null_mut(),
                bytes,
                place,
                size,
                null_mut(),
            )
        };
        assert_eq!(query(&mut [], &raw mut size), BUFFER_OVERFLOW);
        let empty = WSK_TRANSPORT {
            Version: 0,
            SocketType: 0,
            Protocol: 0,
            AddressFamily: 0,
            ProviderId: wdk_sys::GUID::default(),
        };
        let mut list = vec![empty; size as usize / size_of::<WSK_TRANSPORT>()];
        assert_eq!(query(&mut list, &raw mut size), 0);
        assert!(
            list.iter()
                .any(|transport| transport.Protocol == IPPROTO_TCP)
        );
        let wait = || {
            Request::start(|irp| unsafe {
                let code = WSK_TRANSPORT_LIST_CHANGE;
                let none = null_mut();
                function(client.npi.Client, code, 0, none, 0, none, null_mut(), irp)
            })
        };
        let change = wait();
        sleep(Duration::from_secs(1));
        assert!(!change.is_done());
        change_transports();
        assert_eq!(change.wait().0, 0);
        let change = wait();
        change.cancel();
        assert_eq!(change.wait().0, CANCELLED);
    });
}

#[test]
fn security_descriptors_are_cached() {
    run(FULL, |client| {
        let function = client.table().WskControlClient.expect("there");
        let (mut cached, none) = (0usize, null_mut());
        let place = (&raw mut cached).cast();
        let call = |code, input, from, output, to| unsafe {
            function(
                client.npi.Client,
                code,
                input,
                from,
                output,
                to,
                null_mut(),
                null_mut(),
            )
        };
        assert_eq!(call(WSK_CACHE_SD, 0, none, 8, place), 0);
        assert_eq!(call(WSK_RELEASE_SD, 8, place, 0, none), 0);
    });
}

#[test]
fn other_providers_do_not_have_them() {
    run(&[Profile::Viosock, Profile::Wine], |client| {
        let function = client.table().WskControlClient.expect("there");
        let (code, none) = (WSK_TRANSPORT_LIST_QUERY, null_mut());
        let status = unsafe {
            function(
                client.npi.Client,
                code,
                0,
                none,
                0,
                none,
                null_mut(),
                null_mut(),
            )
        };
        assert_eq!(status, NOT_IMPLEMENTED);
    });
}
