//! Sending, and the end of it.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::task::Poll;
use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind, Phase, Transport, TransportExt};
use wskhttp_core::wsk::{Method, TcpTransport, WskConnect};
use wskhttp_ntsim::{
    BLACK_HOLE, Ending, Profile, as_user, at_irql, end_closes, fault, listen, lose_provider, lot,
    set_ideal_backlog, sleep,
};

use super::program::{Driver, GRACEFUL, MINUTE, drive, each, pattern, send};

/// Stages all of `data` that finds room.
fn stage(transport: &mut TcpTransport, mut data: &[u8]) -> usize {
    let all = data.len();
    loop {
        let room = transport.output();
        let n = room.len().min(data.len());
        if n == 0 {
            return all - data.len();
        }
        room[..n].copy_from_slice(&data[..n]);
        transport.stage(n);
        data = &data[n..];
    }
}

#[test]
fn an_upload_arrives_in_order() {
    const LEN: usize = 600 * 1024;
    each(6, &Profile::ALL, || {
        listen(80, |mut stream| {
            let mut received = vec![0; LEN];
            stream.set_window(100_000);
            stream.read_exact(&mut received).expect("an upload");
            assert!(received == pattern(LEN), "in order");
            let _ = stream.write_all(b"done");
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            send(&mut transport, &pattern(LEN)).await?;
            let answer = transport.fill().await;
            answer.map(drop)
        };
        drive(program, |done: Result<(), Error>| done.expect("sent"));
    });
}

#[test]
fn what_is_staged_goes_out_in_one_send_where_there_are_chains() {
    const LEN: usize = 50_000;
    for profile in [Profile::Windows, Profile::Viosock, Profile::Wine] {
        each(10, &[profile], move || {
            listen(80, |mut stream| {
                let mut received = vec![0; LEN];
                stream.read_exact(&mut received).expect("head and body");
                assert!(received == pattern(LEN), "in order");
                let _ = stream.write_all(b"done");
                stream.wait_end();
            });
            let program = async |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                let data = pattern(LEN);
                let mut sent = 0;
                while sent < LEN {
                    sent += stage(&mut transport, &data[sent..]);
                    transport.flush().await?;
                }
                transport.fill().await.map(drop)
            };
            drive(program, |done: Result<(), Error>| done.expect("sent"));
            let sends = fault::count("WskSend");
            match profile {
                Profile::Windows => assert_eq!(sends, 1),
                // One is refused for its flag.
                Profile::Viosock => assert_eq!(sends, 2),
                _ => assert!(sends > 1),
            }
        });
    }
}

#[test]
fn the_last_data_goes_with_the_disconnect() {
    for profile in GRACEFUL {
        each(20, &[profile], move || {
            listen(80, |mut stream| {
                let mut received = Vec::new();
                stream.read_to_end(&mut received).expect("no reset");
                assert!(received == pattern(9000));
            });
            let program = async |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                assert_eq!(stage(&mut transport, &pattern(9000)), 9000);
                transport.close().await
            };
            drive(program, |done: Result<(), Error>| done.expect("closed"));
            let (sends, disconnects) = match profile {
                Profile::Wine => (1, 0),
                _ => (0, 1),
            };
            assert_eq!(fault::count("WskSend"), sends);
            assert_eq!(fault::count("WskDisconnect"), disconnects);
        });
    }
}

#[test]
fn a_close_that_hangs_is_bounded() {
    each(30, &[Profile::Hostile], || {
        listen(80, |mut stream| {
            stream.set_window(0);
            // Neither reads nor ends.
            std::mem::forget(stream);
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            stage(&mut transport, &pattern(1000));
            let start = driver.now();
            // It may say that the data was not sent, which is true.
            let _ = transport.close().await;
            Ok(driver.now() - start)
        };
        drive(program, |time: Result<Duration, Error>| {
            let time = time.expect("connected");
            assert!(time < Duration::from_secs(4), "{time:?}");
        });
    });
}

#[test]
fn a_close_that_never_ends_holds_nobody_up() {
    each(6, &[Profile::Hostile], || {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            for _ in 0..64 {
                drop(driver.connect(80).await?);
            }
            driver.clock.sleep_until(driver.now() + MINUTE * 2).await;
            let hung = driver.wsk.counters().connections_now;
            let start = driver.now();
            for _ in 0..16 {
                let mut transport = driver.connect(80).await?;
                stage(&mut transport, &pattern(100));
                let _ = transport.close().await;
                let mut transport = driver.connect(80).await?;
                stage(&mut transport, &pattern(100));
                let _ = transport.abort().await;
                let by = WskConnect::new(driver.wsk.clone());
                let second = Duration::from_secs(1);
                let late = driver.connect_by(&by, "127.0.0.1", BLACK_HOLE, second);
                let error = late.await.map(drop).expect_err("nobody answers");
                assert_eq!(error.kind, Kind::TimedOut);
            }
            let time = driver.now() - start;
            as_user(end_closes);
            driver.clock.sleep_until(driver.now() + MINUTE * 2).await;
            Ok((hung, time, driver.wsk.counters().connections_now))
        };
        drive(program, |done: Result<(u32, Duration, u32), Error>| {
            let (hung, time, left) = done.expect("connected");
            assert!(hung > 0, "of 64 closes none hangs");
            assert!(time < Duration::from_secs(16 * 8), "{time:?}");
            assert_eq!(left, 0, "of {hung} that were forced to end");
        });
    });
}

#[test]
fn a_socket_that_is_forced_closed_is_closed_at_once() {
    each(20, &Profile::ALL, || {
        listen(80, |mut stream| {
            stream.set_window(0);
            sleep(Duration::from_secs(1));
            lose_provider();
            std::mem::forget(stream);
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            stage(&mut transport, &pattern(1000));
            // The window is closed, so this waits for the end.
            let error = match lot(2) {
                0 => transport.fill().await.expect_err("lost"),
                _ => {
                    while transport.flush().await.is_ok() {
                        stage(&mut transport, &pattern(100_000));
                    }
                    transport.flush().await.expect_err("lost")
                }
            };
            // A close that is under way may take its time.
            driver.clock.sleep_until(driver.now() + MINUTE * 2).await;
            as_user(end_closes);
            driver.clock.sleep_until(driver.now() + MINUTE).await;
            // The transport is still held.
            let open = driver.wsk.counters().connections_now;
            drop(transport);
            Ok((error.raw_status.cast_unsigned(), open))
        };
        drive(program, |done: Result<(u32, u32), Error>| {
            let (status, open) = done.expect("connected");
            assert_eq!(status, 0xC000_00B6, "STATUS_FILE_FORCED_CLOSED");
            assert_eq!(open, 0, "closed although it is held");
        });
    });
}

#[test]
fn a_send_that_was_cut_goes_on_where_it_ended() {
    const LEN: usize = 200_000;
    each(20, &Profile::ALL, || {
        listen(80, |mut stream| {
            stream.cut_sends();
            stream.set_window(3000);
            let mut received = vec![0; LEN];
            if stream.read_exact(&mut received).is_ok() {
                assert!(received == pattern(LEN), "in order");
                let _ = stream.write_all(b"done");
            }
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            // No more than one at a time: what is behind a cut would come out of order.
            for piece in pattern(LEN).chunks(10_000) {
                assert_eq!(stage(&mut transport, piece), piece.len());
                poll_fn(|cx| match transport.poll_flush(cx) {
                    Poll::Ready(Ok(())) if transport.output().len() < 17 * 1024 => Poll::Pending,
                    other => other,
                })
                .await?;
            }
            transport.fill().await.map(drop)
        };
        drive(program, |done: Result<(), Error>| done.expect("sent"));
    });
}

#[test]
fn a_send_that_was_cut_before_others_ends_the_connection() {
    each(20, &Profile::ALL, || {
        set_ideal_backlog(1 << 20);
        listen(80, |mut stream| {
            stream.read_exact(&mut [0; 10]).expect("the first");
            let _ = stream.write_all(b"go");
            stream.cut_sends();
            stream.set_window(0);
            sleep(Duration::from_secs(1));
            // The first of them fits, and a part of the second.
            stream.set_window(20_000);
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            send(&mut transport, &pattern(10)).await?;
            transport.fill().await?;
            let mut sent = send(&mut transport, &pattern(2_000_000)).await;
            if sent.is_err() {
                // It has ended.
                sent = transport.flush().await;
            }
            Ok(sent)
        };
        drive(program, |done: Result<Result<(), Error>, Error>| {
            let error = done.expect("connected").expect_err("a part is missing");
            assert_eq!((error.phase, error.kind), (Phase::Send, Kind::IoFailed));
            assert_eq!(
                error.cause,
                "the network stack has sent less than it was given"
            );
        });
    });
}

#[test]
fn sends_go_over_connections_made_in_any_way() {
    const LEN: usize = 100_000;
    for method in [Method::Connect, Method::SocketConnect, Method::ConnectEx] {
        each(8, &Profile::ALL, move || {
            listen(80, |mut stream| {
                let mut received = vec![0; LEN];
                stream.read_exact(&mut received).expect("an upload");
                assert!(received == pattern(LEN), "in order");
                let _ = stream.write_all(b"done");
                stream.wait_end();
            });
            let program = async move |driver: Driver| {
                let by = WskConnect::new(driver.wsk.clone()).by(method);
                let made = driver.connect_by(&by, "127.0.0.1", 80, MINUTE).await?;
                let mut transport = made.0;
                send(&mut transport, &pattern(LEN)).await?;
                transport.fill().await.map(drop)
            };
            drive(program, |done: Result<(), Error>| done.expect("sent"));
        });
    }
}

#[test]
fn data_moves_at_dispatch_level() {
    const DISPATCH: u8 = 2;
    each(20, &Profile::ALL, || {
        listen(80, |mut stream| {
            let mut received = vec![0; 150_000];
            stream.read_exact(&mut received).expect("an upload");
            assert!(received == pattern(150_000), "in order");
            let _ = stream.write_all(&received[..40_000]);
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            let data = pattern(150_000);
            let mut sent = 0;
            while sent < data.len() {
                sent += at_irql(DISPATCH, || stage(&mut transport, &data[sent..]));
                poll_fn(|cx| at_irql(DISPATCH, || transport.poll_flush(cx))).await?;
            }
            while transport.input().len() < 40_000 {
                poll_fn(|cx| at_irql(DISPATCH, || transport.poll_fill(cx))).await?;
            }
            Ok(transport.input() == &data[..40_000])
        };
        drive(program, |same: Result<bool, Error>| {
            assert!(same.expect("sent"), "and back");
        });
    });
}

#[test]
fn an_abort_is_a_reset_and_loses_what_is_in_flight() {
    let profiles = [Profile::Windows, Profile::Viosock, Profile::Hostile];
    each(30, &profiles, || {
        listen(80, |mut stream| {
            stream.set_window(0);
            sleep(Duration::from_secs(1));
            assert_eq!(stream.wait_end(), Ending::Reset);
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            stage(&mut transport, &pattern(1000));
            // The window is closed, so that it may stay in flight; and a receive waits.
            poll_fn(|cx| {
                let _ = transport.poll_flush(cx);
                assert!(transport.poll_fill(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            let start = driver.now();
            let _ = transport.abort().await;
            Ok(driver.now() - start)
        };
        drive(program, |time: Result<Duration, Error>| {
            let time = time.expect("connected");
            assert!(time < Duration::from_secs(4), "{time:?}");
        });
    });
}
