//! Host names.

use std::time::Duration;

use wskhttp_core::exec::race;
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_core::wsk::WskConnect;
use wskhttp_ntsim::{Profile, Sim, lot};

use super::program::{Driver, MINUTE, drive, each, each_sim};

const SECOND: Duration = Duration::from_secs(1);

/// Connects to a host, and says how long that took.
async fn connect(driver: &Driver, host: &str, bound: Duration) -> (Result<(), Error>, Duration) {
    driver.wsk.ready(None).await.expect("ready");
    let by = WskConnect::new(driver.wsk.clone());
    let start = driver.now();
    let made = driver.connect_by(&by, host, 80, bound).await;
    (made.map(drop), driver.now() - start)
}

#[test]
fn a_name_that_nobody_answers_for_is_given_up_in_time() {
    each(20, &Profile::ALL, || {
        let program = async |driver: Driver| connect(&driver, "slow.test", SECOND * 5).await;
        drive(program, |(done, time)| {
            let error = done.expect_err("no answer");
            assert_eq!((error.phase, error.kind), (Phase::Resolve, Kind::TimedOut));
            assert!(time >= SECOND * 5 && time < SECOND * 6, "{time:?}");
        });
    });
}

#[test]
fn without_a_deadline_there_is_a_bound() {
    each(10, &[Profile::Windows, Profile::Hostile], || {
        let program = async |driver: Driver| connect(&driver, "slow.test", MINUTE * 60).await;
        drive(program, |(done, time)| {
            let error = done.expect_err("no answer");
            assert_eq!((error.phase, error.kind), (Phase::Resolve, Kind::TimedOut));
            assert!(time <= MINUTE + SECOND, "{time:?}");
        });
    });
}

#[test]
fn a_look_up_that_is_given_up_is_canceled() {
    each(40, &Profile::ALL, || {
        let program = async |driver: Driver| {
            let start = driver.now();
            let bound = start + Duration::from_micros(lot(50_000));
            let name = ["slow.test", "localhost"][lot(2) as usize];
            let late = driver.clock.sleep_until(bound);
            let _ = race(connect(&driver, name, MINUTE), late).await;
            driver.now() - start
        };
        drive(program, |time| {
            // The provider may be late, which the caller has not waited for.
            assert!(time < SECOND, "{time:?}");
        });
    });
}

#[test]
fn the_image_stays_until_every_completion_routine_has_ended() {
    for profile in Profile::ALL {
        let sim = move |seed| Sim::new(seed).profile(profile).slow_completions();
        each_sim(40, sim, || {
            let program = async |driver: Driver| {
                let late = driver.clock.sleep_until(driver.now());
                let _ = race(connect(&driver, "localhost", MINUTE), late).await;
            };
            drive(program, |()| {});
        });
    }
}

#[test]
fn a_name_that_does_not_exist_is_not_just_a_failure() {
    each(10, &Profile::ALL, || {
        let program = async |driver: Driver| connect(&driver, "nobody.test", MINUTE).await.0;
        drive(program, |done| {
            let error = done.expect_err("no such name");
            let found = (error.phase, error.kind);
            assert_eq!(found, (Phase::Resolve, Kind::HostNotFound));
        });
    });
}
