//! The main job, step by step, and the server that it talks to.

#[allow(dead_code, reason = "each test program uses a part of it")]
pub(crate) mod tls;

use std::io::{self, Read, Write};
use std::time::Duration;

use wskhttp_client::{Device, Error, Head, Kind, Request};
use wskhttp_ntsim::{Driver, Stream, elapsed, listen, lot, sleep, spawn};

/// With or without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn url(self, path: &str) -> String {
        match self {
            Self::Http => format!("http://localhost{path}"),
            Self::Https => format!("https://localhost{path}"),
        }
    }
}

/// Makes the server listen.
pub(crate) fn serve() {
    serve_in(|_| {});
}

/// As [`serve`], with a mood for each connection.
pub(crate) fn serve_in(mood: impl Fn(&mut Stream) + Clone + 'static) {
    // Before any driver is there whose calls are counted.
    let _made = tls::root();
    let other = mood.clone();
    // Errors are the client's doing, or the mood's.
    listen(80, move |mut stream| {
        mood(&mut stream);
        let _ = answer(stream);
    });
    listen(443, move |mut stream| {
        other(&mut stream);
        let _ = answer(tls::TlsStream::new(stream));
    });
}

/// Answers with the request's body, or `hello`; `/slow` never ends.
pub(crate) fn answer(mut stream: impl Read + Write) -> io::Result<()> {
    while let Some(head) = head(&mut stream)? {
        let mut body = Vec::new();
        if let Some((_, rest)) = head.split_once("Content-Length: ") {
            let length = rest.lines().next().and_then(|line| line.parse().ok());
            body.resize(length.expect("a length"), 0);
            stream.read_exact(&mut body)?;
        } else {
            body.extend(b"hello");
        }
        let length = body.len();
        if head.starts_with("GET /slow") {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")?;
            while stream.read(&mut [0])? > 0 {}
            return Ok(());
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        )?;
        stream.write_all(&body)?;
    }
    Ok(())
}

/// The head of the next request; `None` if there is none.
pub(crate) fn head(stream: &mut impl Read) -> io::Result<Option<String>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Opens the device.
pub(crate) fn open(driver: &Driver) -> Result<Device, Error> {
    Device::with_opener(driver.opener())
}

/// A request with a body, which comes back.
pub(crate) fn post(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    let body: Vec<u8> = (0..3000_u32).map(|i| i as u8).collect();
    let request = finish(Request::post(&scheme.url("/"), body.clone()))?;
    let mut got = Vec::new();
    read(device, request, &mut got)?;
    assert!(got == body, "the body has changed on its way");
    Ok(())
}

/// A request without one.
pub(crate) fn get(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    get_again(device, scheme).map(drop)
}

/// As [`get`]; gives whether it went over a connection that was there.
pub(crate) fn get_again(device: &mut Device, scheme: Scheme) -> Result<bool, Error> {
    let request = finish(Request::get(&scheme.url("/")))?;
    let mut got = Vec::new();
    let head = read(device, request, &mut got)?;
    assert_eq!(got, b"hello");
    Ok(head.reused)
}

/// A request that is cancelled, wherever it is then.
pub(crate) fn cancel(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    let canceller = device.canceller();
    let delay = Duration::from_micros(lot(40_000));
    let other = spawn("cancels", move || {
        sleep(delay);
        canceller.cancel();
    });
    let request = finish(Request::get(&scheme.url("/slow")));
    let result = request.and_then(|request| read(device, request, &mut Vec::new()));
    other.join();
    device.canceller().reset();
    match result {
        Err(error) if error.kind == Kind::Canceled => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("an answer that never ends has ended"),
    }
}

/// A request whose handle is closed, wherever it is then.
pub(crate) fn close(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    let handle = device.handle()?;
    let delay = Duration::from_micros(lot(40_000));
    let start = elapsed();
    let other = spawn("closes", move || {
        sleep(delay);
        handle.close();
    });
    let request = finish(Request::get(&scheme.url("/slow")));
    let result = request.and_then(|request| read(device, request, &mut Vec::new()));
    let time = elapsed() - start;
    other.join();
    device.abandon();
    assert!(time < TIMEOUT / 2, "{time:?} after its handle was closed");
    match result {
        Err(error) if matches!(error.kind, Kind::Canceled | Kind::DriverRefused) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("an answer that never ends has ended"),
    }
}

/// A request that nobody ends but its own time-out.
#[allow(dead_code, reason = "for one of the tests that this is a part of")]
pub(crate) fn endless(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    let request = finish(Request::get(&scheme.url("/slow")))?;
    read(device, request, &mut Vec::new()).map(drop)
}

/// How long a request may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

fn finish(request: Request<'_>) -> Result<Request<'_>, Error> {
    request.timeout(TIMEOUT).root_certificates(&tls::root())
}

/// The response's body; gives its head.
pub(crate) fn read(
    device: &mut Device,
    request: Request<'_>,
    to: &mut Vec<u8>,
) -> Result<Head, Error> {
    let mut response = device.send(request)?;
    assert_eq!(response.head().status, 200);
    loop {
        let chunk = response.chunk()?;
        if chunk.is_empty() {
            return Ok(response.head().clone());
        }
        to.extend(chunk);
    }
}

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Says at a panic how the run is repeated: the arguments of `cargo xtask sim`.
pub(crate) struct Replay(pub(crate) String);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay: cargo xtask sim {}", self.0);
        }
    }
}
