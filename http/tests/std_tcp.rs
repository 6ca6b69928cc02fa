//! A client over the standard library's blocking TCP, against a server of its own thread.

mod support;

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use support::{Lock, url};
use wskhttp_core::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, Transport};
use wskhttp_http::{Body, Client, Deadlines, Limits, Outcome, Request};

/// Every wait blocks in a system call, so that no future of it is ever pending.
struct Blocking {
    stream: TcpStream,
    input: Vec<u8>,
    output: [u8; 4096],
    staged: usize,
}

struct ToLoopback(u16);

impl Connect for ToLoopback {
    type Transport = Blocking;
    type Key = ();

    async fn connect(
        &self,
        _: &Target<'_>,
        (): &(),
        _: &mut ConnectionInfo,
    ) -> Result<Blocking, Error> {
        let stream = TcpStream::connect(("127.0.0.1", self.0)).map_err(|_| failed())?;
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).map_err(|_| failed())?;
        stream.set_nodelay(true).map_err(|_| failed())?;
        Ok(Blocking {
            stream,
            input: Vec::new(),
            output: [0; 4096],
            staged: 0,
        })
    }
}

impl Transport for Blocking {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.input.len());
        self.input.drain(..n);
    }

    fn poll_fill(&mut self, _: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let mut room = [0; 4096];
        let count = self.stream.read(&mut room);
        Poll::Ready(count.map_err(|_| failed()).inspect(|count| {
            self.input.extend_from_slice(&room[..*count]);
        }))
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let staged = std::mem::take(&mut self.staged);
        let sent = self.stream.write_all(&self.output[..staged]);
        Poll::Ready(sent.map_err(|_| failed()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let closed = self.stream.shutdown(std::net::Shutdown::Write);
        Poll::Ready(closed.map_err(|_| failed()))
    }

    fn is_idle_and_open(&mut self, _: &mut Context<'_>) -> bool {
        let look = || {
            self.stream.set_nonblocking(true)?;
            let seen = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            seen
        };
        self.input.is_empty() && look().is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
    }
}

const fn failed() -> Error {
    Error::new(Phase::Receive, Kind::IoFailed, "a socket call failed")
}

/// Its timers are made, but never waited for: see [`Blocking`].
#[derive(Clone)]
struct SinceStart(Instant);

impl Clock for SinceStart {
    type Sleep = std::future::Pending<()>;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_time(&self) -> Duration {
        std::time::UNIX_EPOCH.elapsed().unwrap()
    }

    fn sleep_until(&self, _: Duration) -> Self::Sleep {
        std::future::pending()
    }
}

/// Runs a future that is never pending.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let future: Pin<&mut _> = future.as_mut();
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a wait that does not block"),
    }
}

/// Answers so many requests over one connection: every second one in chunks.
fn serve(listener: &TcpListener, requests: usize) -> usize {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    let mut received = Vec::new();
    for turn in 0..requests {
        while !received.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut room = [0; 4096];
            let count = stream.read(&mut room).unwrap();
            assert_ne!(count, 0, "the client closed after {turn} requests");
            received.extend_from_slice(&room[..count]);
        }
        received.clear();
        let response: &[u8] = match turn % 2 {
            0 => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            _ => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        };
        stream.write_all(response).unwrap();
    }
    stream.read(&mut [0]).unwrap()
}

#[test]
fn kept_connections() {
    const REQUESTS: usize = 2000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || serve(&listener, REQUESTS));
    let clock = SinceStart(Instant::now());
    let client: Client<_, _, Lock> =
        Client::new(ToLoopback(port), clock, Limits::default()).unwrap();
    let at = url("http://a.test/");
    let request = Request::new("GET", &at, b"Accept: */*\r\n", Body::Empty).unwrap();
    let began = Instant::now();
    for turn in 0..REQUESTS {
        run(async {
            let sent = client.send(&request, &(), Deadlines::default()).await;
            let mut exchange = sent.unwrap();
            assert_eq!(exchange.reused(), turn > 0);
            assert_eq!(exchange.response().await.unwrap().status(), 200);
            let mut body = Vec::new();
            loop {
                let data = exchange.data().await.unwrap();
                if data.is_empty() {
                    break;
                }
                body.extend_from_slice(data);
                let count = data.len();
                exchange.consume(count);
            }
            assert_eq!(body, b"hello");
            assert_eq!(exchange.done().await, Outcome::Pooled);
        });
    }
    println!(
        "{REQUESTS} GETs over one connection of the standard library's TCP: {:?} each",
        began.elapsed() / u32::try_from(REQUESTS).unwrap()
    );
    run(client.drain_idle());
    assert_eq!(server.join().unwrap(), 0);
}
