//! How event callbacks are enabled, and what the ideal send backlog does.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::task::Poll;
use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Transport, TransportExt};
use wskhttp_core::wsk::TcpTransport;
use wskhttp_ntsim::fault::Plan;
use wskhttp_ntsim::{Profile, Sim, fault, listen, seeds, set_ideal_backlog, sleep};

use super::program::{Driver, drive, each, send};

const SECOND: Duration = Duration::from_secs(1);

/// An exchange, then an end that is noticed while idle: how many receives that took.
async fn idle_end(driver: Driver) -> Result<usize, Error> {
    let mut transport = driver.connect(80).await?;
    send(&mut transport, b"?").await?;
    assert_eq!(transport.fill().await?, 1);
    transport.consume(1);
    let before = fault::count("WskReceive");
    poll_fn(|cx| match transport.is_idle_and_open(cx) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
    Ok(fault::count("WskReceive") - before)
}

fn answer_and_end() {
    listen(80, |mut stream| {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        let _ = stream.write_all(&byte);
        sleep(SECOND);
        stream.finish();
        stream.wait_end();
    });
}

#[test]
fn callbacks_are_static_where_that_can_be() {
    each(20, &[Profile::Windows, Profile::Hostile], || {
        answer_and_end();
        drive(idle_end, |done| {
            assert!(done.expect("an exchange") <= 1, "no receive is waiting");
        });
        assert_eq!(fault::count("WskControlSocket"), 0, "enabled for all");
    });
}

#[test]
fn callbacks_of_a_socket_are_enabled_where_static_ones_cannot_be() {
    for profile in [Profile::Windows, Profile::Hostile] {
        for seed in seeds(20) {
            let sim = move || Sim::new(seed).profile(profile);
            let run = sim().try_run(|| {
                answer_and_end();
                drive(idle_end, |done| assert!(done.is_ok(), "{done:?}"));
            });
            let mut calls = run.expect("a clean run").fallible.into_iter();
            let first = calls.position(|name| name == "WskControlClient");
            let refused = Plan::Once(first.expect("static callbacks are tried") as u64);
            sim().faults(refused).run(|| {
                answer_and_end();
                drive(idle_end, |done| {
                    assert!(done.expect("an exchange") <= 1, "no receive is waiting");
                });
                assert_eq!(fault::count("WskControlSocket"), 1, "enabled for the one");
            });
        }
    }
}

/// How many sends are made while the window is closed, with that ideal send backlog.
fn sends_in_flight(backlog: usize, check: fn(usize)) {
    for profile in [Profile::Windows, Profile::Hostile] {
        each(10, &[profile], move || {
            listen(80, |mut stream| {
                let mut received = vec![0; OPEN];
                stream.read_exact(&mut received).expect("the beginning");
                stream.set_window(0);
                sleep(SECOND * 10);
                stream.set_window(1 << 16);
                let mut received = vec![0; REST];
                stream.read_exact(&mut received).expect("the rest");
                stream.write_all(b"!").expect("room");
                stream.wait_end();
            });
            let program = async move |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                // What can be told by sends alone is told by now.
                fill_up(&mut transport, OPEN).await?;
                driver.clock.sleep_until(driver.now() + SECOND).await;
                set_ideal_backlog(backlog);
                driver.clock.sleep_until(driver.now() + SECOND).await;
                let before = fault::count("WskSend");
                let bound = driver.now() + SECOND * 5;
                let late = driver.clock.sleep_until(bound);
                let mut late = std::pin::pin!(late);
                let mut staged = 0;
                poll_fn(|cx| {
                    use std::future::Future;
                    if late.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Ok(()));
                    }
                    while staged < REST {
                        staged += stage(&mut transport, REST - staged);
                        match transport.poll_flush(cx) {
                            Poll::Ready(Ok(())) => {}
                            other => return other,
                        }
                    }
                    Poll::Pending
                })
                .await?;
                let made = fault::count("WskSend") - before;
                while staged < REST {
                    staged += stage(&mut transport, REST - staged);
                    transport.flush().await?;
                }
                transport.flush().await?;
                assert_eq!(transport.fill().await?, 1);
                Ok(made)
            };
            drive(program, move |made: Result<usize, Error>| {
                check(made.expect("all is sent"));
            });
        });
    }
}

/// Stages what finds room; gives how much.
fn stage(transport: &mut TcpTransport, most: usize) -> usize {
    let n = transport.output().len().min(most);
    transport.stage(n);
    n
}

async fn fill_up(transport: &mut TcpTransport, len: usize) -> Result<(), Error> {
    let mut staged = 0;
    while staged < len {
        staged += stage(transport, len - staged);
        transport.flush().await?;
    }
    transport.flush().await
}

const OPEN: usize = 400_000;
const REST: usize = 900_000;

#[test]
fn a_small_backlog_has_one_send_in_flight() {
    sends_in_flight(1, |sends| assert_eq!(sends, 1));
}

#[test]
fn a_large_backlog_has_many_in_flight() {
    sends_in_flight(512 * 1024, |sends| assert!(sends >= 7, "{sends}"));
}
