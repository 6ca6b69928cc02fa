//! Bounds on single waits, and on the speed of both directions, as the caller sets them.

use std::io::{Read, Write};
use std::time::Duration;

use wskhttp_client::{Body, Device, Kind, Options, Phase, Request};
use wskhttp_ntsim::{Stream, elapsed, listen, sleep};

use crate::{fetch, run};

/// A server that reads heads, answers as many of them as there are `answers`, and then is silent.
fn falls_silent(answers: &'static [&'static [u8]]) {
    listen(80, move |mut stream: Stream| {
        for answer in answers {
            if !stream.head().is_ok_and(|head| head.is_some()) || stream.write_all(answer).is_err()
            {
                return;
            }
        }
        listens(stream);
    });
}

fn listens(mut stream: Stream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0) {}
}

/// The phase in which a request fails for want of time: long before any other bound, but a provider may
/// take its time, too.
fn late(device: &mut Device, request: Request<'_>, options: Options) -> Phase {
    let began = elapsed();
    let error = fetch(device, request.options(options)).expect_err("silence");
    assert_eq!(error.kind, Kind::TimedOut, "{error}");
    let after = (elapsed() - began).as_secs();
    assert!((3..30).contains(&after), "{after} s: {error}");
    error.phase
}

fn upload() -> Request<'static> {
    Request::new("PUT", "http://localhost/").body(Body::Bytes(vec![7; 8 << 20]))
}

#[test]
fn each_wait_has_its_bound_and_its_phase() {
    run(|device| {
        const THREE: Duration = Duration::from_secs(3);
        let plain = || Request::get("http://localhost/");
        listen(443, listens);
        let secure = Request::get("https://localhost/");
        let bound = Options::new().tls_timeout(THREE);
        assert_eq!(late(device, secure, bound), Phase::Tls);
        falls_silent(&[]);
        let bound = Options::new().head_timeout(THREE);
        assert_eq!(late(device, plain(), bound), Phase::Head);
        falls_silent(&[b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nhalf"]);
        let bound = Options::new().body_timeout(THREE);
        assert_eq!(late(device, plain(), bound), Phase::Body);
        listen(80, |_stream: Stream| sleep(Duration::from_secs(100)));
        let bound = Options::new().send_timeout(THREE);
        assert_eq!(late(device, upload(), bound), Phase::Send);
    });
}

#[test]
fn the_lowest_speed_holds_on_a_kept_connection_and_for_uploads() {
    run(|device| {
        let slow = || Options::new().low_speed(1 << 20, Duration::from_secs(5));
        falls_silent(&[b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok"]);
        let plain = || Request::get("http://localhost/");
        let first = fetch(device, plain().options(slow())).expect("an answer");
        assert_eq!(first, (200, b"ok".to_vec()));
        assert_eq!(late(device, plain(), slow()), Phase::Head);
        listen(80, |_stream: Stream| sleep(Duration::from_secs(100)));
        assert_eq!(late(device, upload(), slow()), Phase::Send);
    });
}
