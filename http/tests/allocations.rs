//! How often a GET over a kept connection allocates.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll};

use support::{FakeClock, Lock, poll_once, url};
use wskhttp_core::io::{Connect, ConnectionInfo, Error, Target, Transport};
use wskhttp_http::{Agent, Body, Call, Client, Deadlines, Limits, Outcome, Request};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to `System`, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; the block came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the contract of `realloc`; the block came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\n\
    Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

/// Answers each flush with the same response, without allocating.
struct Canned {
    input: [u8; 256],
    start: usize,
    end: usize,
    output: [u8; 256],
    staged: usize,
    due: bool,
}

struct CannedConnect;

impl Connect for CannedConnect {
    type Transport = Canned;
    type Key = ();

    async fn connect(
        &self,
        _: &Target<'_>,
        (): &(),
        _: &mut ConnectionInfo,
    ) -> Result<Canned, Error> {
        Ok(Canned {
            input: [0; 256],
            start: 0,
            end: 0,
            output: [0; 256],
            staged: 0,
            due: false,
        })
    }
}

impl Transport for Canned {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input[self.start..self.end]
    }

    fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    fn poll_fill(&mut self, _: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        if !self.due {
            return Poll::Pending;
        }
        self.due = false;
        self.input[..RESPONSE.len()].copy_from_slice(RESPONSE);
        (self.start, self.end) = (0, RESPONSE.len());
        Poll::Ready(Ok(RESPONSE.len()))
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.due |= self.staged > 0;
        self.staged = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_get_over_a_kept_connection() {
    let client: Client<_, _, Lock> =
        Client::new(CannedConnect, FakeClock::default(), Limits::default()).unwrap();
    let mut counts = [0; 20];
    for count in &mut counts {
        let before = COUNT.get();
        let work = pin!(async {
            let at = url("http://a.test/path?query");
            let request = Request::new("GET", &at, b"Accept: */*\r\n", Body::Empty).unwrap();
            let sent = client.send(&request, &(), Deadlines::default()).await;
            let mut exchange = sent.unwrap();
            assert_eq!(exchange.response().await.unwrap().status(), 200);
            assert_eq!(exchange.data().await.unwrap(), b"hello");
            exchange.consume(5);
            assert_eq!(exchange.data().await.unwrap(), b"");
            assert_eq!(exchange.done().await, Outcome::Pooled);
        });
        assert!(poll_once(work).is_ready());
        *count = COUNT.get() - before;
    }
    println!(
        "allocations of a GET: {} over a new connection, {} over a kept one",
        counts[0], counts[1]
    );
    // The URL is the one allocation of a request; heads reuse the connection's memory.
    assert_eq!(counts[1..], [1; 19], "{counts:?}");
}

#[test]
fn a_call_over_a_kept_connection() {
    let agent: Agent<_, _, Lock> = Agent::new(CannedConnect, FakeClock::default()).unwrap();
    let mut counts = [0; 20];
    for count in &mut counts {
        let before = COUNT.get();
        let work = pin!(async {
            let call = Call::get("http://a.test/path?query").header("Accept", "*/*");
            let mut response = agent.send(call, &()).await.unwrap();
            assert_eq!(response.head().status(), 200);
            assert_eq!(response.data().await.unwrap(), b"hello");
            response.consume(5);
            assert_eq!(response.data().await.unwrap(), b"");
            assert_eq!(response.done().await, Outcome::Pooled);
        });
        assert!(poll_once(work).is_ready());
        *count = COUNT.get() - before;
    }
    println!(
        "allocations of a call: {} over a new connection, {} over a kept one",
        counts[0], counts[1]
    );
    // URL, method, the caller's fields, the lines that are sent, the exchange, the response's URL.
    assert_eq!(counts[1..], [6; 19], "{counts:?}");
}
