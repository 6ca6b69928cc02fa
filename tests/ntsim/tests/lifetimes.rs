//! What one request costs others, and how long the driver keeps what it has no use for.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::rc::Rc;
use std::time::Duration;

use wskhttp_client::abi::{
    self, IOCTL_WSKHTTP_SEND_REQUEST, RequestFlags, RequestHeader, ResponseHeader,
};
use wskhttp_client::{Completion, Device, Operation, Request};
use wskhttp_ntsim::{
    Driver, Profile, Sim, Stream, elapsed, fault, guard_secret, kept_lists, listen, secrets_left,
    seeds, sleep, sockets, spawn,
};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: u64 = 10;

/// Runs `body` on a machine with one processor, so with one worker, whose provider completes inside the
/// call whatever it can.
fn on_one_worker(body: fn(&Driver)) {
    for seed in seeds(3) {
        let sim = Sim::new(seed).profile(Profile::Wine).processors(1);
        sim.run(move || with_driver(body));
    }
}

fn on_all(profiles: &[Profile], body: fn(&Driver)) {
    for seed in seeds(SEEDS) {
        for profile in profiles {
            let sim = Sim::new(seed).profile(*profile);
            sim.run(move || with_driver(body));
        }
    }
}

fn with_driver(body: fn(&Driver)) {
    let driver = Driver::load().expect("loaded");
    body(&driver);
    driver.remove();
}

fn open(driver: &Driver) -> Device {
    Device::with_opener(driver.opener()).expect("open")
}

fn get(device: &mut Device) -> Vec<u8> {
    let request = Request::get("http://127.0.0.1/");
    let mut response = device.send(request).expect("an answer");
    let mut body = Vec::new();
    response.read_to_end(&mut body).expect("a body");
    body
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Answers with `hello`; for `/long` with [`LONG`] bytes, all at once.
fn serve() {
    listen(80, |mut stream| {
        while let Ok(Some(head)) = stream.head() {
            if head.starts_with("GET /long") {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n");
                let body = [head.as_bytes(), &vec![0; LONG]].concat();
                stream.write_at_once(&body);
            } else {
                stream.write_at_once(HELLO);
            }
        }
    });
}

const LONG: usize = 32 * 1024 * 1024;

/// SEND_REQUEST with `message`.
fn send(message: abi::Request<'_>, output: usize) -> Operation {
    let mut input = vec![0; 4096];
    let written = message.write_to(&mut input).expect("a message");
    input.truncate(written);
    Operation::Ioctl {
        code: IOCTL_WSKHTTP_SEND_REQUEST,
        input,
        output: vec![0; output],
    }
}

fn message(url: &str) -> abi::Request<'_> {
    abi::Request {
        method: "GET",
        url,
        ..abi::Request::default()
    }
}

fn whole(url: &str, output: usize) -> Operation {
    let flags = RequestFlags::WHOLE_BODY;
    send(
        abi::Request {
            flags,
            ..message(url)
        },
        output,
    )
}

fn streamed() -> Operation {
    let streamed = abi::Request {
        flags: RequestFlags::STREAM_BODY,
        method: "POST",
        body_length: RequestHeader::CHUNKED,
        ..message("http://127.0.0.1/")
    };
    send(streamed, 0)
}

fn receives() -> usize {
    fault::count("WskReceive")
}

/// Waits until the driver is in the middle of a long body.
fn in_mid_body() -> usize {
    while receives() < 100 {
        sleep(Duration::ZERO);
    }
    receives()
}

#[test]
fn a_long_body_leaves_the_worker_to_others() {
    on_one_worker(|driver| {
        serve();
        let (mut long, mut other) = (open(driver), open(driver));
        let whole = whole("http://127.0.0.1/long", LONG + 4096);
        let mut long = long.start(whole).expect("open");
        in_mid_body();
        assert_eq!(get(&mut other), b"hello");
        assert!(long.wait(Some(Duration::ZERO)).is_none(), "it is not over");
    });
}

#[test]
fn a_long_body_ends_when_it_is_cancelled() {
    on_one_worker(|driver| {
        serve();
        let mut device = open(driver);
        let whole = whole("http://127.0.0.1/long", LONG + 4096);
        let mut long = device.start(whole).expect("open");
        let before = in_mid_body();
        long.cancel();
        let done = long.wait(None).expect("no time-out");
        assert_eq!(done.status.cast_unsigned(), STATUS_CANCELLED);
        let more = receives() - before;
        assert!(more < 100, "{more} receives after the cancellation");
    });
}

#[test]
fn a_flood_of_reads_leaves_the_worker_to_others() {
    const MOST: usize = 20_000;
    on_one_worker(|driver| {
        listen(80, |mut stream| {
            if stream
                .head()
                .is_ok_and(|head| head.is_some_and(|head| head.starts_with("GET")))
            {
                stream.write_at_once(HELLO);
            }
            stream.wait_end();
        });
        let (mut flooded, mut other) = (open(driver), open(driver));
        let begun = flooded.start(streamed()).expect("open").wait(None);
        assert_eq!(begun.expect("no time-out").status, 0);
        let (reads, stop) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let floods: Vec<_> = (0..16)
            .map(|_| {
                let handle = flooded.handle().expect("open");
                let (reads, stop) = (Rc::clone(&reads), Rc::clone(&stop));
                spawn("reads", move || {
                    while !stop.get() && reads.get() < MOST {
                        handle.start(Operation::Read(vec![0; 8])).wait(None);
                        reads.set(reads.get() + 1);
                    }
                })
            })
            .collect();
        while reads.get() < 50 {
            sleep(Duration::ZERO);
        }
        assert_eq!(get(&mut other), b"hello");
        stop.set(true);
        floods.into_iter().for_each(wskhttp_ntsim::Thread::join);
        assert!(
            reads.get() < MOST,
            "the other had to wait for the flood's end"
        );
    });
}

/// One exchange, after which the connection is idle; then the peer does `then`, and soon there is
/// neither a connection nor data of it.
fn nothing_stays(then: fn(&mut Stream)) {
    for profile in Profile::ALL {
        for seed in seeds(SEEDS) {
            Sim::new(seed).profile(profile).run(move || {
                nothing_stays_at(profile, then);
            });
        }
    }
}

fn nothing_stays_at(profile: Profile, then: fn(&mut Stream)) {
    listen(80, move |mut stream| {
        if stream.head().is_ok_and(|head| head.is_some()) {
            let _ = stream.write_all(HELLO);
            sleep(SECOND);
            then(&mut stream);
            stream.wait_end();
        }
    });
    let driver = Driver::load().expect("loaded");
    let mut device = open(&driver);
    assert_eq!(get(&mut device), b"hello");
    sleep(SECOND * 10);
    assert_eq!(kept_lists(), 0);
    assert_eq!(device.status().expect("a status").idle_now, 0);
    // A close takes its time there.
    assert!(profile == Profile::Hostile || sockets() == 0);
    drop(device);
    driver.remove();
}

#[test]
fn an_idle_connection_that_its_server_ends_is_closed() {
    nothing_stays(Stream::finish);
}

#[test]
fn an_idle_connection_with_data_that_nobody_asked_for_is_closed() {
    nothing_stays(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n");
    });
}

#[test]
fn a_refused_request_leaves_no_key() {
    on_all(&Profile::ALL, |driver| {
        let key = [0x5A; 40];
        guard_secret(&key);
        let tls = Some(abi::Tls {
            certificate: &[0x30, 0],
            key: &key,
            ..abi::Tls::default()
        });
        let with_key = || abi::Request {
            tls,
            ..message("https://localhost/")
        };
        let mut device = open(driver);
        let mut refused = |operation| {
            let done: Completion = device
                .start(operation)
                .expect("open")
                .wait(None)
                .expect("an end");
            assert!(done.status < 0, "{done:?}");
            assert_eq!(secrets_left(), 0, "{done:?}");
        };
        refused(send(with_key(), size_of::<ResponseHeader>() - 1));
        let whole = send(with_key(), 4096);
        let Operation::Ioctl {
            code,
            mut input,
            output,
        } = whole
        else {
            unreachable!("it is one");
        };
        // Its version.
        input[4] = 99;
        refused(Operation::Ioctl {
            code,
            input,
            output,
        });
        // Not refused at once: the certificate is none.
        refused(send(with_key(), 4096));
    });
}

#[test]
fn a_write_says_that_the_response_came_first() {
    on_all(&Profile::ALL, |driver| {
        listen(80, |mut stream| {
            let _ = stream.head();
            let _ = stream.write_all(HELLO);
            stream.wait_end();
        });
        let mut device = open(driver);
        let begun = device.start(streamed()).expect("open").wait(None);
        assert_eq!(begun.expect("an end").status, 0);
        sleep(SECOND);
        // A write looks for what has come of the response, once.
        let mut written = (0..200).map(|_| device.write(b"data".to_vec()).expect("open"));
        let last = written.find(|done| done.information != 4);
        let last = last.expect("a write that is not taken");
        assert_eq!((last.status, last.information), (0, 0));
    });
}

#[test]
fn a_request_is_cancelled_while_the_last_ones_connection_closes() {
    on_all(&[Profile::Windows], |driver| {
        listen(80, |mut stream| {
            let _ = stream.head();
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            // Does not end its side.
            sleep(SECOND * 100);
        });
        let mut device = open(driver);
        assert_eq!(get(&mut device), b"");
        let start = elapsed();
        let mut next = device
            .start(whole("http://127.0.0.1/", 4096))
            .expect("open");
        next.cancel();
        let done = next.wait(None).expect("no time-out");
        assert_eq!(done.status.cast_unsigned(), STATUS_CANCELLED);
        assert!(elapsed() - start < SECOND, "{:?}", elapsed() - start);
    });
}

const STATUS_CANCELLED: u32 = 0xC000_0120;
