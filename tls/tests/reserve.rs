//! What rustls allocates in one call stays within what was promised to it, whatever the server sends.
//! Counted is the most that is in use at a time, in blocks of 16 bytes; a quarter is left for holes
//! between them.
#![allow(missing_docs)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Error, Kind, Phase, Transport, TransportExt};
use wskhttp_tls::{Platform, Policy, Roots, TlsConfig};

#[path = "tls/support/mod.rs"]
#[allow(dead_code)]
mod support;

use wskhttp_tls::crypto::rust as set;

use support::certificates::{Authority, Leaf, params};
use support::wire::{Echo, Wire};
use support::{HOST, connect, run, target};

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static HIGH: Cell<usize> = const { Cell::new(0) };
    /// Made in this call, and not freed.
    static BLOCKS: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// The call whose memory is wanted back.
    static LENT_IN: Cell<usize> = const { Cell::new(0) };
    /// Made in that call, and not freed yet.
    static LENT: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    /// The most that a call took, and what it was promised.
    static MOST: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// The call that came nearest to its promise, in percent of it.
    static NEAREST: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: it is the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let block = unsafe { System.alloc(layout) };
        if COUNTED.replace(false) {
            BYTES.set(BYTES.get() + layout.size().next_multiple_of(16));
            HIGH.set(HIGH.get().max(BYTES.get()));
            BLOCKS.with_borrow_mut(|blocks| blocks.insert(block.addr()));
            COUNTED.set(true);
        }
        block
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if COUNTED.replace(false) {
            // What was there before the call makes no room in an arena.
            if BLOCKS.with_borrow_mut(|blocks| blocks.remove(&pointer.addr())) {
                BYTES.set(BYTES.get() - layout.size().next_multiple_of(16));
            }
            COUNTED.set(true);
        } else if LENT_IN.get() == DONE {
            LENT_IN.set(0);
            LENT.with_borrow_mut(|blocks| blocks.remove(&pointer.addr()));
            LENT_IN.set(DONE);
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static PLATFORM: Platform = Platform::new(random, || Duration::from_secs(1_767_225_600))
    .with_reserve(|need, work| {
        BYTES.set(0);
        HIGH.set(0);
        BLOCKS.take();
        assert!(!COUNTED.replace(true), "promises are not nested");
        work();
        COUNTED.set(false);
        let taken = HIGH.get();
        CALLS.set(CALLS.get() + 1);
        MOST.set(MOST.get().max((taken, need)));
        NEAREST.set(NEAREST.get().max(taken * 100 / need));
        if CALLS.get() == LENT_IN.get() {
            LENT.set(BLOCKS.take());
            LENT_IN.set(DONE);
            return Err(Error::new(Phase::Tls, Kind::NoResources, "lent memory"));
        }
        Ok(())
    });

/// [`LENT_IN`] after that call.
const DONE: usize = usize::MAX;

fn random(buffer: &mut [u8]) -> Result<(), Error> {
    for (byte, number) in buffer.iter_mut().zip(1..) {
        *byte = number;
    }
    Ok(())
}

/// Connects, and sends and receives a little if that succeeds; then checks what was taken.
fn meet(what: &str, server: std::sync::Arc<ServerConfig>, authority: &Authority) {
    MOST.set((0, 0));
    NEAREST.set(0);
    CALLS.set(0);
    let config = TlsConfig::new(&PLATFORM, Roots::Only(authority.der())).expect("a configuration");
    let (done, _) = run(connect(Wire::new(Echo::new(server)), &config, target(HOST)));
    let outcome = match done {
        Ok(mut connection) => run(async {
            let output = connection.output();
            let n = output.len();
            output.fill(1);
            connection.stage(n);
            connection.flush().await.expect("sent");
            connection.fill().await.expect("received");
            let _ = connection.close().await;
            "connected".to_owned()
        }),
        Err(error) => error.cause.to_owned(),
    };
    let ((taken, need), nearest) = (MOST.get(), NEAREST.get());
    println!(
        "{what}: {outcome}; at most {taken} bytes of {need} in {} calls, {nearest} % of a promise",
        CALLS.get()
    );
    assert!(nearest <= 75, "{what}: too near to what was promised");
}

#[test]
fn a_call_of_rustls_stays_within_its_promise() {
    for (leaf, name) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "P-256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "P-384"),
        (&rcgen::PKCS_RSA_SHA256, "RSA"),
        (&rcgen::PKCS_ED25519, "Ed25519"),
    ] {
        for version in [&TLS12, &TLS13] {
            let authority = Authority::new(leaf);
            let server = authority.leaf(HOST, leaf);
            let what = format!("{name} {:?}", version.version);
            meet(
                &what,
                server.server(ring::default_provider(), &[version]),
                &authority,
            );
        }
    }
}

#[test]
fn even_if_the_server_is_after_our_memory() {
    let key = &rcgen::PKCS_ECDSA_P256_SHA256;
    let authority = Authority::new(key);
    for version in [&TLS12, &TLS13] {
        for (count, size) in [
            (5000, 0),
            (5000, 1),
            (3000, 8),
            (900, 50),
            (60, 1000),
            (3, 16_000),
        ] {
            let mut leaf: Leaf = authority.leaf(HOST, key);
            let filler = CertificateDer::from(vec![0x30; size]);
            leaf.chain.extend(std::iter::repeat_n(filler, count));
            let what = format!(
                "{:?}, {count} certificates of {size} bytes",
                version.version
            );
            meet(
                &what,
                leaf.server(ring::default_provider(), &[version]),
                &authority,
            );
        }
        for count in [10, 1000, 6000] {
            let mut params = params("a");
            let name = || rcgen::SanType::DnsName("b".try_into().expect("ASCII"));
            params.subject_alt_names = (0..count).map(|_| name()).collect();
            let leaf = authority.issue(params, key);
            let what = format!("{:?}, {count} names", version.version);
            meet(
                &what,
                leaf.server(ring::default_provider(), &[version]),
                &authority,
            );
        }
    }
}

/// Authorities that are all each other's issuers, by name: the path builder tries them in each place of
/// each chain. The first has as many purposes as it may.
#[test]
fn even_if_authorities_have_many_purposes() {
    let key = &rcgen::PKCS_ECDSA_P256_SHA256;
    let authority = Authority::new(key);
    let issue = |purposes: usize| {
        let mut params = params("x");
        params.subject_alt_names = Vec::new();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let purpose = || rcgen::ExtendedKeyUsagePurpose::Other(vec![1, 2]);
        params.extended_key_usages = (0..purposes).map(|_| purpose()).collect();
        let key = rcgen::KeyPair::generate_for(key).expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let issuer = rcgen::Issuer::new(params, key);
        (CertificateDer::from(certificate), issuer)
    };
    let (_, issuer) = issue(0);
    for version in [&TLS12, &TLS13] {
        let own = rcgen::KeyPair::generate_for(key).expect("a key");
        let certificate = params(HOST).signed_by(&own, &issuer).expect("a leaf");
        let own = rustls::pki_types::PrivatePkcs8KeyDer::from(own.serialize_der());
        let mut chain = vec![certificate.into(), issue(19_000).0];
        chain.extend((0..6).map(|_| issue(0).0));
        let leaf = Leaf {
            chain,
            key: own.into(),
        };
        let what = format!("{:?}, many purposes", version.version);
        meet(
            &what,
            leaf.server(ring::default_provider(), &[version]),
            &authority,
        );
    }
}

/// Sends and receives a little; false if something failed.
async fn talk<T: Transport>(connection: &mut T) -> Result<(), Error> {
    connection.output()[0] = 1;
    connection.stage(1);
    connection.flush().await?;
    connection.fill().await?;
    connection.close().await
}

/// The environment lends memory for one call, and takes the connection's word that it comes back when
/// the connection goes: sessions to resume must not keep it.
#[test]
fn lent_memory_comes_back_with_the_connection() {
    let key = &rcgen::PKCS_ECDSA_P256_SHA256;
    let authority = Authority::new(key);
    for version in [&TLS12, &TLS13] {
        let leaf = authority.leaf(HOST, key);
        let mut server = (*leaf.server(ring::default_provider(), &[version])).clone();
        server.ticketer = ring::Ticketer::new().expect("a ticketer");
        let server = std::sync::Arc::new(server);
        let policy = Policy::new(Roots::Only(authority.der()));
        let mut lent = 0;
        for call in 1.. {
            CALLS.set(0);
            let config = TlsConfig::resuming::<spin::Mutex<()>>(&PLATFORM, &policy, 4)
                .expect("a configuration");
            CALLS.set(0);
            LENT_IN.set(call);
            let wire = Wire::new(Echo::new(std::sync::Arc::clone(&server)));
            let (done, _) = run(connect(wire, &config, target(HOST)));
            let done = done.and_then(|mut connection| run(talk(&mut connection)));
            let reached = LENT_IN.replace(0) == DONE;
            let left = LENT.take();
            if !reached {
                assert!(done.is_ok() && config.sessions_received() > 0);
                break;
            }
            lent += 1;
            assert!(done.is_err(), "call {call}");
            assert!(left.is_empty(), "call {call}: {} blocks", left.len());
        }
        assert!(lent > 10, "{lent}");
    }
}
