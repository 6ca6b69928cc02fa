//! OpenSSL's own server, over TCP on the loopback interface.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::SignatureAlgorithm;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use wskhttp_core::io::{Error, Kind, Phase, Transport, TransportExt};
use wskhttp_tls::{Roots, TlsConfig};

use crate::support::certificates::{Authority, Leaf};
use crate::support::platform::{PLATFORM, WALL};
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target, trusting};

/// A blocking socket as a transport.
struct Tcp {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    staged: usize,
}

impl Tcp {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a timeout");
        Self {
            stream,
            input: Vec::new(),
            output: vec![0; 20_000],
            staged: 0,
        }
    }
}

fn failed(phase: Phase) -> impl Fn(std::io::Error) -> Error {
    move |error| match error.kind() {
        ErrorKind::ConnectionReset => Error::new(phase, Kind::ConnectionReset, "reset"),
        _ => Error::new(phase, Kind::IoFailed, "failed"),
    }
}

impl Transport for Tcp {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn consume(&mut self, n: usize) {
        self.input.drain(..n.min(self.input.len()));
    }

    fn poll_fill(&mut self, _cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let mut bytes = [0; 5000];
        let n = self
            .stream
            .read(&mut bytes)
            .map_err(failed(Phase::Receive))?;
        self.input.extend_from_slice(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let staged = std::mem::take(&mut self.staged);
        self.stream
            .write_all(&self.output[..staged])
            .map_err(failed(Phase::Send))?;
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let _ = self.poll_flush(cx);
        self.stream
            .shutdown(std::net::Shutdown::Write)
            .map_err(failed(Phase::Close))?;
        Poll::Ready(Ok(()))
    }
}

/// A running `openssl s_server -www`.
struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Server {
    fn start(authority: &Authority, leaf: &'static SignatureAlgorithm, arguments: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "wskhttp-tls-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir_all(&folder).expect("a folder");
        let leaf = authority.leaf("localhost", leaf);
        fs::write(folder.join("leaf.der"), &leaf.chain[0]).expect("a file");
        fs::write(folder.join("key.der"), leaf.key.secret_der()).expect("a file");
        let mut child = Command::new("openssl")
            .args(["s_server", "-www", "-accept", "127.0.0.1:0"])
            .args(["-cert", "leaf.der", "-certform", "DER"])
            .args(["-key", "key.der", "-keyform", "DER"])
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        let output = BufReader::new(child.stdout.take().expect("output"));
        let mut lines = output.lines();
        let port = loop {
            let line = lines.next().expect("it listens").expect("a line");
            if let Some(port) = line.strip_prefix("ACCEPT 127.0.0.1:") {
                break port.trim().parse().expect("a port");
            }
        };
        // It blocks when nobody reads what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            port,
            folder,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn get(leaf: &'static SignatureAlgorithm, arguments: &[&str], protocol: &str) {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let server = Server::start(&authority, leaf, arguments);
    let tcp = Tcp::connect(server.port);
    run(async {
        let (done, _) = connect(tcp, &trusting(&authority), target("localhost")).await;
        let mut connection = done.expect("a connection");
        let request = b"GET / HTTP/1.0\r\n\r\n";
        connection.output()[..request.len()].copy_from_slice(request);
        connection.stage(request.len());
        connection.flush().await.expect("sent");
        while connection.fill().await.expect("received") > 0 {}
        let page = String::from_utf8_lossy(connection.input()).into_owned();
        assert!(page.starts_with("HTTP/1.0 200 ok"), "{page}");
        assert!(page.contains(protocol), "{page}");
        assert!(
            page.contains("</html>") || page.contains("</HTML>"),
            "{page}"
        );
        connection.close().await.expect("closed");
    });
}

#[test]
fn tls13() {
    get(&rcgen::PKCS_ECDSA_P384_SHA384, &["-tls1_3"], "TLSv1.3");
}

#[test]
fn tls13_with_hello_retry_request() {
    get(
        &rcgen::PKCS_RSA_SHA256,
        &["-tls1_3", "-groups", "P-384"],
        "TLSv1.3",
    );
}

#[test]
fn tls12() {
    get(&rcgen::PKCS_RSA_SHA256, &["-tls1_2"], "TLSv1.2");
}

#[test]
fn tls12_chacha20() {
    get(
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        "CHACHA20",
    );
}

#[test]
fn old_versions_alone() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    for version in ["-tls1", "-tls1_1"] {
        let server = Server::start(
            &authority,
            &rcgen::PKCS_RSA_SHA256,
            &[version, "-cipher", "ALL:@SECLEVEL=0"],
        );
        let tcp = Tcp::connect(server.port);
        let (done, _) = run(connect(tcp, &trusting(&authority), target("localhost")));
        let Err(error) = done else {
            panic!("connected")
        };
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Tls, Kind::TlsVersion),
            "{version}: {error}"
        );
    }
}

#[test]
fn suites_that_are_not_offered() {
    let authority = Authority::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    // OpenSSL 3 has neither RC4 nor small groups of integers: `hostile::hello` has.
    for cipher in [
        "AES128-GCM-SHA256",
        "AES128-SHA",
        "DHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-NULL-SHA:@SECLEVEL=0",
        "NULL-SHA256:@SECLEVEL=0",
        "AECDH-AES128-SHA:@SECLEVEL=0",
    ] {
        let server = Server::start(
            &authority,
            &rcgen::PKCS_RSA_SHA256,
            &["-tls1_2", "-cipher", cipher],
        );
        let tcp = Tcp::connect(server.port);
        let (done, _) = run(connect(tcp, &trusting(&authority), target("localhost")));
        let Err(error) = done else {
            panic!("{cipher}: connected")
        };
        assert_eq!(error.kind, Kind::TlsAlert, "{cipher}: {error}");
        assert_eq!(
            error.cause,
            "the server accepts none of the offered TLS parameters (alert handshake_failure)"
        );
    }
}

/// Runs openssl in `folder`.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    assert!(
        output.status.success(),
        "{arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn signatures_with_broken_hashes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(
        folder.join("leaf.cnf"),
        "subjectAltName=DNS:example.test\nextendedKeyUsage=serverAuth\n",
    )
    .expect("a file");
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -noenc -keyout root.key -out root.pem -subj /CN=root -days 30",
    );
    openssl(
        folder,
        "req -newkey rsa:2048 -noenc -keyout leaf.key -out leaf.csr -subj /CN=leaf",
    );
    for (hash, good) in [
        ("sha256", true),
        ("sha384", true),
        ("sha1", false),
        ("md5", false),
    ] {
        openssl(
            folder,
            &format!(
                "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 \
                 -extfile leaf.cnf -outform DER -out leaf.der -{hash}"
            ),
        );
        let root = fs::read(folder.join("root.pem")).expect("a file");
        let leaf = fs::read(folder.join("leaf.der")).expect("a file");
        let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).expect("a key");
        let config = TlsConfig::new(&PLATFORM, Roots::Only(&root)).expect("a configuration");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        WALL.set(now);
        let server = Leaf {
            chain: vec![leaf.into()],
            key,
        };
        let wire = Wire::new(Echo::new(server.any_server()));
        let done = run(connect(wire, &config, target(HOST))).0.map(drop);
        if good {
            done.expect(hash);
        } else {
            assert_eq!(
                done.expect_err(hash).cause,
                "the certificate is signed with an algorithm that is not accepted"
            );
        }
    }
}
