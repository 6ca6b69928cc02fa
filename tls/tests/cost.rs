//! What a connection costs in memory and on the stack. The bounds are for optimized builds; without
//! optimization only the heap is checked.
#![allow(missing_docs)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::mpsc;

use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Transport, TransportExt};

#[path = "tls/support/mod.rs"]
#[allow(dead_code)]
mod support;

use wskhttp_tls::crypto::rust as set;

use support::certificates::Authority;
use support::wire::{Echo, Peer, Wire};
use support::{HOST, connect, run, target, trusting};

/// Counts the bytes of this thread's allocations while it is told to.
struct Counting;

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    if COUNTED.get() {
        BYTES.set(BYTES.get() + bytes);
        PEAK.set(PEAK.get().max(BYTES.get()));
        if bytes > 0 {
            CALLS.set(CALLS.get() + 1);
        }
    }
}

// SAFETY: it is the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    let before = COUNTED.replace(false);
    let done = work();
    COUNTED.set(before);
    done
}

/// A transport whose own memory is not counted.
struct Uncounted<T>(T);

impl<P: Peer> Transport for Uncounted<Wire<P>> {
    fn input(&mut self) -> &mut [u8] {
        self.0.input()
    }

    fn consume(&mut self, n: usize) {
        uncounted(|| self.0.consume(n));
    }

    fn poll_fill(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<usize, wskhttp_core::io::Error>> {
        uncounted(|| self.0.poll_fill(cx))
    }

    fn output(&mut self) -> &mut [u8] {
        self.0.output()
    }

    fn stage(&mut self, n: usize) {
        self.0.stage(n);
    }

    fn poll_flush(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), wskhttp_core::io::Error>> {
        uncounted(|| self.0.poll_flush(cx))
    }

    fn poll_close(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), wskhttp_core::io::Error>> {
        uncounted(|| self.0.poll_close(cx))
    }
}

#[test]
fn heap() {
    for (leaf, name) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "P-256"),
        (&rcgen::PKCS_RSA_SHA256, "RSA"),
    ] {
        for version in [&TLS12, &TLS13] {
            let authority = Authority::new(leaf);
            let server = authority
                .leaf(HOST, leaf)
                .server(ring::default_provider(), &[version]);
            let config = trusting(&authority);
            let wire = Uncounted(Wire::new(Echo::new(server)));
            BYTES.set(0);
            PEAK.set(0);
            CALLS.set(0);
            COUNTED.set(true);
            let (done, _) = run(connect(wire, &config, target(HOST)));
            let mut connection = done.expect("a connection");
            let (peak, calls) = (PEAK.get(), CALLS.get());
            run(async {
                connection.output()[..5].copy_from_slice(b"hello");
                connection.stage(5);
                connection.flush().await.expect("sent");
                connection.fill().await.expect("received");
                connection.consume(5);
            });
            let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
            assert!(connection.is_idle_and_open(cx));
            COUNTED.set(false);
            let idle = BYTES.get();
            let own = size_of_val(&connection) - size_of::<Uncounted<Wire<Echo>>>();
            println!(
                "{name} {:?}: handshake peak {peak} bytes in {calls} allocations, idle {idle} bytes \
                 of heap and {own} of its own",
                version.version
            );
            assert!(peak < 48 << 10, "{peak}");
            assert!(idle < 8 << 10, "{idle}");
        }
    }
}

/// Bytes of stack that are watched.
const WATCHED: usize = 128 << 10;
const PAINT: u8 = 0xA5;

/// Paints the stack below its caller's frame; gives the lowest address that it painted.
#[inline(never)]
fn paint() -> usize {
    let mut stack = [0_u8; WATCHED];
    for byte in &mut stack {
        // SAFETY: it is a reference.
        unsafe { std::ptr::write_volatile(byte, PAINT) };
    }
    std::hint::black_box(&mut stack).as_ptr().addr()
}

/// Bytes of the painted stack that lost their paint.
#[inline(never)]
fn depth(lowest: usize) -> usize {
    let untouched = (0..WATCHED)
        .take_while(|offset| {
            let byte = std::ptr::with_exposed_provenance::<u8>(lowest + offset);
            // SAFETY: the stack of this thread is mapped down to `lowest`, where it was painted.
            unsafe { std::ptr::read_volatile(byte) == PAINT }
        })
        .count();
    WATCHED - untouched
}

/// A peer on another thread, so that its stack is not the one that is measured.
struct Remote(mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>);

impl Remote {
    fn start(mut echo: Echo) -> Self {
        let (to_server, from_client) = mpsc::channel::<Vec<u8>>();
        let (to_client, from_server) = mpsc::channel();
        std::thread::spawn(move || {
            while let Ok(bytes) = from_client.recv() {
                let mut answer = Vec::new();
                echo.receive(&bytes, &mut answer);
                if to_client.send(answer).is_err() {
                    return;
                }
            }
        });
        Self(to_server, from_server)
    }
}

impl Peer for Remote {
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>) {
        self.0.send(bytes.to_vec()).expect("the server lives");
        answer.extend(self.1.recv().expect("the server lives"));
    }
}

#[test]
fn stack() {
    for (leaf, name) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "P-256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "P-384"),
        (&rcgen::PKCS_RSA_SHA256, "RSA"),
        (&rcgen::PKCS_ED25519, "Ed25519"),
    ] {
        for version in [&TLS12, &TLS13] {
            let authority = Authority::new(leaf);
            let server = authority
                .leaf(HOST, leaf)
                .server(ring::default_provider(), &[version]);
            let config = trusting(&authority);
            let wire = Wire::new(Remote::start(Echo::new(server)));
            let version = version.version;
            std::thread::Builder::new()
                .stack_size(1 << 20)
                .spawn(move || {
                    let lowest = paint();
                    let connecting = run(connect(wire, &config, target(HOST)));
                    let handshake = depth(lowest);
                    let mut connection = connecting.0.expect("a connection");
                    let lowest = paint();
                    run(async {
                        connection.output()[..5].copy_from_slice(b"hello");
                        connection.stage(5);
                        connection.flush().await.expect("sent");
                        assert_eq!(connection.fill().await, Ok(5));
                    });
                    let data = depth(lowest);
                    println!(
                        "{name} {version:?}: handshake {handshake}, data {data} bytes of stack"
                    );
                    if !cfg!(debug_assertions) {
                        assert!(handshake < 32 << 10, "{handshake}");
                        assert!(data < 12 << 10, "{data}");
                    }
                })
                .expect("a thread")
                .join()
                .expect("a handshake");
        }
    }
}
