//! The registration with WSK, and waiting for the provider.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::wsk::sys::MAKE_WSK_VERSION;
use wskhttp_ntsim::{
    Profile, Sim, change_transports, fault, listen, make_changes_last, set_transports, sleep,
    spawn, waits_for_changes,
};

use super::program::{Driver, drive, each_sim};

const SECOND: Duration = Duration::from_secs(1);

/// How the wait for the provider ends, and how long it takes.
fn ready(deadline: Option<Duration>, check: impl Fn(Result<(), Error>, Duration)) {
    let program = async move |driver: Driver| {
        let start = driver.now();
        let done = driver.wsk.ready(deadline.map(|bound| start + bound)).await;
        (done, driver.now() - start)
    };
    drive(program, |(done, time)| check(done, time));
}

#[test]
fn a_higher_minor_version_is_asked_for() {
    let (low, high) = (MAKE_WSK_VERSION(1, 2), MAKE_WSK_VERSION(1, 3));
    each_sim(
        20,
        move |seed| Sim::new(seed).versions(low, high),
        || {
            listen(80, drop);
            let program = async |driver: Driver| driver.connect(80).await.map(drop);
            drive(program, |done| {
                done.expect("the next minor version will do")
            });
        },
    );
}

#[test]
fn without_a_version_that_we_know_nothing_is_waited_for() {
    let ours = MAKE_WSK_VERSION(1, 0);
    for (low, high, cause) in [
        (MAKE_WSK_VERSION(2, 0), MAKE_WSK_VERSION(2, 1), "a newer"),
        (MAKE_WSK_VERSION(0, 5), ours - 1, "an older"),
    ] {
        let sim = move |seed| Sim::new(seed).versions(low, high).ready_after(SECOND);
        each_sim(5, sim, move || {
            ready(None, |done, time| {
                let error = done.expect_err("no version in common");
                assert_eq!((error.phase, error.kind), (Phase::Wait, Kind::NotReady));
                assert!(error.cause.contains(cause), "{error}");
                assert!(
                    time < SECOND * 3,
                    "as soon as the provider is there: {time:?}"
                );
            });
        });
    }
}

#[test]
fn each_waits_until_its_own_deadline() {
    for bound in [5, 400] {
        let bound = bound * SECOND;
        each_sim(
            5,
            |seed| Sim::new(seed).never_ready(),
            move || {
                ready(Some(bound), |done, time| {
                    let error = done.expect_err("no provider");
                    assert_eq!((error.phase, error.kind), (Phase::Wait, Kind::TimedOut));
                    assert!(time >= bound && time < bound + SECOND, "{time:?}");
                });
            },
        );
    }
}

#[test]
fn without_deadline_there_is_a_bound() {
    each_sim(
        5,
        |seed| Sim::new(seed).never_ready(),
        || {
            ready(None, |done, _| {
                assert_eq!(done.expect_err("no provider").kind, Kind::NotReady);
            });
        },
    );
}

#[test]
fn so_many_wait_and_no_more() {
    let sim = |seed| {
        Sim::new(seed)
            .profile(Profile::Hostile)
            .ready_after(30 * SECOND)
    };
    each_sim(5, sim, || {
        let program = async |driver: Driver| {
            let deadline = Some(driver.now() + 60 * SECOND);
            let all = (0..300).map(|_| Box::pin(driver.wsk.ready(deadline)));
            join(all.collect()).await
        };
        drive(program, |done| {
            let refused = |one: &&Result<(), Error>| one.is_err();
            let refused: Vec<_> = done.iter().filter(refused).collect();
            assert_eq!(refused.len(), 300 - 256);
            for one in refused {
                let error = one.expect_err("filtered");
                assert_eq!(error.kind, Kind::TooManyRequests);
            }
        });
    });
}

#[test]
fn many_captures_are_one() {
    let sim = |seed| {
        Sim::new(seed)
            .profile(Profile::Hostile)
            .ready_after(3 * SECOND)
    };
    each_sim(20, sim, || {
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let one = || async { driver.connect(80).await.map(drop) };
            let all = (0..20).map(|_| Box::pin(one()));
            join(all.collect()).await
        };
        drive(program, |made| {
            assert!(made.iter().all(Result::is_ok), "{made:?}");
        });
        // Rule 8 has held: as many releases as captures that have succeeded.
        assert!(fault::count("WskCaptureProviderNPI") > 1, "it was late");
    });
}

#[test]
fn a_request_that_waits_for_tcp_wakes_when_it_comes() {
    for profile in [Profile::Windows, Profile::Hostile] {
        let sim = move |seed| Sim::new(seed).profile(profile).ready_after(SECOND);
        each_sim(20, sim, || {
            set_transports(false);
            let _ends = spawn("boots", || {
                sleep(2 * SECOND);
                // A change that is not the one that is waited for.
                change_transports();
                sleep(2 * SECOND);
                set_transports(true);
            });
            ready(None, |done, time| {
                done.expect("there is TCP now");
                assert!(time >= 3 * SECOND && time < 5 * SECOND, "{time:?}");
            });
        });
    }
}

#[test]
fn without_tcp_a_request_waits_until_its_deadline() {
    for profile in [Profile::Windows, Profile::Hostile] {
        let sim = move |seed| Sim::new(seed).profile(profile).ready_after(SECOND);
        each_sim(10, sim, || {
            set_transports(false);
            ready(Some(5 * SECOND), |done, time| {
                let error = done.expect_err("no TCP");
                assert_eq!((error.phase, error.kind), (Phase::Wait, Kind::TimedOut));
                assert!(error.cause.contains("TCP"), "{error}");
                assert!(time >= 5 * SECOND && time < 6 * SECOND, "{time:?}");
            });
        });
    }
}

#[test]
fn who_has_waited_for_tcp_waits_for_no_further_change() {
    each_sim(20, Sim::new, || {
        set_transports(false);
        let _ends = spawn("boots", || {
            sleep(2 * SECOND);
            set_transports(true);
        });
        let program = async |driver: Driver| {
            make_changes_last();
            let done = driver.wsk.ready(None).await;
            done.map(|()| waits_for_changes())
        };
        drive(program, |waits| {
            assert_eq!(waits.expect("there is TCP now"), 0);
        });
    });
}

#[test]
fn a_wait_that_ends_with_the_registration_does_not_hold_it() {
    each_sim(10, Sim::new, || {
        set_transports(false);
        make_changes_last();
        ready(Some(5 * SECOND), |done, _| {
            assert_eq!(done.expect_err("no TCP").kind, Kind::TimedOut);
        });
    });
}

#[test]
fn a_list_that_never_has_tcp_is_not_believed_for_good() {
    each_sim(5, Sim::new, || {
        set_transports(false);
        listen(80, |mut stream| {
            stream.wait_end();
        });
        let program = async |driver: Driver| {
            let start = driver.now();
            let first = driver.wsk.ready(None).await;
            let waited = driver.now() - start;
            (first, waited, driver.connect(80).await.map(drop))
        };
        drive(program, |(first, waited, connected)| {
            first.expect("as if it had said nothing");
            assert!(waited < 35 * SECOND, "{waited:?}");
            connected.expect("it has TCP after all");
        });
    });
}

/// What each of `all` gives.
async fn join<T>(mut all: Vec<std::pin::Pin<Box<impl Future<Output = T>>>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (one, result) in all.iter_mut().zip(&mut done) {
            if result.is_none()
                && let Poll::Ready(value) = one.as_mut().poll(cx)
            {
                *result = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
