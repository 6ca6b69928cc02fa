//! What a request says of TLS, from the client crate to the server and back.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::tls::{Kind as Server, TlsStream, papers, root};
use wskhttp_client::{Device, Error, Kind, Request, Revocation, TlsOptions, TlsVersion};
use wskhttp_ntsim::{Driver, Sim, listen};

/// Runs `body` with a device, and a server on port 443.
fn with_device(server: Server, body: impl FnOnce(&mut Device) + 'static) {
    // Before a driver is there whose calls are counted.
    let _made = root();
    Sim::new(1).run(move || {
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

#[test]
fn pins() {
    with_device(Server::Plain, |device| {
        let right = TlsOptions::new().pin(papers().pin);
        get(device, right.clone()).expect("an answer");
        // A connection that was made without the pin is not taken for it.
        refused(
            get(device, TlsOptions::new().pin([7; 32])),
            Kind::PinMismatch,
        );
        get(device, TlsOptions::new().pin([7; 32]).pin(papers().pin)).expect("an answer");
        get(device, right).expect("an answer");
    });
}

#[test]
fn versions() {
    with_device(Server::Plain, |device| {
        get(device, TlsOptions::new().oldest(TlsVersion::Tls13)).expect("an answer");
        // The server speaks TLS 1.3 alone.
        let old = TlsOptions::new().newest(TlsVersion::Tls12);
        refused(get(device, old), Kind::TlsVersion);
        let none = TlsOptions::new()
            .oldest(TlsVersion::Tls13)
            .newest(TlsVersion::Tls12);
        refused(get(device, none), Kind::InvalidRequest);
    });
}

#[test]
fn roots_may_be_added() {
    with_device(Server::Plain, |device| {
        get(device, TlsOptions::new().add_roots()).expect("an answer");
        let request = Request::get("https://localhost/").tls(TlsOptions::new().add_roots());
        let error = device.send(request).map(|_| ()).expect_err("no root");
        assert_eq!(error.kind, Kind::UnknownIssuer);
    });
}

#[test]
fn revocation_lists() {
    with_device(Server::Plain, |device| {
        let with = |list: &[u8], mode| TlsOptions::new().revocation_lists(list, mode);
        for mode in [Revocation::Soft, Revocation::Hard] {
            get(device, with(&papers().clean_list, mode)).expect("an answer");
            refused(
                get(device, with(&papers().list, mode)),
                Kind::CertificateRevoked,
            );
            refused(get(device, with(b"none", mode)), Kind::InvalidRequest);
        }
        get(device, with(b"", Revocation::Soft)).expect("an answer");
        refused(
            get(device, with(b"", Revocation::Hard)),
            Kind::RevocationUnknown,
        );
    });
}

#[test]
fn client_certificates() {
    with_device(Server::Mutual, |device| {
        refused(get(device, TlsOptions::new()), Kind::TlsAlert);
        let (chain, key) = &papers().client;
        let client = TlsOptions::new().client_certificate(chain, key);
        assert!(!get(device, client.clone()).expect("an answer").reused);
        assert!(get(device, client).expect("an answer").reused);
        let broken = TlsOptions::new().client_certificate(chain, b"no key");
        refused(get(device, broken), Kind::InvalidRequest);
        let strange = TlsOptions::new().client_certificate(&papers().leaf, key);
        refused(get(device, strange), Kind::InvalidRequest);
        // The connection of another is not for those without.
        refused(get(device, TlsOptions::new()), Kind::TlsAlert);
    });
}

#[test]
fn the_peers_certificates_are_kept_on_request() {
    with_device(Server::Plain, |device| {
        let keep = TlsOptions::new().keep_peer();
        assert_eq!(
            get(device, keep.clone()).expect("an answer").peer,
            papers().leaf
        );
        assert!(
            get(device, TlsOptions::new())
                .expect("an answer")
                .peer
                .is_empty()
        );
        let again = get(device, keep).expect("an answer");
        assert!(again.reused, "what is kept makes no other policy");
        assert_eq!(again.peer, papers().leaf);
    });
}

#[test]
fn sessions_are_resumed_within_a_handle() {
    with_device(Server::Resuming, |device| {
        let keep = TlsOptions::new().keep_peer();
        let fresh = |device: &mut Device| {
            let request = Request::get("https://localhost/")
                .root_certificates(&root())
                .expect("a root");
            let mut response = device
                .send(request.tls(keep.clone()).no_reuse())
                .expect("sent");
            let resumed = response.head().tls.expect("TLS").resumed;
            assert_eq!(response.peer_certificates().expect("kept"), papers().leaf);
            while !response.chunk().expect("a body").is_empty() {}
            resumed
        };
        assert!(!fresh(device));
        for _ in 0..3 {
            assert!(fresh(device));
        }
        // Another policy begins anew.
        let other = get(device, TlsOptions::new().pin(papers().pin)).expect("an answer");
        assert!(!other.resumed && !other.reused);
        device.abandon();
        assert!(!fresh(device), "another handle");
    });
}
