//! A runner of our own: a server of rustls on loopback, and the shim as its client.
#![allow(missing_docs)]

mod pki;
mod server;

use std::process::Command;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ALL_VERSIONS, NamedGroup, ProtocolVersion, RootCertStore, ServerConfig};

use pki::Pki;
use server::{End, fails, passes, run};

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
