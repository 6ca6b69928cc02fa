//! The client against a driver that follows a script.

mod driver;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wskhttp_client::abi::{
    Failure, IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_SEND_REQUEST, Request as Message, RequestFlags, RequestHeader, ResponseFlags,
    Status,
};
use wskhttp_client::{Body, Fault, Kind, Phase, Request};
use zerocopy::IntoBytes;

use driver::{READ, Step, WRITE, codes, device};

const RESET: i32 = 0xC000_020D_u32.cast_signed();

const SEND: u32 = IOCTL_WSKHTTP_SEND_REQUEST;
const RECEIVE: u32 = IOCTL_WSKHTTP_RECEIVE_RESPONSE;
const MORE: ResponseFlags = ResponseFlags::empty();
const COMPLETE: ResponseFlags = ResponseFlags::BODY_COMPLETE;

#[test]
fn a_small_response_costs_one_call() {
    let (mut device, driver) = device([
        Step::Answer(b"A: b\r\n", b"hello", COMPLETE),
        Step::Answer(b"", b"again", COMPLETE | ResponseFlags::REUSED),
    ]);
    let request = Request::post("http://h/", "data").header("X", "y");
    let mut response = device.send(request).unwrap();
    let head = response.head().clone();
    assert_eq!(head.header("a"), Some("b"));
    assert_eq!(head.remote, "127.0.0.1:443".parse().ok());
    assert_eq!(head.tls.unwrap().suite_name(), "TLS_AES_128_GCM_SHA256");
    assert_eq!(head.timing.resolve, Duration::from_micros(5));
    assert!(!head.reused && head.content_length.is_none());
    let mut body = String::new();
    response.read_to_string(&mut body).unwrap();
    assert_eq!(body, "hello");
    drop(response);
    assert!(
        device
            .send(Request::get("http://h/"))
            .unwrap()
            .head()
            .reused
    );
    assert_eq!(codes(&driver), [SEND, SEND]);
    assert_eq!(driver.opened.load(Ordering::SeqCst), 1);
    let seen = driver.seen.lock().unwrap();
    let message = Message::parse(&seen[0].1).unwrap();
    assert_eq!((message.method, message.body), ("POST", &b"data"[..]));
    assert_eq!(message.headers, b"X: y\r\n");
}

#[test]
fn a_long_body_is_read_until_its_end() {
    let (mut device, driver) = device([
        Step::Answer(b"", b"ab", MORE),
        Step::Body(b"cd"),
        Step::Body(b"e"),
        Step::Body(b""),
    ]);
    let mut response = device.send(Request::get("http://h/")).unwrap();
    let mut body = String::new();
    response.read_to_string(&mut body).unwrap();
    assert_eq!(body, "abcde");
    assert!(response.is_complete());
    drop(response);
    assert_eq!(codes(&driver), [SEND, READ, READ, READ]);
    device.handle().unwrap();
    assert_eq!(driver.opened.load(Ordering::SeqCst), 1);
}

#[test]
fn a_response_dropped_half_read_closes_the_handle() {
    let (mut device, driver) = device([
        Step::Answer(b"", b"ab", MORE),
        Step::Answer(b"", b"", COMPLETE),
    ]);
    drop(device.send(Request::get("http://h/")).unwrap());
    device.send(Request::get("http://h/")).unwrap();
    assert_eq!(driver.opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_head_that_does_not_fit_is_fetched_again() {
    const HEADERS: &[u8] = &[b'a'; 70_000];
    let (mut device, driver) = device([
        Step::Answer(HEADERS, b"", MORE),
        Step::Answer(HEADERS, b"x", COMPLETE),
    ]);
    let mut response = device.send(Request::get("http://h/")).unwrap();
    assert_eq!(response.chunk().unwrap(), b"x");
    drop(response);
    assert_eq!(codes(&driver), [SEND, RECEIVE]);
}

#[test]
fn a_body_is_streamed_with_and_without_a_length() {
    for (length, sent) in [(None, RequestHeader::CHUNKED), (Some(300_000), 300_000)] {
        let (mut device, driver) = device([
            Step::Accept,
            Step::Written,
            Step::Written,
            Step::Answer(b"", b"", COMPLETE),
        ]);
        let reader = Box::new(io::repeat(7).take(300_000));
        let body = Body::Reader { reader, length };
        device
            .send(Request::new("PUT", "http://h/").body(body))
            .unwrap();
        assert_eq!(codes(&driver), [SEND, WRITE, WRITE, RECEIVE]);
        let seen = driver.seen.lock().unwrap();
        let message = Message::parse(&seen[0].1).unwrap();
        assert_eq!(message.flags, RequestFlags::STREAM_BODY);
        assert_eq!(message.body_length, sent);
        assert_eq!(seen[1].1.len() + seen[2].1.len(), 300_000);
    }
}

#[test]
fn a_body_of_bytes_is_streamed_if_it_is_long() {
    let (mut device, driver) = device([
        Step::Accept,
        Step::Written,
        Step::Answer(b"", b"", COMPLETE),
    ]);
    device
        .send(Request::post("http://h/", vec![1; 70_000]))
        .unwrap();
    assert_eq!(driver.seen.lock().unwrap()[1].1, vec![1; 70_000]);
}

#[test]
fn a_body_that_ends_early_or_breaks_aborts_the_request() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("no disk"))
        }
    }
    let readers: [(Box<dyn Read>, Kind, usize); 2] = [
        (Box::new(&b"abc"[..]), Kind::BodyLengthMismatch, 2),
        (Box::new(Broken), Kind::BodySource, 1),
    ];
    for (reader, kind, operations) in readers {
        let (mut device, driver) = device([Step::Accept, Step::Written]);
        let body = Body::Reader {
            reader,
            length: Some(4),
        };
        let request = Request::new("PUT", "http://h/").body(body);
        let error = device.send(request).err().unwrap();
        assert_eq!((error.kind, error.fault), (kind, Fault::Caller));
        assert_eq!(error.exit_code(), 26);
        assert_eq!(driver.seen.lock().unwrap().len(), operations);
        device.handle().unwrap();
        assert_eq!(driver.opened.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn the_driver_says_why_a_request_failed() {
    let (mut device, driver) = device([Step::Answer(b"", b"ab", MORE), Step::Fail(RESET)]);
    let mut response = device.send(Request::get("http://h/")).unwrap();
    assert_eq!(response.chunk().unwrap(), b"ab");
    *driver.failure.lock().unwrap() = Some(Failure::new(8, 33, 2, RESET, "the peer reset"));
    let error = response.chunk().unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Body, Kind::ConnectionReset)
    );
    assert_eq!(
        error.to_string(),
        "response body: the peer reset [status 0xC000020D, peer]"
    );
    assert_eq!(error.exit_code(), 56);
}

#[test]
fn a_failure_of_another_request_is_not_believed() {
    let (mut device, driver) = device([Step::Fail(0xC000_000D_u32.cast_signed())]);
    *driver.failure.lock().unwrap() = Some(Failure::new(8, 33, 2, RESET, "old"));
    let error = device.send(Request::get("http://h/")).err().unwrap();
    assert_eq!((error.kind, error.exit_code()), (Kind::DriverRefused, 2));
}

#[test]
fn a_request_that_breaks_the_rules_is_not_sent() {
    let (mut device, driver) = device([]);
    for (request, kind) in [
        (Request::get(""), Kind::InvalidUrl),
        (Request::new("G T", "http://h/"), Kind::InvalidRequest),
        (
            Request::get("http://h/").header("Host", "x"),
            Kind::InvalidRequest,
        ),
        (
            Request::get("http://h/").header("A", "b\r\nC: d"),
            Kind::InvalidRequest,
        ),
        (
            Request::get("http://h/").header("A: b\r\nC", "d"),
            Kind::InvalidRequest,
        ),
    ] {
        assert_eq!(device.send(request).err().unwrap().kind, kind);
    }
    assert_eq!(codes(&driver), []);
}

#[test]
fn a_canceller_ends_what_is_under_way_and_what_comes() {
    let (mut device, driver) = device([Step::Hang, Step::Answer(b"", b"", COMPLETE)]);
    let canceller = device.canceller();
    let waiting = Arc::clone(&driver);
    let thread = std::thread::spawn(move || {
        while waiting.seen.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        canceller.cancel();
        canceller
    });
    let error = device.send(Request::get("http://h/")).err().unwrap();
    assert_eq!((error.kind, error.exit_code()), (Kind::Canceled, 42));
    let canceller = thread.join().unwrap();
    let error = device.send(Request::get("http://h/")).err().unwrap();
    assert_eq!(error.kind, Kind::Canceled);
    assert_eq!(codes(&driver), [SEND]);
    canceller.reset();
    device.send(Request::get("http://h/")).unwrap();
}

#[test]
fn a_cancel_that_comes_just_before_an_operation_ends_it() {
    let (mut device, driver) = device([]);
    let race = Step::Race(device.canceller());
    driver.steps.lock().unwrap().push_back(race);
    let error = device.send(Request::get("http://h/")).err().unwrap();
    assert_eq!(error.kind, Kind::Canceled);
}

#[test]
fn nonsense_from_the_driver_is_an_error() {
    let (mut device, driver) = device([
        Step::Output(vec![0; 10]),
        Step::Output(vec![0xFF; 96]),
        Step::Output(Status::new().as_bytes()[..87].to_vec()),
        Step::Output(Status::new().as_bytes().to_vec()),
    ]);
    for _ in 0..2 {
        let error = device.send(Request::get("http://h/")).err().unwrap();
        assert_eq!(error.kind, Kind::DriverMessage);
    }
    assert_eq!(driver.opened.load(Ordering::SeqCst), 2);
    assert_eq!(device.status().unwrap_err().kind, Kind::DriverMessage);
    assert_eq!(device.status().unwrap().requests, 0);
    assert_eq!(codes(&driver)[3], IOCTL_WSKHTTP_QUERY_STATUS);
}
