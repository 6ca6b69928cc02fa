//! What the driver does for a request beyond sending it once, on every provider.

mod proxies;
mod resume;
mod timeouts;
#[expect(dead_code, reason = "most of it is for other tests")]
#[path = "../support/tls/mod.rs"]
mod tls;

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use wskhttp_client::{Device, Error, Kind, Options, Request, cli};
use wskhttp_ntsim::{Driver, Profile, Sim, Stream, listen, seeds, sleep};

use tls::TlsStream;

/// Runs `body` with a driver and an open device, on every provider, for some seeds.
fn run(body: impl FnOnce(&mut Device) + Copy + 'static) {
    with_driver(move |driver| {
        let mut device = Device::with_opener(driver.opener()).expect("open");
        body(&mut device);
    });
}

/// Runs `body` with a driver, on every provider, for some seeds.
fn with_driver(body: impl FnOnce(&Driver) + Copy + 'static) {
    // Before any driver is there whose calls are counted.
    let _made = tls::root();
    for seed in seeds(4) {
        for profile in Profile::ALL {
            Sim::new(seed).profile(profile).run(move || {
                let driver = Driver::load().expect("loaded");
                body(&driver);
                driver.remove();
            });
        }
    }
}

/// Every head that servers have got.
type Heads = Rc<RefCell<Vec<String>>>;

/// Answers every request of every connection with what `answer` gives for its head and number, and
/// closes the connection after a response that has no length.
fn serve(port: u16, answer: impl Fn(&str, usize) -> Vec<u8> + 'static) -> Heads {
    let heads = Heads::default();
    let (seen, answer) = (Rc::clone(&heads), Rc::new(answer));
    listen(port, move |stream| {
        let _ = answers(stream, &seen, &*answer);
    });
    heads
}

fn answers(
    mut stream: impl Read + Write,
    seen: &Heads,
    answer: &dyn Fn(&str, usize) -> Vec<u8>,
) -> io::Result<()> {
    while let Some(head) = head(&mut stream)? {
        let number = seen.borrow().len();
        seen.borrow_mut().push(head.clone());
        let response = answer(&head, number);
        stream.write_all(&response)?;
        let is_whole = |text: &str| text.contains("Content-Length") && !text.contains("Cut: 1");
        if !is_whole(&String::from_utf8_lossy(&response)) {
            return Ok(());
        }
    }
    Ok(())
}

fn head(stream: &mut impl Read) -> io::Result<Option<String>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

fn ok(lines: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn fetch(device: &mut Device, request: Request<'_>) -> Result<(u16, Vec<u8>), Error> {
    let request = request
        .timeout(Duration::from_secs(120))
        .root_certificates(&tls::root())?;
    let mut response = device.send(request)?;
    let status = response.head().status;
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk()?;
        if chunk.is_empty() {
            return Ok((status, body));
        }
        body.extend(chunk);
    }
}

fn get(device: &mut Device, url: &str, options: Options) -> Result<(u16, Vec<u8>), Error> {
    fetch(device, Request::get(url).options(options))
}

/// Runs the command on the driver; gives its exit code.
fn command(driver: &Driver, arguments: &[&str]) -> u8 {
    let words = ["wskhttp", "-s"].iter().chain(arguments);
    let opener = driver.opener();
    cli::run(words.map(OsString::from), &|| {
        Device::with_opener(opener.clone())
    })
}

/// Bytes that have no short period.
fn pattern(length: usize) -> Vec<u8> {
    let byte = |n: usize| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
    (0..length).map(byte).collect()
}

#[test]
fn keep_alive() {
    run(|device| {
        let connections = Rc::new(Cell::new(0));
        let made = Rc::clone(&connections);
        listen(80, move |stream| {
            made.set(made.get() + 1);
            let _ = answers(stream, &Heads::default(), &|_, _| ok("", b"hello"));
        });
        for _ in 0..3 {
            let got = get(device, "http://localhost/", Options::new()).expect("an answer");
            assert_eq!(got, (200, b"hello".to_vec()));
        }
        assert_eq!(connections.get(), 1);
    });
}

#[test]
fn tls_without_a_proxy() {
    run(|device| {
        listen(443, |stream| {
            let tls = TlsStream::new(stream);
            let _ = answers(tls, &Heads::default(), &|_, _| ok("", b"secure"));
        });
        for _ in 0..2 {
            let got = get(device, "https://localhost/", Options::new()).expect("an answer");
            assert_eq!(got, (200, b"secure".to_vec()));
        }
    });
}

#[test]
fn redirects_across_origins() {
    run(|device| {
        let first = serve(80, |head, _| {
            let to = match head.starts_with("GET /a ") {
                true => "/b",
                false => "http://localhost:81/c",
            };
            format!("HTTP/1.1 302 x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into()
        });
        let second = serve(81, |_, _| ok("", b"there"));
        let options = || Options::new().follow(5).basic("user:secret");
        let request = Request::get("http://localhost/a").header("Cookie", "sid=secret");
        let got = fetch(device, request.options(options())).expect("an answer");
        assert_eq!(got, (200, b"there".to_vec()));
        let (own, other) = (first.take(), second.take());
        assert_eq!((own.len(), other.len()), (2, 1));
        for head in &own {
            assert!(head.contains("Authorization: Basic ") && head.contains("Cookie: sid"));
        }
        assert!(!other[0].contains("Authorization") && !other[0].contains("Cookie"));
        let error = get(device, "http://localhost/a", options().follow(1)).expect_err("a limit");
        assert_eq!(error.kind, Kind::TooManyRedirects);
    });
}

#[test]
fn what_came_before_a_cut_is_delivered() {
    run(|device| {
        let _heads = serve(80, |_, _| {
            b"HTTP/1.1 200 x\r\nContent-Length: 9\r\nCut: 1\r\n\r\nhalf".into()
        });
        let request = Request::get("http://localhost/").timeout(Duration::from_secs(120));
        let mut response = device.send(request).expect("a head");
        let mut got = Vec::new();
        let error = loop {
            match response.chunk() {
                Ok(chunk) => got.extend(chunk),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind, &got[..]), (Kind::BodyTruncated, &b"half"[..]));
    });
}

#[test]
fn a_retry_waits_as_long_as_it_is_told() {
    run(|device| {
        let heads = serve(80, |_, number| match number {
            0 => b"HTTP/1.1 503 x\r\nRetry-After: 30\r\nContent-Length: 4\r\n\r\nbusy".to_vec(),
            _ => ok("", b"fine"),
        });
        // Virtual time: who may wait no longer than that does not try again.
        for (within, expected) in [(29, (503, &b"busy"[..])), (40, (200, b"fine"))] {
            heads.borrow_mut().clear();
            let options = Options::new().retry(2, Some(Duration::from_secs(within)));
            let (status, body) = get(device, "http://localhost/", options).expect("an answer");
            assert_eq!((status, &*body), expected, "{within}");
        }
        assert_eq!(heads.borrow().len(), 2);
    });
}

#[test]
fn a_bomb_is_stopped_at_its_limit() {
    run(|device| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..16 {
            encoder.write_all(&vec![0; 1 << 20]).expect("memory");
        }
        let bomb = encoder.finish().expect("memory");
        let small = bomb.len();
        let _heads = serve(80, move |_, _| ok("Content-Encoding: gzip\r\n", &bomb));
        let request = Request::get("http://localhost/").options(Options::new().decode());
        let mut response = device.send(request).expect("a head");
        let mut got = 0;
        let error = loop {
            match response.chunk() {
                Ok([]) => panic!("all of a bomb"),
                Ok(chunk) => got += chunk.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, Kind::BodyTooLarge);
        assert!(got <= (1 << 20) + 200 * small, "{got}");
        drop(response);
        let (_, raw) = get(device, "http://localhost/", Options::new()).expect("an answer");
        assert_eq!(raw.len(), small);
    });
}

#[test]
fn a_slow_server_is_given_up() {
    run(|device| {
        listen(80, |mut stream: Stream| {
            if !stream.head().is_ok_and(|head| head.is_some()) {
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                sleep(Duration::from_millis(500));
            }
        });
        let options = Options::new().low_speed(1000, Duration::from_secs(10));
        let error = get(device, "http://localhost/", options).expect_err("too slow");
        assert_eq!(error.kind, Kind::TimedOut);
        assert!(error.to_string().contains("slower"), "{error}");
    });
}

#[test]
fn cookies_stay_with_their_device() {
    run(|device| {
        let heads = serve(80, |head, _| match head.starts_with("GET /in ") {
            true => ok(
                "Set-Cookie: sid=1; Path=/\r\nSet-Cookie: x=2; Path=/in\r\n",
                b"",
            ),
            false => ok("", b""),
        });
        let given = "localhost\tFALSE\t/\tFALSE\t0\tgiven\tyes\n";
        let with = |text: &str| Options::new().cookies(text);
        get(device, "http://localhost/in", with(given)).expect("an answer");
        get(device, "http://localhost/out", with("")).expect("an answer");
        get(device, "http://localhost/out", Options::new()).expect("an answer");
        get(device, "http://127.0.0.1/out", with("")).expect("an answer");
        let sent: Vec<Option<String>> = heads
            .borrow()
            .iter()
            .map(|head| {
                let mut lines = head.lines();
                lines.find_map(|line| line.strip_prefix("Cookie: ").map(str::to_owned))
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            sent,
            [some("given=yes"), some("given=yes; sid=1"), None, None]
        );
        let kept = device.cookies().expect("cookies");
        let names: Vec<&str> = kept
            .lines()
            .filter_map(|line| line.split('\t').nth(5))
            .collect();
        assert_eq!(names, ["x", "given", "sid"]);
    });
}

#[test]
fn digests_are_checked() {
    run(|device| {
        let body = pattern(30_000);
        let known: [u8; 32] = Sha256::digest(&body).into();
        let _heads = serve(80, move |_, _| {
            let digest = "Repr-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n";
            ok(digest, &body)
        });
        let ask = |device: &mut Device, options| {
            let got = get(device, "http://localhost/", options);
            got.map(|(_, body)| body.len()).map_err(|error| error.kind)
        };
        assert_eq!(ask(device, Options::new()), Ok(30_000));
        assert_eq!(ask(device, Options::new().sha256(known)), Ok(30_000));
        let mismatch = Err(Kind::DigestMismatch);
        assert_eq!(ask(device, Options::new().sha256([1; 32])), mismatch);
        assert_eq!(ask(device, Options::new().verify()), mismatch);
    });
}
