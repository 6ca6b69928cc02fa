//! What the tests stand on: a transport over TCP, one that follows a script, and clocks.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by several test programs, each of which uses a part"
)]

pub mod script;
pub mod tcp;

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use script::{Act, Connector, Script};
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_http::{Body, Client, CloseReason, Deadlines, Limits, Outcome, Request, Url};

pub type Lock = spin::mutex::SpinMutex<()>;

/// A client over a script.
pub type ScriptClient = Client<script::Connector, FakeClock, Lock>;

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn client(connect: script::Connector) -> (ScriptClient, FakeClock) {
    with_limits(connect, Limits::default())
}

pub fn with_limits(connect: script::Connector, limits: Limits) -> (ScriptClient, FakeClock) {
    let clock = FakeClock::default();
    let client = Client::new(connect, clock.clone(), limits).unwrap();
    (client, clock)
}

/// A clock that stands still until a test moves it, or until [`run`] finds that nothing else is left
/// to wait for.
#[derive(Clone, Debug, Default)]
pub struct FakeClock(Arc<AtomicU64>);

#[derive(Debug)]
pub struct FakeSleep {
    clock: FakeClock,
    at: Duration,
}

thread_local! {
    /// The earliest time that a future waits for, and by which clock.
    static NEXT: RefCell<Option<(Duration, FakeClock)>> = const { RefCell::new(None) };
}

impl FakeClock {
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    type Sleep = FakeSleep;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix_time(&self) -> Duration {
        self.now()
    }

    fn sleep_until(&self, at: Duration) -> FakeSleep {
        let clock = self.clone();
        FakeSleep { clock, at }
    }
}

impl Future for FakeSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.at {
            return Poll::Ready(());
        }
        NEXT.with_borrow_mut(|next| match next {
            Some((at, _)) if *at <= self.at => {}
            _ => *next = Some((self.at, self.clock.clone())),
        });
        Poll::Pending
    }
}

/// Runs a future that a script drives. When nothing has woken it, the time comes for which it waits;
/// panics if there is none.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    struct Bell(mpsc::Sender<()>);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }
    let (sender, receiver) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(sender)));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        NEXT.set(None);
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        if receiver.try_iter().count() == 0 {
            let next = NEXT.take();
            let (at, clock) = next.expect("the future waits for something that never comes");
            clock.advance(at.saturating_sub(clock.now()));
        }
    }
}

/// Polls a future once.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a caller sees of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub status: u16,
    pub minor_version: u8,
    pub reason: String,
    pub lines: String,
    pub content_length: Option<u64>,
    pub body: Vec<u8>,
    pub outcome: Outcome,
}

impl View {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request and reads the whole response.
pub async fn exchange(
    client: &ScriptClient,
    method: &str,
    at: &str,
    body: Body<'_>,
) -> Result<View, Error> {
    let at = url(at);
    let request = Request::new(method, &at, b"", body)?;
    let mut exchange = client.send(&request, &0, Deadlines::default()).await?;
    let head = exchange.response().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut view = View {
        status: head.status(),
        minor_version: head.minor_version(),
        reason: text(head.reason()),
        lines: text(head.header_lines()),
        content_length: head.content_length(),
        body: Vec::new(),
        outcome: Outcome::Closed(CloseReason::Failed),
    };
    loop {
        let data = exchange.data().await?;
        if data.is_empty() {
            break;
        }
        view.body.extend_from_slice(data);
        let count = data.len();
        exchange.consume(count);
    }
    view.outcome = exchange.done().await;
    Ok(view)
}

/// One exchange on a connection of its own.
pub fn single(script: Script, method: &str) -> Result<View, Error> {
    single_within(script, method, Limits::default())
}

pub fn single_within(script: Script, method: &str, limits: Limits) -> Result<View, Error> {
    let (client, _) = with_limits(Connector::new([script]), limits);
    run(exchange(&client, method, "http://a.test/", Body::Empty))
}

/// What comes of a response that ends with the connection, the same however it is cut in pieces.
pub fn response(bytes: &[u8], method: &str) -> Result<View, Error> {
    let script = |pieces: [&[u8]; 2]| {
        let [first, second] = pieces.map(|piece| Act::Give(piece.to_vec()));
        Script::new([Act::AwaitHeads(1), first, second, Act::End])
    };
    let whole = single(script([bytes, b""]), method);
    for at in 1..bytes.len() {
        let halves = single(script([&bytes[..at], &bytes[at..]]), method);
        assert_eq!(same(&halves), same(&whole), "cut at {at}");
    }
    let mut bytewise = script([bytes, b""]);
    bytewise.piece = 1;
    bytewise.hesitant = true;
    assert_eq!(
        same(&single(bytewise, method)),
        same(&whole),
        "byte by byte"
    );
    whole
}

/// Without what may depend on the cut: whether bytes after the response, or the end, were seen first.
fn same(view: &Result<View, Error>) -> Result<View, Error> {
    let mut view = view.clone()?;
    if let Outcome::Closed(CloseReason::Leftover | CloseReason::PeerClosed) = view.outcome {
        view.outcome = Outcome::Closed(CloseReason::Leftover);
    }
    Ok(view)
}

/// The error of a response, whichever way it is cut.
pub fn refusal(bytes: &[u8]) -> (Phase, Kind) {
    match response(bytes, "GET") {
        Err(error) => (error.phase, error.kind),
        Ok(view) => panic!("accepted {:?} as {view:?}", String::from_utf8_lossy(bytes)),
    }
}
