//! Certificates of the client's own, a request's and the service's.

use std::io::{self, Read, Write};

use wskhttp_client::{Device, Kind, Options, Request, TlsOptions};
use wskhttp_ntsim::registry::{self, BINARY, SERVICE};
use wskhttp_ntsim::{Driver, Sim, guard_secret, listen, secrets_left, seed};

use crate::service::pem;
use crate::support::tls::{Kind as Server, TlsStream, papers, root};
use crate::{STORES, a_while, by_own_trust, get, is, put, refused, support, with_device};

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

/// Neither the message nor what the driver copied: the digits of PEM are a copy in a library's hands.
#[test]
fn a_clients_key_is_not_left_in_memory() {
    with_device(Server::Mutual, |device| {
        let (chain, key) = &papers().client;
        let pem = pem("PRIVATE KEY", key);
        let digits = pem.lines().nth(1).expect("digits");
        guard_secret(&digits.as_bytes()[..64]);
        let client = TlsOptions::new().client_certificate(chain, pem.as_bytes());
        get(device, client).expect("an answer");
        assert_eq!(secrets_left(), 0);
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
        // By roots of the request, it may be any server.
        refused(get(device, TlsOptions::new()), Kind::TlsAlert);
        refused(get(device, TlsOptions::new().add_roots()), Kind::TlsAlert);
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
    Sim::new(seed()).run(|| {
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
