//! TLS from the client crate to the server and back: what a request says of it, and what the registry
//! does.

mod badssl;
mod clients;
mod machine;
mod requests;
mod service;
#[allow(dead_code, reason = "each test program uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use support::tls::{Kind as Server, TlsStream, root};
use wskhttp_client::{Device, Error, Kind, Request, TlsOptions};
use wskhttp_ntsim::registry::{self, BINARY};
use wskhttp_ntsim::{Driver, Sim, listen, seed, sleep};

/// Runs `body` with a device, and a server on port 443.
fn with_device(server: Server, body: impl FnOnce(&mut Device) + 'static) {
    // Before a driver is there whose calls are counted.
    let _made = root();
    Sim::new(seed()).run(move || {
        listen(443, move |stream| {
            // Errors are the client's doing.
            let _ = support::answer(TlsStream::of_kind(stream, server));
        });
        let driver = Driver::load().expect("loaded");
        let mut device = Device::with_opener(driver.opener()).expect("open");
        body(&mut device);
        drop(device);
        driver.remove();
    });
}

/// What came of a request.
#[derive(Debug)]
struct Answer {
    group: u16,
    resumed: bool,
    reused: bool,
    peer: Vec<u8>,
}

fn get(device: &mut Device, tls: TlsOptions) -> Result<Answer, Error> {
    let request = Request::get("https://localhost/").root_certificates(&root())?;
    let mut response = device.send(request.tls(tls))?;
    let negotiated = response.head().tls.expect("TLS");
    assert_eq!(negotiated.version, 0x0304);
    let answer = Answer {
        group: negotiated.group,
        resumed: negotiated.resumed,
        reused: response.head().reused,
        peer: response.peer_certificates()?,
    };
    let mut body = Vec::<u8>::new();
    while !response.is_complete() {
        body.extend(response.chunk()?);
    }
    body.extend(response.chunk()?);
    assert_eq!(body, b"hello");
    Ok(answer)
}

#[track_caller]
fn refused(done: Result<Answer, Error>, kind: Kind) {
    let error = done.expect_err("an answer");
    assert_eq!(error.kind, kind, "{error}");
}

/// Longer than the driver goes without a look at the registry.
fn a_while() {
    sleep(Duration::from_secs(11));
}

const STORES: &str = r"\Registry\Machine\SOFTWARE\Microsoft\SystemCertificates";

fn put(stores: &str, store: &str, name: &str, certificate: &[u8]) -> String {
    let path = format!(r"{stores}\{store}\Certificates\{name}");
    registry::set(&path, "Blob", BINARY, &blob(certificate));
    path
}

/// The registry's way of keeping a certificate: properties, of which 32 is the certificate.
fn blob(certificate: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (property, value) in [(3_u32, &[7; 20][..]), (32, certificate)] {
        bytes.extend(property.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value);
    }
    bytes
}

/// A request that brings no roots, over a connection of its own.
fn by_own_trust(device: &mut Device) -> Result<(), Error> {
    let request = Request::get("https://localhost/").no_reuse();
    let mut response = device.send(request)?;
    while !response.chunk()?.is_empty() {}
    Ok(())
}

#[track_caller]
fn is(done: Result<(), Error>, kind: Kind) {
    assert_eq!(done.expect_err("an answer").kind, kind);
}
