//! Options of sockets, and their addresses.

use wskhttp_core::io::{Error, Kind};
use wskhttp_core::wsk::sys::{
    IPPROTO_TCP, SO_EXCLUSIVEADDRUSE, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET, TCP_FASTOPEN,
};
use wskhttp_core::wsk::{Method, SocketOptions, WskConnect};
use wskhttp_ntsim::{Profile, fault, listen, socket_options, socket_security};

use super::program::{Driver, MINUTE, drive, each};

/// Level, code, value.
type Options = Vec<(u32, u32, Vec<u8>)>;

const ALL: SocketOptions = SocketOptions {
    exclusive: true,
    keep_alive: true,
    send_buffer: Some(1 << 16),
    receive_buffer: Some(1 << 17),
    fast_open: true,
};

/// A connection, and the options that its socket has then.
async fn connect(driver: &Driver, options: SocketOptions) -> Result<Options, Error> {
    connect_by(driver, &WskConnect::new(driver.wsk.clone()).with(options)).await
}

async fn connect_by(driver: &Driver, by: &WskConnect) -> Result<Options, Error> {
    let made = driver.connect_by(by, "127.0.0.1", 80, MINUTE).await?;
    let options = socket_options();
    drop(made);
    Ok(options)
}

fn answer() {
    listen(80, |mut stream| {
        stream.wait_end();
    });
}

#[test]
fn options_are_set_in_their_order() {
    each(20, &[Profile::Windows, Profile::Hostile], || {
        answer();
        let program = async |driver: Driver| connect(&driver, ALL).await;
        drive(program, |done| {
            let expected = [
                (IPPROTO_TCP, TCP_FASTOPEN, 1),
                (SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1),
                (SOL_SOCKET, SO_SNDBUF, 1 << 16),
                (SOL_SOCKET, SO_RCVBUF, 1 << 17),
                (SOL_SOCKET, SO_KEEPALIVE, 1),
            ];
            check(&done.expect("connected"), &expected);
        });
        assert_eq!(fault::count("WskControlSocket"), 5);
        assert_eq!(
            fault::count("WskSocketConnect"),
            0,
            "an option precedes the bind"
        );
    });
}

#[test]
fn options_are_set_on_sockets_made_in_any_way() {
    const LATER: SocketOptions = SocketOptions {
        exclusive: false,
        fast_open: false,
        ..ALL
    };
    for (method, name) in [
        (Method::SocketConnect, "WskSocketConnect"),
        (Method::Connect, "WskConnect"),
        (Method::ConnectEx, "WskConnectEx"),
    ] {
        each(10, &[Profile::Windows, Profile::Hostile], move || {
            answer();
            let program = async move |driver: Driver| {
                let by = WskConnect::new(driver.wsk.clone()).by(method).with(LATER);
                connect_by(&driver, &by).await
            };
            drive(program, |done| {
                let expected = [
                    (SOL_SOCKET, SO_SNDBUF, 1 << 16),
                    (SOL_SOCKET, SO_RCVBUF, 1 << 17),
                    (SOL_SOCKET, SO_KEEPALIVE, 1),
                ];
                check(&done.expect("connected"), &expected);
            });
            assert_eq!(fault::count(name), 1);
        });
    }
}

/// `options` are the expected ones, in whatever order.
fn check(options: &Options, expected: &[(u32, u32, u32)]) {
    let bytes =
        |(level, code, value): &(u32, u32, u32)| (*level, *code, value.to_ne_bytes().to_vec());
    let mut expected: Options = expected.iter().map(bytes).collect();
    expected.sort();
    assert_eq!(options, &expected);
}

#[test]
fn without_options_nothing_is_connected_that_must_be_exclusive() {
    each(10, &[Profile::Wine, Profile::Viosock], || {
        answer();
        let program = async |driver: Driver| {
            let options = SocketOptions {
                exclusive: false,
                ..ALL
            };
            (connect(&driver, ALL).await, connect(&driver, options).await)
        };
        drive(program, |(exclusive, others)| {
            let error = exclusive.expect_err("not exclusive");
            assert_eq!(error.kind, Kind::ConnectFailed);
            check(&others.expect("the others are not needed"), &[]);
        });
    });
}

#[test]
fn a_cached_security_descriptor_is_released_once() {
    each(20, &Profile::ALL, || {
        answer();
        let program = async |driver: Driver| {
            driver.wsk.ready(None).await?;
            // Nobody here looks into it.
            let descriptor = std::ptr::dangling_mut::<u8>().cast();
            // SAFETY: the simulator's provider does not look there.
            let cached = unsafe { driver.wsk.cache_security(descriptor) }?;
            for method in [Method::SocketConnect, Method::Connect] {
                let by = WskConnect::new(driver.wsk.clone()).by(method);
                let by = by.secured(cached.clone());
                driver.connect_by(&by, "127.0.0.1", 80, MINUTE).await?;
            }
            Ok(())
        };
        drive(program, |done: Result<(), Error>| match done {
            Ok(()) => assert_eq!(socket_security(), [true, true]),
            // Wine and viosock have none.
            Err(error) => assert_eq!(error.raw_status.cast_unsigned(), 0xC000_0002),
        });
    });
}

#[test]
fn a_connection_knows_its_addresses() {
    each(
        20,
        &[Profile::Windows, Profile::Hostile, Profile::Wine],
        || {
            answer();
            let program = async |driver: Driver| {
                let transport = driver.connect(80).await?;
                let local = transport.local_address().await;
                let remote = transport.remote_address().await;
                Ok((local, remote))
            };
            drive(program, |done: Result<_, Error>| {
                let (local, remote) = done.expect("connected");
                match (local, remote) {
                    (Ok(local), Ok(remote)) => {
                        assert_eq!(remote.to_string(), "127.0.0.1:80");
                        assert!(local.ip().is_loopback() && local.port() > 0, "{local}");
                    }
                    // Wine cannot tell.
                    (local, remote) => {
                        assert_eq!(local.expect_err("neither").raw_status, NOT_SUPPORTED);
                        assert_eq!(remote.expect_err("neither").raw_status, NOT_SUPPORTED);
                    }
                }
            });
        },
    );
}

const NOT_SUPPORTED: i32 = 0xC000_00BB_u32.cast_signed();
