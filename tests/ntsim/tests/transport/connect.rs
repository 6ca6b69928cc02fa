//! Making connections.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use wskhttp_core::io::{
    ConnectionInfo, Error, Kind, Phase, Scheme, Target, Transport, TransportExt,
};
use wskhttp_core::nt::process::Process;
use wskhttp_core::wsk::{Method, SocketOptions, WskConnect};
use wskhttp_ntsim::{Host, Profile, fault, listen, set_host, set_name, socket_owners};

use super::program::{Driver, GRACEFUL, MINUTE, drive, each, pattern, receive, send};

#[test]
fn a_socket_belongs_to_the_process_that_the_connector_was_given() {
    each(20, &Profile::ALL, || {
        listen(80, drop);
        let program = async move |driver: Driver| {
            // SAFETY: the simulator's processes stay.
            let owner = unsafe { Process::reference(wskhttp_ntsim::process(7)) };
            let by = WskConnect::for_process(driver.wsk.clone(), owner);
            driver.connect_by(&by, "127.0.0.1", 80, MINUTE).await?;
            driver.connect(80).await.map(drop)
        };
        drive(program, |done| done.expect("connected"));
        let mut owners = socket_owners();
        // One more that was refused.
        owners.dedup();
        assert_eq!(owners, [7, 0]);
    });
}

#[test]
fn data_goes_both_ways_and_ends_with_fin() {
    each(30, &GRACEFUL, || {
        listen(80, |mut stream| {
            let mut request = [0; 5000];
            stream.read_exact(&mut request).expect("a request");
            stream.write_all(&request).expect("room");
            stream.finish();
            let end = stream.read(&mut [0]).expect("no reset");
            assert_eq!(end, 0, "FIN at the end of a clean exchange");
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            send(&mut transport, &[7; 5000]).await?;
            let received = receive(&mut transport).await?;
            transport.close().await?;
            Ok::<_, Error>(received)
        };
        drive(program, |received| {
            assert_eq!(received.expect("an answer"), [7; 5000]);
        });
    });
}

#[test]
fn each_method_connects_and_falls_back() {
    for profile in Profile::ALL {
        for method in [Method::SocketConnect, Method::Connect, Method::ConnectEx] {
            each(10, &[profile], move || {
                listen(80, |mut stream| {
                    let _ = stream.write_all(b"hello");
                    stream.wait_end();
                });
                let program = async move |driver: Driver| {
                    let by = WskConnect::new(driver.wsk.clone()).by(method);
                    let mut data = Vec::new();
                    for _ in 0..2 {
                        let made = driver.connect_by(&by, "127.0.0.1", 80, MINUTE).await?;
                        let mut transport = made.0;
                        while transport.input().len() < 5 {
                            transport.fill().await?;
                        }
                        data.extend_from_slice(transport.input());
                    }
                    Ok::<_, Error>(data)
                };
                drive(program, |data| {
                    assert_eq!(data.expect("connected"), b"hellohello");
                });
                let made = ["WskSocketConnect", "WskConnectEx", "WskConnect"].map(fault::count);
                match (profile, method) {
                    (Profile::Wine, _) | (_, Method::Connect) => assert_eq!(made, [0, 0, 2]),
                    (Profile::Viosock, Method::SocketConnect) => assert_eq!(made, [1, 0, 2]),
                    (Profile::Viosock, Method::ConnectEx) => assert_eq!(made, [0, 1, 2]),
                    (_, Method::SocketConnect) => assert_eq!(made, [2, 0, 0]),
                    (_, Method::ConnectEx) => assert_eq!(made, [0, 2, 0]),
                }
            });
        }
    }
}

#[test]
fn the_first_data_goes_with_the_connection_where_it_can() {
    for profile in Profile::ALL {
        for len in [1, 30_000, 70_000] {
            each(8, &[profile], move || {
                listen(80, move |mut stream| {
                    let mut received = vec![0; len];
                    stream.read_exact(&mut received).expect("the first data");
                    assert!(received == pattern(len), "in order");
                    stream.write_all(b"!").expect("room");
                    stream.wait_end();
                });
                let program = async move |driver: Driver| {
                    let options = SocketOptions {
                        fast_open: true,
                        ..SocketOptions::default()
                    };
                    let by = WskConnect::new(driver.wsk.clone()).with(options);
                    let target = Target {
                        scheme: Scheme::Http,
                        host: "localhost",
                        port: 80,
                        deadline: Some(driver.now() + MINUTE),
                        handshake: None,
                        via: None,
                    };
                    let mut info = ConnectionInfo::default();
                    let first = pattern(len);
                    let mut transport = by.connect_with(&target, &first, &mut info).await?;
                    assert!(info.remote.is_some());
                    transport.fill().await
                };
                drive(program, |done: Result<usize, Error>| {
                    assert_eq!(done.expect("connected"), 1);
                });
                let made = ["WskConnectEx", "WskSend"].map(fault::count);
                match (profile, len) {
                    (Profile::Windows | Profile::Hostile, ..=65535) => assert_eq!(made, [1, 0]),
                    (Profile::Windows | Profile::Hostile, _) => assert!(made[1] >= 1),
                    (Profile::Viosock, ..=65535) => assert!(made[0] == 1 && made[1] >= 1),
                    _ => assert!(made[0] == 0 && made[1] >= 1, "{made:?}"),
                }
            });
        }
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
const SLOW: Duration = Duration::from_millis(400);
const V6: [IpAddr; 3] = [v6(1), v6(2), v6(3)];
const V4: [IpAddr; 2] = [v4(1), v4(2)];

const fn v6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last))
}

const fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

/// Connects to a name with V6[0], V6[1], V6[2], V4[0], V4[1]: who answers, after which time.
fn race(hosts: &'static [(IpAddr, Host)], check: fn(Result<SocketAddr, Error>, Duration)) {
    race_for(MINUTE, hosts, check);
}

/// As [`race`], with another deadline than a minute.
fn race_for(
    bound: Duration,
    hosts: &'static [(IpAddr, Host)],
    check: fn(Result<SocketAddr, Error>, Duration),
) {
    each(
        20,
        &[Profile::Windows, Profile::Viosock, Profile::Hostile],
        move || {
            listen(80, |mut stream| {
                stream.wait_end();
            });
            set_name("many.test", &[V6[0], V6[1], V6[2], V4[0], V4[1]]);
            for (ip, host) in hosts {
                set_host(*ip, *host);
            }
            let program = async move |driver: Driver| {
                driver.wsk.ready(None).await.expect("ready");
                let by = WskConnect::new(driver.wsk.clone());
                let start = driver.now();
                let made = driver.connect_by(&by, "many.test", 80, bound).await;
                let time = driver.now() - start;
                (made.map(|(_, info)| info.remote.expect("connected")), time)
            };
            drive(program, |(remote, time)| check(remote, time));
        },
    );
}

#[test]
fn the_first_address_is_the_first_choice() {
    race(&[], |remote, time| {
        assert_eq!(remote.expect("connected").ip(), V6[0]);
        assert!(time < MILLISECOND * 250, "{time:?}");
    });
}

#[test]
fn the_other_family_is_next_after_a_quarter_second() {
    let hosts = &[(V6[0], Host::Silent)];
    race(hosts, |remote, time| {
        assert_eq!(remote.expect("connected").ip(), V4[0]);
        assert!(
            time >= MILLISECOND * 250 && time < MILLISECOND * 499,
            "{time:?}"
        );
    });
}

#[test]
fn a_refusal_is_not_waited_for() {
    let hosts = &[(V6[0], Host::Refuses), (V4[0], Host::Refuses)];
    race(hosts, |remote, time| {
        assert_eq!(remote.expect("connected").ip(), V6[1]);
        assert!(time < MILLISECOND * 250, "{time:?}");
    });
}

#[test]
fn a_slow_address_may_still_win() {
    let hosts = &[
        (V6[0], Host::Slow(SLOW)),
        (V4[0], Host::Silent),
        (V6[1], Host::Silent),
        (V4[1], Host::Silent),
        (V6[2], Host::Silent),
    ];
    race(hosts, |remote, time| {
        assert_eq!(remote.expect("connected").ip(), V6[0]);
        assert!(
            time >= MILLISECOND * 400 && time < MILLISECOND * 900,
            "{time:?}"
        );
    });
}

#[test]
fn if_none_answers_the_refusal_tells_more_than_silence() {
    let hosts = &[
        (V6[0], Host::Silent),
        (V4[0], Host::Refuses),
        (V6[1], Host::Silent),
        (V4[1], Host::Silent),
        (V6[2], Host::Silent),
    ];
    race(hosts, |remote, time| {
        let error = remote.expect_err("nobody answers");
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Connect, Kind::ConnectionRefused)
        );
        assert!(
            time > MILLISECOND * 59_000 && time < MILLISECOND * 61_500,
            "{time:?}"
        );
    });
}

#[test]
fn each_attempt_has_a_deadline_of_its_own() {
    const SILENT: &[(IpAddr, Host)] = &[
        (V6[0], Host::Silent),
        (V4[0], Host::Silent),
        (V6[1], Host::Silent),
        (V4[1], Host::Silent),
        (V6[2], Host::Silent),
    ];
    race_for(MINUTE * 30, SILENT, |remote, time| {
        let error = remote.expect_err("nobody answers");
        assert_eq!((error.phase, error.kind), (Phase::Connect, Kind::TimedOut));
        // The last begins a second after the first.
        assert!(
            time > MILLISECOND * 60_900 && time < MILLISECOND * 62_500,
            "{time:?}"
        );
    });
}
