//! TLS from the client crate to the server and back: what a request says of it, and what the registry
//! does.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::io::{self, Read, Write};
use std::time::Duration;

use sha1::{Digest, Sha1};
use support::tls::{Kind as Server, TlsStream, papers, root};
use wskhttp_client::{
    Device, Error, Group, Kind, Options, Request, Revocation, Stapling, TlsOptions, TlsVersion,
};
use wskhttp_ntsim::registry::{self, BINARY, DWORD, SERVICE};
use wskhttp_ntsim::{Driver, Sim, listen, sleep};

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
fn stapled_responses() {
    let with = |mode| TlsOptions::new().stapling(mode);
    let (soft, hard) = (with(Stapling::Soft), with(Stapling::Hard));
    with_device(Server::Stapling, {
        let (soft, hard) = (soft.clone(), hard.clone());
        |device| {
            get(device, soft).expect("an answer");
            get(device, hard).expect("an answer");
        }
    });
    with_device(Server::Revoked, {
        let (soft, hard) = (soft.clone(), hard.clone());
        |device| {
            get(device, TlsOptions::new()).expect("nobody looks");
            refused(get(device, soft), Kind::CertificateRevoked);
            refused(get(device, hard), Kind::CertificateRevoked);
        }
    });
    with_device(Server::Plain, |device| {
        get(device, soft).expect("an answer");
        refused(get(device, hard), Kind::RevocationUnknown);
        // A request can ask for more than the registry does, and not for less.
        registry::set(
            &format!(r"{SERVICE}\Parameters"),
            "Stapling",
            DWORD,
            &2_u32.to_le_bytes(),
        );
        a_while();
        refused(get(device, TlsOptions::new()), Kind::RevocationUnknown);
        let soft = TlsOptions::new().stapling(Stapling::Soft);
        refused(get(device, soft), Kind::RevocationUnknown);
    });
}

#[test]
fn groups() {
    with_device(Server::Plain, |device| {
        for (group, number) in [
            (Group::Secp384r1, 24),
            (Group::Secp256r1, 23),
            (Group::X25519, 29),
        ] {
            let tls = TlsOptions::new().group(group);
            assert_eq!(get(device, tls).expect("an answer").group, number);
        }
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

/// Redirects to `https://localhost:444/`.
fn away(mut stream: impl Read + Write) -> io::Result<()> {
    while support::head(&mut stream)?.is_some() {
        stream.write_all(
            b"HTTP/1.1 302 x\r\nLocation: https://localhost:444/\r\nContent-Length: 0\r\n\r\n",
        )?;
    }
    Ok(())
}

#[test]
fn a_client_certificate_is_never_presented_to_another_origin_after_a_redirect() {
    // attacks.md section 1, "H redirect/auth": client certificate to another origin.
    with_device(Server::Plain, |device| {
        let (chain, key) = &papers().client;
        let client = TlsOptions::new().client_certificate(chain, key);
        let follow = |device: &mut Device, port: u16| {
            let url = format!("https://localhost:{port}/");
            let request = Request::get(&url).options(Options::new().follow(3));
            let request = request.root_certificates(&root()).expect("a root");
            let sent = device.send(request.tls(client.clone()));
            sent.map(|response| response.head().status)
        };
        // Both ask for the certificate; the second would take it.
        listen(442, |stream| {
            let _ = away(TlsStream::of_kind(stream, Server::Mutual));
        });
        listen(444, |stream| {
            let _ = support::answer(TlsStream::of_kind(stream, Server::Mutual));
        });
        let error = follow(device, 442).expect_err("it has no certificate for the second");
        assert_eq!(error.kind, Kind::TlsAlert, "{error}");
        assert_eq!(follow(device, 444), Ok(200));
        // Nor over the connection that is there now.
        let error = follow(device, 442).expect_err("no certificate");
        assert_eq!(error.kind, Kind::TlsAlert, "{error}");
    });
}

#[test]
fn a_client_certificate_is_not_for_proxies() {
    with_device(Server::Mutual, |device| {
        for (port, kind) in [(3128, Server::Plain), (3129, Server::Mutual)] {
            listen(port, move |stream| {
                let mut stream = TlsStream::of_kind(stream, kind);
                if let Ok(Some(_)) = support::head(&mut stream) {
                    let _ = stream.write_all(b"HTTP/1.1 200 Go\r\n\r\n");
                    let _ = support::answer(TlsStream::of_kind(stream, Server::Mutual));
                }
            });
        }
        let (chain, key) = &papers().client;
        let client = TlsOptions::new().client_certificate(chain, key);
        let through = |device: &mut Device, proxy: &str| {
            let options = Options::new().proxies(proxy, "");
            let request = Request::get("https://localhost/").options(options);
            let request = request.root_certificates(&root()).expect("a root");
            let sent = device.send(request.tls(client.clone()));
            sent.map(|response| response.head().status)
        };
        assert_eq!(through(device, "https://localhost:3128"), Ok(200));
        let error = through(device, "https://localhost:3129").expect_err("it asks for one");
        assert_eq!(error.kind, Kind::TlsAlert, "{error}");
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

const STORES: &str = r"\Registry\Machine\SOFTWARE\Microsoft\SystemCertificates";
const ENTERPRISE: &str = r"\Registry\Machine\SOFTWARE\Microsoft\EnterpriseCertificates";
const POLICIES: &str = r"\Registry\Machine\SOFTWARE\Policies\Microsoft\SystemCertificates";

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

fn put(stores: &str, store: &str, name: &str, certificate: &[u8]) -> String {
    let path = format!(r"{stores}\{store}\Certificates\{name}");
    registry::set(&path, "Blob", BINARY, &blob(certificate));
    path
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

/// Longer than the driver goes without a look at the registry.
fn a_while() {
    sleep(Duration::from_secs(11));
}

#[test]
fn roots_of_the_machine() {
    for (stores, store) in [
        (STORES, "ROOT"),
        (STORES, "AuthRoot"),
        (POLICIES, "Root"),
        (
            r"\Registry\Machine\SOFTWARE\Microsoft\EnterpriseCertificates",
            "ROOT",
        ),
    ] {
        with_device(Server::Plain, move |device| {
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(stores, store, "AA", &root());
            a_while();
            by_own_trust(device).expect("an answer");
            let path = put(stores, store, "BB", b"no certificate");
            a_while();
            by_own_trust(device).expect("an answer in spite of what is no certificate");
            registry::remove(path.replace("BB", "AA").as_str());
            a_while();
            is(by_own_trust(device), Kind::UnknownIssuer);
        });
    }
}

#[test]
fn what_the_machine_disallows() {
    with_device(Server::Plain, |device| {
        put(STORES, "ROOT", "AA", &root());
        by_own_trust(device).expect("an answer");
        let path = put(STORES, "Disallowed", "BB", &root());
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
        registry::remove(&path);
        let path = put(POLICIES, "Disallowed", "CC", &papers().leaf);
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
        // Roots of a request make no difference.
        refused(get(device, TlsOptions::new()), Kind::CertificateInvalid);
        registry::remove(&path);
        a_while();
        by_own_trust(device).expect("an answer");
        // An entry without a certificate: its name is the digest.
        let name: String = Sha1::digest(&papers().leaf)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let path = format!(r"{STORES}\Disallowed\Certificates\{name}");
        registry::set(&path, "Blob", BINARY, &blob(b"")[..32]);
        a_while();
        is(by_own_trust(device), Kind::CertificateInvalid);
    });
}

#[test]
fn authorities_of_the_machine() {
    for stores in [STORES, POLICIES, ENTERPRISE] {
        with_device(Server::Plain, move |device| {
            let (other, crossed) = &papers().crossed;
            put(STORES, "ROOT", "AA", other);
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(stores, "CA", "BB", crossed);
            a_while();
            by_own_trust(device).expect("an answer");
            // Nothing in it is trusted for being there.
            registry::remove(&format!(r"{STORES}\ROOT\Certificates\AA"));
            a_while();
            is(by_own_trust(device), Kind::UnknownIssuer);
            put(STORES, "ROOT", "AA", other);
            put(ENTERPRISE, "Disallowed", "CC", crossed);
            a_while();
            is(by_own_trust(device), Kind::CertificateInvalid);
        });
    }
}

#[test]
fn roots_of_the_service() {
    with_device(Server::Plain, |device| {
        let roots = format!(r"{SERVICE}\Parameters\Roots");
        registry::set(&roots, "a first", BINARY, b"\x30\x03nonsense");
        let half = [&papers().crossed.0[..], &root()[..20]].concat();
        registry::set(&roots, "half", BINARY, &half);
        is(by_own_trust(device), Kind::UnknownIssuer);
        let pem = pem(&root());
        registry::set(&roots, "ours", BINARY, pem.as_bytes());
        registry::set(&roots, "text", BINARY, b"no certificate");
        a_while();
        by_own_trust(device).expect("an answer in spite of the others");
        registry::set(&roots, "ours", BINARY, &root());
        a_while();
        by_own_trust(device).expect("an answer");
    });
}

fn pem(der: &[u8]) -> String {
    let text = base64(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|group| {
        let number = (0..3).fold(0_usize, |number, at| {
            number << 8 | usize::from(group.get(at).copied().unwrap_or(0))
        });
        let digit = |at: usize| match at <= group.len() {
            true => char::from(DIGITS[number >> (18 - 6 * at) & 63]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    });
    groups.collect()
}

#[test]
fn the_peer_of_a_failed_handshake() {
    with_device(Server::Plain, |device| {
        let fails = |device: &mut Device, tls| {
            let request = Request::get("https://localhost/").tls(tls);
            let error = device.send(request).map(|_| ()).expect_err("no root");
            assert_eq!(error.kind, Kind::UnknownIssuer);
            device.peer_certificates().expect("an answer")
        };
        let keep = TlsOptions::new().keep_peer();
        assert_eq!(fails(device, keep.clone()), papers().leaf);
        assert!(fails(device, TlsOptions::new()).is_empty());
        assert_eq!(
            fails(device, keep.pin(papers().pin).add_roots()),
            papers().leaf
        );
        get(device, TlsOptions::new()).expect("an answer");
        assert!(device.peer_certificates().expect("an answer").is_empty());
    });
}

#[test]
fn client_certificates_of_the_service() {
    with_device(Server::Mutual, |device| {
        put(STORES, "ROOT", "AA", &root());
        let clients = format!(r"{SERVICE}\Parameters\ClientCertificates");
        let (chain, key) = &papers().client;
        let own = |name: &str| {
            let path = format!(r"{clients}\{name}");
            registry::set(&path, "Certificate", BINARY, chain);
            registry::set(&path, "Key", BINARY, key);
            path
        };
        for other in ["other.test", "localhost:444", "localhost:none"] {
            own(other);
        }
        is(by_own_trust(device), Kind::TlsAlert);
        let path = own("LocalHost:443");
        a_while();
        by_own_trust(device).expect("an answer");
        registry::set(&path, "Key", BINARY, b"no key");
        a_while();
        is(by_own_trust(device), Kind::InvalidRequest);
        registry::remove(&path);
        let path = own("localhost");
        a_while();
        by_own_trust(device).expect("an answer");
        registry::remove(&path);
        a_while();
        is(by_own_trust(device), Kind::TlsAlert);
    });
}

/// A client's certificate is for the server that was asked, not for those that it names.
#[test]
fn redirects_do_not_see_client_certificates() {
    let _made = root();
    Sim::new(1).run(|| {
        listen(443, |stream| {
            let mut stream = TlsStream::of_kind(stream, Server::Mutual);
            let _ = redirect(&mut stream);
        });
        for (port, kind) in [(444, Server::Mutual), (445, Server::Plain)] {
            listen(port, move |stream| {
                let _ = support::answer(TlsStream::of_kind(stream, kind));
            });
        }
        let driver = Driver::load().expect("loaded");
        let mut device = Device::with_opener(driver.opener()).expect("open");
        let (chain, key) = &papers().client;
        for (port, good) in [(444, false), (445, true)] {
            let request = Request::get(&format!("https://localhost/{port}"))
                .root_certificates(&root())
                .expect("a root")
                .options(wskhttp_client::Options::new().follow(3))
                .tls(TlsOptions::new().client_certificate(chain, key))
                .no_reuse();
            let done = device.send(request).map(|mut response| {
                while !response.chunk().expect("a body").is_empty() {}
                response.head().status
            });
            match done {
                Ok(status) => assert!(good && status == 200, "{port}"),
                Err(error) => assert!(!good && error.kind == Kind::TlsAlert, "{error}"),
            }
        }
        drop(device);
        driver.remove();
    });
}

/// Sends the client to the port that its path names.
fn redirect(stream: &mut (impl std::io::Read + std::io::Write)) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let port = head.split(['/', ' ']).nth(2).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 302 Found\r\nLocation: https://localhost:{port}/\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn parameters_of_the_service() {
    with_device(Server::Plain, |device| {
        let parameters = format!(r"{SERVICE}\Parameters");
        registry::set(&format!(r"{parameters}\Roots"), "ours", BINARY, &root());
        by_own_trust(device).expect("an answer");
        registry::set(&parameters, "Trust", DWORD, &3_u32.to_le_bytes());
        a_while();
        is(by_own_trust(device), Kind::UnknownIssuer);
        registry::set(&parameters, "Trust", DWORD, &4_u32.to_le_bytes());
        a_while();
        by_own_trust(device).expect("an answer");
        registry::set(&parameters, "Revocation", DWORD, &2_u32.to_le_bytes());
        a_while();
        is(by_own_trust(device), Kind::RevocationUnknown);
        let lists = format!(r"{parameters}\RevocationLists");
        registry::set(&lists, "ours", BINARY, &papers().clean_list);
        a_while();
        by_own_trust(device).expect("an answer");
        registry::set(&lists, "ours", BINARY, &papers().list);
        a_while();
        is(by_own_trust(device), Kind::CertificateRevoked);
    });
}

#[test]
fn a_clock_behind_the_last_good_time() {
    let parameters = || format!(r"{SERVICE}\Parameters");
    let noted = move || registry::get(&parameters(), "LastGoodTime");
    with_device(Server::Plain, move |device| {
        put(STORES, "ROOT", "AA", &root());
        registry::set(SERVICE, "Start", DWORD, &3_u32.to_le_bytes());
        assert_eq!(noted(), None);
        by_own_trust(device).expect("an answer");
        let bytes = noted().expect("the time of a good chain is kept");
        let time = u64::from_le_bytes(bytes.try_into().expect("a number"));
        assert!(time > 1_700_000_000, "{time}");
        registry::remove(&parameters());
        put(STORES, "ROOT", "BB", &root());
        a_while();
        by_own_trust(device).expect("an answer");
        assert!(noted().is_some(), "kept anew once it is gone");
    });
    // The certificates end in 2040. 1970 leaves the driver's own making, which the simulation's clock is
    // behind.
    for (year, strict, kind) in [
        (1970_u64, 0_u32, None),
        (1970, 1, Some(Kind::TlsInternal)),
        (2035, 0, None),
        (2045, 0, Some(Kind::CertificateExpired)),
        (2035, 1, Some(Kind::TlsInternal)),
    ] {
        with_device(Server::Plain, move |device| {
            put(STORES, "ROOT", "AA", &root());
            let time = (year - 1970) * 31_556_952;
            registry::set(&parameters(), "LastGoodTime", 11, &time.to_le_bytes());
            registry::set(&parameters(), "Clock", DWORD, &strict.to_le_bytes());
            match (by_own_trust(device), kind) {
                (Ok(()), None) => {}
                (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{year} {strict}"),
                (done, _) => panic!("{year} {strict}: {done:?}"),
            }
        });
    }
}
