//! Receiving: all that is wanted, nothing, and what nobody wants.

use std::io::{Read, Write};
use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Transport, TransportExt};
use wskhttp_ntsim::{Profile, fault, listen, lot, sleep};

use super::program::{Driver, drive, each, pattern, send};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_that_is_wanted_comes_by_one_request() {
    for profile in Profile::ALL {
        each(20, &[profile], move || {
            listen(80, |mut stream| {
                stream.deliver_at_most(1000);
                for piece in pattern(40_000).chunks(900) {
                    let _ = stream.write_all(piece);
                }
                stream.wait_end();
            });
            let program = async |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                let mut data = Vec::new();
                for n in [5, 16_389, 1, 20_000, 3605] {
                    assert!(transport.fill_to(n).await?, "the peer has not ended");
                    data.extend_from_slice(&transport.input()[..n]);
                    transport.consume(n);
                }
                Ok(data)
            };
            drive(program, |data: Result<Vec<u8>, Error>| {
                assert!(data.expect("all of it") == pattern(40_000), "in order");
            });
            let receives = fault::count("WskReceive");
            match profile {
                Profile::Windows => assert_eq!(receives, 5, "one each"),
                // It does not heed the flag.
                Profile::Wine => assert!(receives >= 40, "{receives}"),
                // One is refused for the flag.
                Profile::Viosock => assert!(receives > 40, "{receives}"),
                Profile::Hostile => assert!(receives >= 5, "{receives}"),
            }
        });
    }
}

#[test]
fn the_peer_may_end_before_all_has_come() {
    each(20, &Profile::ALL, || {
        listen(80, |mut stream| {
            let _ = stream.write_all(&[7; 3000]);
            stream.finish();
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            let all = transport.fill_to(4000).await?;
            let again = transport.fill_to(3001).await?;
            Ok((all, again, transport.input().to_vec()))
        };
        drive(program, |done: Result<_, Error>| {
            assert_eq!(done.expect("no error"), (false, false, vec![7; 3000]));
        });
    });
}

#[test]
fn a_wait_for_all_that_is_given_up_loses_nothing() {
    each(40, &Profile::ALL, || {
        listen(80, |mut stream| {
            for piece in pattern(9000).chunks(700) {
                let _ = stream.write_all(piece);
                sleep(Duration::from_micros(lot(2000)));
            }
            stream.finish();
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            let bound = driver.now() + Duration::from_micros(lot(20_000));
            let late = driver.clock.sleep_until(bound);
            let _ = wskhttp_core::exec::race(transport.fill_to(8000), late).await;
            while transport.fill().await? > 0 {}
            Ok(transport.input().to_vec())
        };
        drive(program, |data: Result<Vec<u8>, Error>| {
            assert!(data.expect("all of it") == pattern(9000), "in order");
        });
    });
}

#[test]
fn more_than_the_buffer_holds_is_refused() {
    each(5, &Profile::ALL, || {
        listen(80, |mut stream| {
            let _ = stream.write_all(&[7; 100_000]);
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            transport.fill_to(64 * 1024 + 1).await
        };
        drive(program, |done: Result<bool, Error>| {
            let error = done.expect_err("too much");
            assert_eq!(error.kind, wskhttp_core::io::Kind::BufferFull);
        });
    });
}

#[test]
fn what_comes_after_our_fin_is_let_go_by_one_request() {
    for profile in [Profile::Windows, Profile::Viosock] {
        each(20, &[profile], move || {
            listen(80, |mut stream| {
                let mut request = Vec::new();
                stream.read_to_end(&mut request).expect("FIN, not RST");
                assert_eq!(request, b"?");
                for _ in 0..20 {
                    let _ = stream.write_all(&[7; 1000]);
                }
                stream.finish();
                let end = stream.read(&mut [0]).expect("no reset at the end either");
                assert_eq!(end, 0);
            });
            let program = async |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                send(&mut transport, b"?").await?;
                transport.close().await
            };
            drive(program, |done: Result<(), Error>| done.expect("closed"));
            let receives = fault::count("WskReceive");
            match profile {
                Profile::Windows => assert_eq!(receives, 1, "with WSK_FLAG_DRAIN"),
                _ => assert!(receives > 1, "one is refused for the flag"),
            }
        });
    }
}

#[test]
fn a_receive_of_no_bytes_has_callbacks_come_again() {
    // A callback that comes while nobody watches leaves the data, and no other comes before a receive.
    each(60, &[Profile::Windows, Profile::Hostile], || {
        listen(80, |mut stream| {
            for _ in 0..3 {
                let _ = stream.write_all(b"x");
                let mut byte = [0];
                let _ = stream.read(&mut byte);
                sleep(SECOND);
            }
            stream.finish();
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            for _ in 0..3 {
                // Nobody watches.
                let pause = Duration::from_micros(lot(5000));
                driver.clock.sleep_until(driver.now() + pause).await;
                std::future::poll_fn(|cx| match transport.is_idle_and_open(cx) {
                    true => std::task::Poll::Pending,
                    false => std::task::Poll::Ready(()),
                })
                .await;
                while transport.input().is_empty() {
                    assert_eq!(transport.fill().await?, 1);
                }
                transport.consume(1);
                send(&mut transport, b"y").await?;
            }
            transport.fill().await
        };
        drive(program, |end: Result<usize, Error>| {
            assert_eq!(end.expect("the end"), 0);
        });
    });
}
