//! A runner of our own: a server of rustls on loopback, and the shim as its client.
#![allow(missing_docs)]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    ALL_VERSIONS, NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

const SHIM_ID: u64 = 0x0123_4567_89AB_CDEF;
/// Longest wait for the shim.
const PATIENCE: Duration = Duration::from_secs(600);

struct Pki {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    files: PathBuf,
}

impl Pki {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root");
        let files = std::env::temp_dir().join(format!("bogo-{name}-{}", std::process::id()));
        fs::create_dir_all(&files).expect("a directory");
        fs::write(files.join("root.pem"), root.pem()).expect("written");
        Self {
            root: root.into(),
            issuer: Issuer::new(params, key),
            files,
        }
    }

    fn trust(&self) -> String {
        self.file("root.pem")
    }

    fn file(&self, name: &str) -> String {
        self.files.join(name).to_str().expect("text").to_owned()
    }

    fn leaf(
        &self,
        algorithm: &'static rcgen::SignatureAlgorithm,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(["test".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a leaf");
        let key_der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        fs::write(self.files.join("client.pem"), leaf.pem()).expect("written");
        fs::write(self.files.join("client.key"), key.serialize_pem()).expect("written");
        (leaf.into(), key_der)
    }

    fn server(&self, provider: CryptoProvider) -> ServerConfig {
        let (leaf, key) = self.leaf(&rcgen::PKCS_ECDSA_P256_SHA256);
        ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(ALL_VERSIONS)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .expect("a leaf")
    }
}

impl Drop for Pki {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.files);
    }
}

/// What the server does after the exchange.
#[derive(Clone, Copy, PartialEq)]
enum End {
    CloseNotify,
    Cut,
    /// Waits for the shim's close_notify, and answers it.
    AfterShim,
}

struct Run {
    output: Output,
    served: Vec<Result<Served, String>>,
}

#[derive(Debug)]
struct Served {
    version: Option<ProtocolVersion>,
    client_certificates: usize,
    name: Option<String>,
}

/// Runs the shim with `flags` against `connections` connections of a server with `config`.
fn run(config: ServerConfig, connections: u32, end: End, flags: &[&str]) -> Run {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(config);
    let server = thread::spawn(move || {
        let mut served = Vec::new();
        for _ in 0..connections {
            let Some(stream) = accept(&listener) else {
                break;
            };
            served.push(serve(stream, &config, end));
        }
        served
    });
    let output = Command::new(env!("CARGO_BIN_EXE_wskhttp-bogo-shim"))
        .args(["-port", &port.to_string(), "-shim-id", &SHIM_ID.to_string()])
        .args(flags)
        .output()
        .expect("the shim runs");
    // A server that still waits for a connection gets one that says nothing.
    while !server.is_finished() {
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
        thread::sleep(Duration::from_millis(5));
    }
    Run {
        output,
        served: server.join().expect("the server ends"),
    }
}

fn accept(listener: &TcpListener) -> Option<TcpStream> {
    let (mut stream, _) = listener.accept().ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut id = [0; 8];
    stream.read_exact(&mut id).ok()?;
    assert_eq!(u64::from_le_bytes(id), SHIM_ID);
    Some(stream)
}

fn serve(mut stream: TcpStream, config: &Arc<ServerConfig>, end: End) -> Result<Served, String> {
    let fail = |error: &dyn std::fmt::Display| error.to_string();
    let mut tls = ServerConnection::new(Arc::clone(config)).map_err(|e| fail(&e))?;
    while tls.is_handshaking() {
        if let Err(error) = tls.complete_io(&mut stream) {
            let _ = tls.write_tls(&mut stream);
            return Err(fail(&error));
        }
    }
    {
        let mut stream = rustls::Stream::new(&mut tls, &mut stream);
        if end == End::AfterShim {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).map_err(|e| fail(&e))?;
        } else {
            let hello = b"a message of the runner";
            stream.write_all(hello).map_err(|e| fail(&e))?;
            stream.flush().map_err(|e| fail(&e))?;
            let mut back = vec![0; hello.len()];
            stream.read_exact(&mut back).map_err(|e| fail(&e))?;
            assert!(back.iter().zip(hello).all(|(a, b)| *a == !b));
        }
    }
    if end != End::Cut {
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(&mut stream).map_err(|e| fail(&e))?;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    // Until the shim has closed, so that nothing of ours is reset on its way.
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(fail(&error)),
        _ => {}
    }
    Ok(Served {
        version: tls.protocol_version(),
        client_certificates: tls.peer_certificates().map_or(0, <[_]>::len),
        name: tls.server_name().map(str::to_owned),
    })
}

#[track_caller]
fn passes(run: &Run) {
    let errors = String::from_utf8_lossy(&run.output.stderr);
    assert_eq!(run.output.status.code(), Some(0), "{errors}");
    for served in &run.served {
        assert!(served.is_ok(), "{served:?}");
    }
}

#[track_caller]
fn fails(run: &Run, with: &str) {
    let errors = String::from_utf8_lossy(&run.output.stderr);
    assert_eq!(run.output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(with), "{errors}");
}

#[test]
fn versions_and_small_reads() {
    let pki = Pki::new("versions");
    for (newest, version) in [
        ("771", ProtocolVersion::TLSv1_2),
        ("772", ProtocolVersion::TLSv1_3),
    ] {
        for more in [&[][..], &["-async"], &["-implicit-handshake"]] {
            let trust = pki.trust();
            let mut flags = vec!["-trust-cert", &trust, "-max-version", newest];
            flags.extend(["-expect-version", newest, "-expect-no-hrr"]);
            flags.extend(["-verify-peer", "-renegotiate-ignore", "-check-close-notify"]);
            flags.extend(["-enable-ocsp-stapling", "-use-ocsp-callback"]);
            flags.extend(more);
            let run = run(
                pki.server(ring::default_provider()),
                1,
                End::CloseNotify,
                &flags,
            );
            passes(&run);
            let served = run.served[0].as_ref().expect("served");
            assert_eq!(served.version, Some(version));
            assert_eq!(served.name.as_deref(), Some("test"));
        }
    }
}

#[test]
fn sessions_are_resumed() {
    let pki = Pki::new("resume");
    let trust = pki.trust();
    for newest in ["771", "772"] {
        let mut flags = vec!["-trust-cert", &trust, "-max-version", newest];
        flags.extend(["-resume-count", "2"]);
        let mut config = pki.server(ring::default_provider());
        config.ticketer = ring::Ticketer::new().expect("a ticketer");
        passes(&run(config, 3, End::CloseNotify, &flags));
        // The same without any memory of the server's.
        let mut config = pki.server(ring::default_provider());
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        fails(
            &run(config.clone(), 3, End::CloseNotify, &flags),
            "-expect-session-miss",
        );
        flags.push("-expect-session-miss");
        passes(&run(config, 3, End::CloseNotify, &flags));
    }
}

#[test]
fn tickets_are_renewed() {
    let pki = Pki::new("renew");
    let trust = pki.trust();
    let flags = [
        "-trust-cert",
        &trust,
        "-resume-count",
        "1",
        "-expect-ticket-renewal",
    ];
    let config = pki.server(ring::default_provider());
    passes(&run(config, 2, End::CloseNotify, &flags));
    let mut config = pki.server(ring::default_provider());
    config.send_tls13_tickets = 0;
    fails(
        &run(config, 2, End::CloseNotify, &flags),
        "no new ticket came",
    );
}

#[test]
fn groups_and_a_retry() {
    let pki = Pki::new("groups");
    let trust = pki.trust();
    let mut provider = ring::default_provider();
    provider
        .kx_groups
        .retain(|group| group.name() == NamedGroup::secp384r1);
    let mut flags = vec!["-trust-cert", &trust, "-curves", "29", "-curves", "24"];
    flags.extend(["-expect-curve-id", "24", "-expect-hrr"]);
    passes(&run(
        pki.server(provider.clone()),
        1,
        End::CloseNotify,
        &flags,
    ));
    *flags.last_mut().expect("flags") = "-expect-no-hrr";
    fails(
        &run(pki.server(provider.clone()), 1, End::CloseNotify, &flags),
        "-expect-no-hrr",
    );
    let flags = ["-trust-cert", &trust, "-curves", "24", "-expect-no-hrr"];
    passes(&run(
        pki.server(provider.clone()),
        1,
        End::CloseNotify,
        &flags,
    ));
    let flags = ["-trust-cert", &trust, "-curves", "29"];
    fails(
        &run(pki.server(provider), 1, End::CloseNotify, &flags),
        "handshake_failure",
    );
}

#[test]
fn signatures_and_application_protocols() {
    let pki = Pki::new("signatures");
    let trust = pki.trust();
    let mut flags = vec!["-trust-cert", &trust, "-verify-prefs", "1027"];
    flags.extend(["-expect-peer-signature-algorithm", "1027"]);
    flags.extend([
        "-advertise-alpn",
        "\u{3}foo\u{8}http/1.1",
        "-expect-alpn",
        "foo",
    ]);
    let mut config = pki.server(ring::default_provider());
    config.alpn_protocols = vec![b"foo".to_vec()];
    passes(&run(config, 1, End::CloseNotify, &flags));
    let flags = ["-trust-cert", &trust, "-verify-prefs", "2055"];
    let config = pki.server(ring::default_provider());
    fails(
        &run(config, 1, End::CloseNotify, &flags),
        ":HANDSHAKE_FAILURE",
    );
}

#[test]
fn client_certificates() {
    let pki = Pki::new("clients");
    let trust = pki.trust();
    let mut roots = RootCertStore::empty();
    roots.add(pki.root.clone()).expect("a root");
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.clone().into(), provider.clone())
                .build()
                .expect("a verifier");
        let (leaf, key) = pki.leaf(&rcgen::PKCS_ECDSA_P256_SHA256);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(ALL_VERSIONS)
            .expect("versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![leaf], key)
            .expect("a leaf");
        pki.leaf(algorithm);
        let (certificate, key) = (pki.file("client.pem"), pki.file("client.key"));
        for newest in ["771", "772"] {
            let mut flags = vec!["-trust-cert", &trust, "-max-version", newest];
            flags.push("-new-x509-credential");
            flags.extend(["-cert-file", &certificate, "-key-file", &key]);
            let run = run(config.clone(), 1, End::CloseNotify, &flags);
            passes(&run);
            assert_eq!(
                run.served[0].as_ref().expect("served").client_certificates,
                1
            );
        }
        let flags = ["-trust-cert", &trust];
        fails(
            &run(config, 1, End::CloseNotify, &flags),
            "alert certificate_required",
        );
    }
}

#[test]
fn closing() {
    let pki = Pki::new("closing");
    let trust = pki.trust();
    let server = || pki.server(ring::default_provider());
    passes(&run(server(), 1, End::Cut, &["-trust-cert", &trust]));
    fails(
        &run(
            server(),
            1,
            End::Cut,
            &["-trust-cert", &trust, "-check-close-notify"],
        ),
        "without close_notify",
    );
    let flags = [
        "-trust-cert",
        &trust,
        "-shim-shuts-down",
        "-check-close-notify",
    ];
    passes(&run(server(), 1, End::AfterShim, &flags));
}

#[test]
fn what_is_refused_and_what_is_not_implemented() {
    let (pki, other) = (Pki::new("one"), Pki::new("two"));
    let server = || pki.server(ring::default_provider());
    fails(
        &run(
            server(),
            1,
            End::CloseNotify,
            &["-trust-cert", &other.trust()],
        ),
        ":CERTIFICATE_VERIFY_FAILED:",
    );
    let flags = ["-trust-cert", &pki.trust(), "-host-name", "other.test"];
    fails(
        &run(server(), 1, End::CloseNotify, &flags),
        "the certificate is for another host name",
    );
    for flags in [
        &["-server"][..],
        &["-dtls"],
        &["-no-such-flag"],
        &["-curves", "25"],
        &["-verify-prefs", "513"],
        &["-max-version", "770"],
        &["-on-resume-verify-peer"],
        &["-cert-file", "a"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_wskhttp-bogo-shim"))
            .args(flags)
            .output()
            .expect("the shim runs");
        assert_eq!(output.status.code(), Some(89), "{flags:?}");
    }
}
