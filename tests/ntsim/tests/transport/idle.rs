//! Idle connections: what comes is noticed, and nothing is lost.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Transport, TransportExt};
use wskhttp_core::wsk::TcpTransport;
use wskhttp_ntsim::{Profile, Stream, fault, listen, lose_provider, lot, sleep};

use super::program::{Driver, drive, each, send};

const SECOND: Duration = Duration::from_secs(1);

/// Providers that call back.
const CALLS_BACK: [Profile; 2] = [Profile::Windows, Profile::Hostile];

async fn is_idle(transport: &mut TcpTransport) -> bool {
    poll_fn(|cx| Poll::Ready(transport.is_idle_and_open(cx))).await
}

/// Waits until the connection is not idle any more.
async fn stirs(transport: &mut TcpTransport) {
    poll_fn(|cx| match transport.is_idle_and_open(cx) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
}

/// One exchange, after which the connection is idle; then the peer does `then`.
fn idle(profiles: &[Profile], then: fn(Stream), check: fn(receives: [usize; 2], Duration)) {
    for profile in profiles {
        each(20, &[*profile], move || {
            listen(80, move |mut stream| {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                stream.write_all(&byte).expect("room");
                sleep(SECOND);
                then(stream);
            });
            let program = async |driver: Driver| {
                let mut transport = driver.connect(80).await?;
                send(&mut transport, b"?").await?;
                assert_eq!(transport.fill().await?, 1);
                transport.consume(1);
                transport.flush().await?;
                let (start, before) = (driver.now(), fault::count("WskReceive"));
                let idle = is_idle(&mut transport).await;
                assert!(idle, "nothing has come yet");
                stirs(&mut transport).await;
                let after = fault::count("WskReceive");
                let again = is_idle(&mut transport).await;
                assert!(!again, "it stays so");
                Ok(([before, after], driver.now() - start))
            };
            drive(program, |done: Result<_, Error>| {
                let (receives, time) = done.expect("an exchange");
                check(receives, time);
            });
        });
    }
}

fn at_once(_: [usize; 2], time: Duration) {
    assert!(time < SECOND * 2, "{time:?}");
}

/// A receive of no bytes is made if a callback has not taken what a receive then got.
fn almost_without_receive([before, after]: [usize; 2], time: Duration) {
    assert!(after - before <= 1, "no receive is waiting");
    WITHOUT.fetch_add(usize::from(before == after), Ordering::Relaxed);
    at_once([before, after], time);
}

/// Runs in which none was made.
static WITHOUT: AtomicUsize = AtomicUsize::new(0);

#[test]
fn an_end_is_noticed() {
    idle(
        &CALLS_BACK,
        |mut stream| stream.finish(),
        almost_without_receive,
    );
    idle(&Profile::ALL, |mut stream| stream.finish(), at_once);
    assert!(WITHOUT.load(Ordering::Relaxed) >= 20, "{WITHOUT:?} of 40");
}

#[test]
fn a_reset_is_noticed() {
    idle(
        &CALLS_BACK,
        |mut stream| stream.reset(),
        almost_without_receive,
    );
    idle(&Profile::ALL, |mut stream| stream.reset(), at_once);
}

#[test]
fn the_loss_of_the_provider_is_noticed() {
    let lost = |stream| {
        lose_provider();
        std::mem::forget(stream);
    };
    idle(&CALLS_BACK, lost, almost_without_receive);
    idle(&Profile::ALL, lost, at_once);
}

#[test]
fn data_is_noticed() {
    let more = |mut stream: Stream| {
        let _ = stream.write_all(b"more than was asked for");
        stream.wait_end();
    };
    idle(&Profile::ALL, more, at_once);
}

#[test]
fn what_comes_while_idle_is_received_in_order() {
    const LEN: usize = 3000;
    each(100, &Profile::ALL, || {
        listen(80, |mut stream| {
            let data: Vec<u8> = (0..LEN).map(|i| (i / 7) as u8).collect();
            for piece in data.chunks(500) {
                sleep(Duration::from_micros(lot(3000)));
                if stream.write_all(piece).is_err() {
                    return;
                }
            }
            stream.finish();
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            let mut data = Vec::new();
            loop {
                // Now by callbacks, now by requests.
                if lot(2) == 0 {
                    let _ = is_idle(&mut transport).await;
                    let pause = Duration::from_micros(lot(2000));
                    driver.clock.sleep_until(driver.now() + pause).await;
                }
                if transport.fill().await? == 0 {
                    break;
                }
                let n = 1 + lot(transport.input().len() as u64) as usize;
                data.extend_from_slice(&transport.input()[..n]);
                transport.consume(n);
            }
            data.extend_from_slice(transport.input());
            Ok(data)
        };
        drive(program, |data: Result<Vec<u8>, Error>| {
            let data = data.expect("all of it");
            assert!(
                data.iter()
                    .enumerate()
                    .all(|(i, byte)| *byte == (i / 7) as u8)
            );
            assert_eq!(data.len(), LEN);
        });
    });
}

#[test]
fn what_was_kept_is_given_back_before_the_close() {
    each(50, &CALLS_BACK, || {
        listen(80, |mut stream| {
            let _ = stream.write_all(&[7; 200]);
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            let _ = is_idle(&mut transport).await;
            let pause = Duration::from_micros(lot(10_000));
            driver.clock.sleep_until(driver.now() + pause).await;
            match lot(3) {
                // Some of it is taken.
                0 => transport.fill().await.map(drop),
                1 => transport.close().await,
                _ => Ok(()),
            }
        };
        drive(program, |done: Result<(), Error>| {
            let _ = done;
        });
    });
}
