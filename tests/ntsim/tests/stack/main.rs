//! How much stack the driver uses: the main job with every provider, and a TLS handshake with every
//! kind of certificate. `cargo xtask test stack` runs it with optimization, where 4 KiB of 24 KiB, and
//! of what an expanded stack has, must be left; without, only the simulator's own bar holds.

mod certificate;
#[path = "../support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use certificate::{Chain, Kind};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ServerConfig};
use support::tls::TlsStream;
use support::{Scheme, cancel, get, head, open, post, serve};
use wskhttp_client::{Group, Options, Request, TlsOptions};
use wskhttp_ntsim::{Depth, Driver, Profile, Sim, listen, seed, seeds};

const SEEDS: u64 = 5;
const LEFT: usize = 4096;
/// What Windows gives a system thread, and what the driver asks for, at all times and for ML-KEM.
const ROOMS: [usize; 3] = [24 * 1024, 0x12000 - 0x800, 36 * 1024];

#[test]
fn the_main_job() {
    let mut depths = Depths::default();
    for (seed, profile) in seeds(SEEDS).flat_map(|seed| Profile::ALL.map(|one| (seed, one))) {
        depths.of(Sim::new(seed).profile(profile), || {
            serve();
            let driver = Driver::load().expect("loaded");
            let mut device = open(&driver).expect("open");
            for scheme in [Scheme::Http, Scheme::Https] {
                post(&mut device, scheme).expect("an answer");
                get(&mut device, scheme).expect("an answer");
                cancel(&mut device, scheme).expect("canceled");
                get(&mut device, scheme).expect("an answer");
            }
            assert_ne!(device.status().expect("a status").stack_high, 0);
            drop(device);
            driver.remove();
        });
    }
    depths.check("the main job", "system thread, expanded");
}

#[test]
fn a_handshake_with_each_kind_of_certificate() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        for version in [&TLS12, &TLS13] {
            let server = chain.server(version);
            for proxy in [None, Some(Arc::clone(&server))] {
                let what = format!("{kind:?}, {version:?}, proxy: {}", proxy.is_some());
                let mut depths = Depths::default();
                let (root, server) = (chain.root.clone(), Arc::clone(&server));
                depths.of(Sim::new(seed()), move || {
                    handshake(&root, &server, proxy, TlsOptions::new());
                });
                depths.check(&what, "system thread, expanded");
            }
        }
    }
}

#[test]
fn a_handshake_with_x25519_mlkem768() {
    for kind in Kind::ALL {
        let chain = Chain::new(kind);
        let server = chain.server_of_group(&TLS13, NamedGroup::X25519MLKEM768);
        // What a request says of groups is for its server.
        for proxy in [None, Some(chain.server(&TLS13))] {
            let what = format!("{kind:?}, X25519MLKEM768, proxy: {}", proxy.is_some());
            let mut depths = Depths::default();
            let (root, server) = (chain.root.clone(), Arc::clone(&server));
            depths.of(Sim::new(seed()), move || {
                // The share of the first is not taken.
                let tls = TlsOptions::new().group(Group::Secp256r1);
                let tls = tls.group(Group::X25519MlKem768);
                handshake(&root, &server, proxy, tls);
            });
            depths.check(&what, "system thread, expanded again");
        }
    }
}

/// One exchange with a server, directly or through a proxy, TLS in TLS.
fn handshake(
    root: &[u8],
    server: &Arc<ServerConfig>,
    proxy: Option<Arc<ServerConfig>>,
    tls: TlsOptions,
) {
    let target = Arc::clone(server);
    listen(443, move |stream| {
        let _ = hello(&mut TlsStream::with(stream, Arc::clone(&target)));
    });
    let mut options = Options::new();
    if let Some(proxy) = proxy {
        options = options.proxies("https://localhost:3129", "");
        let target = Arc::clone(server);
        listen(3129, move |stream| {
            let mut stream = TlsStream::with(stream, Arc::clone(&proxy));
            if tunnel(&mut stream).is_ok() {
                let _ = hello(&mut TlsStream::with(stream, Arc::clone(&target)));
            }
        });
    }
    let driver = Driver::load().expect("loaded");
    let mut device = open(&driver).expect("open");
    let request = Request::get("https://localhost/").options(options);
    let request = request.root_certificates(root).expect("a certificate");
    let request = request.tls(tls);
    let mut body = String::new();
    let mut response = device.send(request).expect("an answer");
    response.read_to_string(&mut body).expect("a body");
    assert_eq!(body, "hello");
    drop(response);
    drop(device);
    driver.remove();
}

/// Errors are the client's doing.
fn hello(stream: &mut (impl Read + Write)) -> io::Result<()> {
    head(stream)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    stream.read(&mut [0]).map(drop)
}

fn tunnel(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let head = head(stream)?.unwrap_or_default();
    assert!(head.starts_with("CONNECT localhost:443 "), "{head}");
    stream.write_all(b"HTTP/1.1 200 Go\r\n\r\n")
}

/// The deepest of some runs, by kind of thread.
#[derive(Default)]
struct Depths(BTreeMap<String, Depth>);

impl Depths {
    fn of(&mut self, sim: Sim, body: impl FnOnce() + 'static) {
        let report = sim.report(body);
        for (kind, depth) in report.depths {
            let most = self.0.entry(kind).or_default();
            *most = Depth {
                used: most.used.max(depth.used),
                room: depth.room,
            };
        }
    }

    /// Prints them, and checks the bar. `kind` has to be among them, if there is anything to see.
    #[track_caller]
    fn check(&self, what: &str, kind: &str) {
        for (kind, Depth { used, room }) in &self.0 {
            println!("stack, {what}: {kind}: {used} of {room} bytes");
            assert!(ROOMS.contains(room), "{room}");
            assert!(*used <= room - LEFT, "less than 4 KiB left");
        }
        if !cfg!(debug_assertions) {
            assert!(self.0[kind].used > LEFT, "not measured");
        }
    }
}

#[cfg(not(debug_assertions))]
#[test]
fn a_frame_that_calls_nobody_is_seen() {
    #[inline(never)]
    fn frame() {
        std::hint::black_box(&mut [0_u8; 21 * 1024]);
    }
    let outcome = Sim::new(1).try_run(|| wskhttp_ntsim::as_driver(frame));
    let failure = outcome.expect_err("4 KiB are not left");
    assert!(failure.contains("93"), "{failure}");
}
