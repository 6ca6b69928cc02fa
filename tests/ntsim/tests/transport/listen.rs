//! Connections that others make.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use wskhttp_core::exec::race;
use wskhttp_core::io::{Clock, Error, Phase, Transport, TransportExt};
use wskhttp_core::wsk::{SocketOptions, WskListener};
use wskhttp_ntsim::{Ending, Profile, Stream, connect_to, fault, lose_provider, lot, sleep, spawn};

use super::program::{Driver, drive, each, pattern, receive, send};

const SECOND: Duration = Duration::from_secs(1);
const PORT: u16 = 4000;

async fn bind(driver: &Driver) -> Result<WskListener, Error> {
    driver.wsk.ready(None).await?;
    let local = SocketAddr::from(([127, 0, 0, 1], PORT));
    WskListener::bind(&driver.wsk, local, SocketOptions::default()).await
}

/// Connects once somebody listens.
fn connect_soon(then: fn(Stream)) {
    let _ends = spawn("a client", move || {
        loop {
            match connect_to(PORT) {
                Some(stream) => return then(stream),
                None => sleep(SECOND / 100),
            }
        }
    });
}

#[test]
fn an_accepted_connection_is_like_any_other() {
    const LEN: usize = 300_000;
    each(8, &Profile::ALL, || {
        connect_soon(|mut stream| {
            stream.write_all(b"all of it, please").expect("taken");
            let mut received = vec![0; LEN];
            stream.read_exact(&mut received).expect("sent");
            assert!(received == pattern(LEN), "in order");
            stream.finish();
            assert_eq!(stream.wait_end(), Ending::Finished);
        });
        let program = async |driver: Driver| {
            let mut listener = bind(&driver).await?;
            let (mut transport, remote) = listener.accept().await?;
            assert_eq!(remote.to_string(), "127.0.0.1:40000");
            assert!(transport.fill_to(17).await?);
            send(&mut transport, &pattern(LEN)).await?;
            transport.consume(17);
            assert_eq!(transport.fill().await?, 0, "the client has finished");
            transport.close().await
        };
        drive(program, |done: Result<(), Error>| match done {
            Ok(()) => {}
            // A hostile provider may let the FIN hang, which costs nothing but time.
            Err(error) => assert_eq!(error.phase, Phase::Close, "{error}"),
        });
    });
}

#[test]
fn one_end_connects_and_the_other_accepts() {
    each(20, &Profile::ALL, || {
        let program = async |driver: Driver| {
            let mut listener = bind(&driver).await?;
            let connect = async {
                let mut transport = driver.connect(PORT).await?;
                send(&mut transport, &pattern(30_000)).await?;
                transport.close().await
            };
            let accept = async {
                let (mut transport, _) = listener.accept().await?;
                let received = receive(&mut transport).await?;
                let _ = transport.close().await;
                Ok(received)
            };
            let (mut connect, mut accept) = (Box::pin(connect), Box::pin(accept));
            let (mut connected, mut accepted) = (None, None);
            poll_fn(|cx| {
                use std::future::Future;
                if connected.is_none()
                    && let Poll::Ready(done) = connect.as_mut().poll(cx)
                {
                    connected = Some(done);
                }
                if accepted.is_none()
                    && let Poll::Ready(done) = accept.as_mut().poll(cx)
                {
                    accepted = Some(done);
                }
                match connected.is_some() && accepted.is_some() {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
            accepted.expect("ready")
        };
        drive(program, |received: Result<Vec<u8>, Error>| {
            assert!(received.expect("received") == pattern(30_000));
        });
    });
}

#[test]
fn no_connection_is_lost_when_an_accept_is_given_up() {
    each(40, &Profile::ALL, || {
        connect_soon(|mut stream| {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("accepted");
            assert_eq!(&byte, b"!");
        });
        let program = async |driver: Driver| {
            let mut listener = bind(&driver).await?;
            loop {
                let bound = driver.now() + Duration::from_micros(1 + lot(5000));
                let late = driver.clock.sleep_until(bound);
                if let wskhttp_core::exec::Either::First(made) = race(listener.accept(), late).await
                {
                    let (mut transport, _) = made?;
                    send(&mut transport, b"!").await?;
                    // A hostile provider's may hang, and the byte is there by then.
                    let _ = transport.close().await;
                    return Ok(());
                }
            }
        };
        drive(program, |done: Result<(), Error>| done.expect("accepted"));
    });
}

#[test]
fn an_accept_ends_with_the_provider() {
    each(
        20,
        &[Profile::Windows, Profile::Viosock, Profile::Hostile],
        || {
            let program = async |driver: Driver| {
                let mut listener = bind(&driver).await?;
                let _ends = spawn("takes the provider away", || {
                    sleep(SECOND);
                    lose_provider();
                });
                Ok(listener.accept().await.map(drop))
            };
            drive(program, |done: Result<Result<(), Error>, Error>| {
                let error = done.expect("it listens").expect_err("lost");
                assert_eq!(error.raw_status.cast_unsigned(), 0xC000_00B6);
            });
        },
    );
}

#[test]
fn a_listener_that_is_dropped_leaves_nothing() {
    each(40, &Profile::ALL, || {
        connect_soon(|mut stream| {
            // Accepted or not, nobody answers.
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut listener = bind(&driver).await?;
            let late = driver.clock.sleep_until(driver.now() + SECOND / 50);
            let _ = race(listener.accept(), late).await;
            drop(listener);
            Ok(())
        };
        drive(program, |done: Result<(), Error>| done.expect("it listens"));
    });
}

#[test]
fn callbacks_watch_accepted_connections() {
    each(20, &[Profile::Windows, Profile::Hostile], || {
        connect_soon(|mut stream| {
            sleep(SECOND);
            stream.finish();
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut listener = bind(&driver).await?;
            let (mut transport, _) = listener.accept().await?;
            poll_fn(|cx| match transport.is_idle_and_open(cx) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
            Ok(fault::count("WskReceive"))
        };
        drive(program, |receives: Result<usize, Error>| {
            assert!(receives.expect("accepted") <= 1, "no receive is waiting");
        });
    });
}

#[test]
fn a_listener_knows_its_address() {
    each(5, &[Profile::Windows, Profile::Hostile], || {
        let program = async |driver: Driver| bind(&driver).await?.local_address().await;
        drive(program, |local: Result<SocketAddr, Error>| {
            assert_eq!(local.expect("bound").port(), PORT);
        });
    });
}
