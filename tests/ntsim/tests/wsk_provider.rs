//! The driver, and a provider that comes late, never, or goes away.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wskhttp_client::{Device, Error, Kind, Phase, Request};
use wskhttp_ntsim::{
    Driver, Ending, Profile, Sim, Stream, listen, lose_provider, restore_provider, seeds, sleep,
    spawn,
};

const SEEDS: u64 = 20;

fn server(mut stream: Stream) {
    assert!(stream.peer_address().ip().is_loopback());
    while let Ok(Some(_)) = stream.head() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

fn get(device: &mut Device) -> Result<String, Error> {
    let mut body = String::new();
    let mut response = device.send(Request::get("http://127.0.0.1/"))?;
    response.read_to_string(&mut body).map_err(|error| {
        *error
            .into_inner()
            .expect("of the driver")
            .downcast::<Error>()
            .expect("of the driver")
    })?;
    Ok(body)
}

#[test]
fn a_request_waits_for_a_late_provider() {
    for seed in seeds(SEEDS) {
        let sim = Sim::new(seed).ready_after(Duration::from_secs(30));
        sim.run(|| {
            listen(80, server);
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            assert_eq!(get(&mut device).expect("an answer"), "hello");
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn without_provider_a_request_fails_and_the_driver_unloads() {
    for seed in seeds(SEEDS) {
        Sim::new(seed).never_ready().run(|| {
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            let error = get(&mut device).expect_err("no network");
            assert_eq!((error.phase, error.kind), (Phase::Wait, Kind::TimedOut));
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn a_provider_that_goes_away_fails_requests_and_may_come_back() {
    static FAILED: AtomicUsize = AtomicUsize::new(0);
    for seed in seeds(100) {
        for profile in [Profile::Windows, Profile::Hostile] {
            let sim = Sim::new(seed).profile(profile).ready_after(Duration::ZERO);
            sim.run(move || {
                listen(80, server);
                let driver = Driver::load().expect("loaded");
                let mut device = Device::with_opener(driver.opener()).expect("open");
                let thief = spawn("takes the provider away", move || {
                    sleep(Duration::from_micros(100 * seed));
                    lose_provider();
                });
                let outcome = get(&mut device);
                FAILED.fetch_add(outcome.is_err().into(), Ordering::Relaxed);
                thief.join();
                get(&mut device).expect_err("there is no provider");
                restore_provider();
                assert_eq!(get(&mut device).expect("it is back"), "hello");
                drop(device);
                driver.remove();
            });
        }
    }
    let failed = FAILED.load(Ordering::Relaxed);
    assert!((1..200).contains(&failed), "{failed} of 200 failed");
}

#[test]
fn a_server_sees_how_a_connection_ends() {
    for seed in seeds(SEEDS) {
        for profile in Profile::ALL {
            Sim::new(seed).profile(profile).run(|| {
                listen(80, |mut stream| {
                    stream.head().expect("a request").expect("a request");
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                    stream.write_all(answer).expect("taken");
                    stream.finish();
                    assert_eq!(stream.wait_end(), Ending::Finished);
                });
                listen(81, |mut stream| {
                    stream.head().expect("a request").expect("a request");
                    stream.reset();
                    assert_eq!(stream.wait_end(), Ending::Reset);
                });
                let driver = Driver::load().expect("loaded");
                let mut device = Device::with_opener(driver.opener()).expect("open");
                assert_eq!(get(&mut device).expect("an answer"), "hello");
                let error = device.send(Request::get("http://127.0.0.1:81/"));
                assert_eq!(error.err().map(|e| e.kind), Some(Kind::ConnectionReset));
                drop(device);
                driver.remove();
            });
        }
    }
}
