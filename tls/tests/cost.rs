//! What a connection costs in memory and on the stack. The bounds are for optimized builds; without
//! optimization only the heap is checked.
#![allow(missing_docs)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Arc, mpsc};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Transport, TransportExt};
use wskhttp_tls::{Handshake, Identity, MaybeTls, Policy, Roots, Session, TlsConfig};

#[path = "tls/support/mod.rs"]
#[allow(dead_code)]
mod support;

use wskhttp_tls::crypto::rust as set;

use support::certificates::Authority;
use support::hybrid::hybrid;
use support::platform::PLATFORM;
use support::wire::{Echo, Peer, Wire};
use support::{HOST, connect, run, target, trusting};

/// Connections that are idle at a time.
const IDLE: usize = 64;

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

type Connection = MaybeTls<Uncounted<Wire<Echo>>>;

/// What a connection costs of the heap, in bytes above what there was before.
#[derive(Debug)]
struct Cost {
    /// Most during the handshake.
    peak: isize,
    /// Allocations of the handshake.
    calls: usize,
    /// Once bytes went both ways.
    idle: isize,
}

/// Connects `config` to `server`, exchanges a few bytes, and leaves the connection idle.
fn visit(config: &Arc<TlsConfig>, server: &Arc<ServerConfig>) -> (Connection, Cost) {
    let wire = Uncounted(Wire::new(Echo::new(Arc::clone(server))));
    BYTES.set(0);
    PEAK.set(0);
    CALLS.set(0);
    COUNTED.set(true);
    let (done, _) = run(connect(wire, config, target(HOST)));
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
    (connection, Cost { peak, calls, idle })
}

/// A server that takes X25519MLKEM768 if it is offered.
fn with_hybrid() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.kx_groups.insert(0, hybrid(ring::default_provider));
    provider
}

/// A client that offers X25519MLKEM768 first, and shares of it and of X25519.
fn offering_hybrid(authority: &Authority) -> Arc<TlsConfig> {
    let mut policy = Policy::new(Roots::Only(authority.der()));
    policy.protocol.groups = &[4588, 29, 23, 24];
    TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration")
}

fn kind(connection: &Connection) -> Option<Handshake> {
    connection.session().and_then(Session::kind)
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
            let (_, cost) = visit(&trusting(&authority), &server);
            println!("{name} {:?}: {cost:?}", version.version);
            assert!(cost.peak < 48 << 10, "{cost:?}");
            assert!(cost.idle < 8 << 10, "{cost:?}");
        }
        let authority = Authority::new(leaf);
        let server = authority.leaf(HOST, leaf).server(with_hybrid(), &[&TLS13]);
        let (connection, cost) = visit(&offering_hybrid(&authority), &server);
        let info = connection.session().and_then(Session::info);
        assert_eq!(info.map(|info| info.group), Some(4588));
        println!("{name} X25519MLKEM768: {cost:?}");
        assert!(cost.peak < 48 << 10, "{cost:?}");
        assert!(cost.idle < 8 << 10, "{cost:?}");
    }
}

#[test]
fn heap_of_resumed() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let policy = Policy::new(Roots::Only(authority.der()));
    for version in [&TLS12, &TLS13] {
        let leaf = authority.leaf(HOST, &rcgen::PKCS_ECDSA_P256_SHA256);
        let mut server = (*leaf.server(ring::default_provider(), &[version])).clone();
        server.ticketer = ring::Ticketer::new().expect("a ticketer");
        let server = Arc::new(server);
        let config =
            TlsConfig::resuming::<spin::Mutex<()>>(&PLATFORM, &policy, 4).expect("a configuration");
        // Until the store has as many sessions of this server as it keeps.
        for _ in 0..8 {
            drop(visit(&config, &server));
        }
        let (connection, cost) = visit(&config, &server);
        assert_eq!(kind(&connection), Some(Handshake::Resumed));
        println!("resumed {:?}: {cost:?}", version.version);
        assert!(cost.peak < 16 << 10, "{cost:?}");
        assert!(cost.calls < 256, "{cost:?}");
        // Many at a time, with what they leave in the store.
        let mut connections = vec![connection];
        let mut idle = cost.idle;
        while connections.len() < IDLE {
            let (connection, cost) = visit(&config, &server);
            assert_eq!(kind(&connection), Some(Handshake::Resumed));
            connections.push(connection);
            idle += cost.idle;
        }
        println!("{IDLE} idle: {idle} bytes");
        assert!(idle < (IDLE * (8 << 10)).cast_signed(), "{idle}");
    }
}

#[test]
fn heap_of_mtls() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    for (algorithm, name) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "P-256"),
        (&rcgen::PKCS_RSA_SHA256, "RSA"),
    ] {
        let client = authority.client(algorithm);
        let policy = Policy {
            identity: Some(Identity {
                chain: &client.chain[0],
                key: client.key.secret_der(),
            }),
            ..Policy::new(Roots::Only(authority.der()))
        };
        let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
        for version in [&TLS12, &TLS13] {
            let (mut connection, cost) = visit(&config, &authority.demanding(HOST, version));
            let MaybeTls::Tls(tls) = &mut connection else {
                panic!("no TLS")
            };
            let seen = tls.inner_mut().0.peer.tls.peer_certificates();
            assert_eq!(seen.map(<[_]>::len), Some(1), "the client's");
            println!("mTLS {name} {:?}: {cost:?}", version.version);
            assert!(cost.peak < 48 << 10, "{cost:?}");
            assert!(cost.calls < 1024, "{cost:?}");
            assert!(cost.idle < 8 << 10, "{cost:?}");
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
