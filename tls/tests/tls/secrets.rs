//! Nothing that can be printed has a secret in it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::KeyLog;
use rustls::version::{TLS12, TLS13};
use wskhttp_core::io::{Scheme, Target, Via};
use wskhttp_tls::{Identity, MaybeTls, Policy, Roots, Session, TlsConfig, TlsKey, TlsTransport};

use crate::handshake::echo;
use crate::support::certificates::Authority;
use crate::support::platform::PLATFORM;
use crate::support::wire::{Echo, Script, Wire};
use crate::support::{HOST, connect, run};

const CREDENTIALS: &[u8] = b"Basic dXNlcjpwYXNzd29yZA==";

/// Bytes in a row that give a secret away; a multiple of three, for base64.
const ROW: usize = 9;

/// All that was printed.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn print(&mut self, one: impl Debug) {
        self.0 += &format!("{one:?} {one:#?} {one:x?} {one:X?}\n");
    }

    /// Which of `secrets` are in it, in any usual notation.
    fn given_away<'a>(&self, secrets: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
        let text: String = self.0.split_whitespace().collect();
        secrets
            .iter()
            .filter(|secret| {
                let mut rows = secret.windows(ROW);
                rows.any(|row| notations(row).iter().any(|row| text.contains(row)))
            })
            .map(Vec::as_slice)
            .collect()
    }
}

fn notations(row: &[u8]) -> [String; 8] {
    let list = |print: fn(&u8) -> String, between: &str| {
        let all: Vec<String> = row.iter().map(print).collect();
        all.join(between)
    };
    [
        list(|byte| format!("{byte:02x}"), ""),
        list(|byte| format!("{byte:02X}"), ""),
        list(|byte| format!("{byte:02x}"), ":"),
        list(|byte| format!("{byte:x}"), ","),
        list(|byte| format!("{byte:X}"), ","),
        list(u8::to_string, ","),
        row.escape_ascii().to_string().replace(' ', ""),
        BASE64_STANDARD.encode(row),
    ]
}

/// Keeps the secrets that a server shares with its client.
#[derive(Debug, Default)]
struct Secrets(Mutex<Vec<Vec<u8>>>);

impl KeyLog for Secrets {
    fn log(&self, _label: &str, _client_random: &[u8], secret: &[u8]) {
        self.0.lock().expect("secrets").push(secret.to_vec());
    }
}

/// The private number in PKCS#8 of a key on P-256.
fn private(key: &[u8]) -> Vec<u8> {
    let place = key.windows(2).position(|two| two == [4, 32]);
    key[place.expect("a number") + 2..][..32].to_vec()
}

#[test]
fn no_secret_in_what_is_printed() {
    let authority = Authority::new(&PKCS_ECDSA_P256_SHA256);
    let client = authority.client(&PKCS_ECDSA_P256_SHA256);
    let policy = Policy {
        identity: Some(Identity {
            chain: &client.chain[0],
            key: client.key.secret_der(),
        }),
        identity_for: Some((HOST, 443)),
        ..Policy::new(Roots::Only(authority.der()))
    };
    let config =
        TlsConfig::resuming::<spin::Mutex<()>>(&PLATFORM, &policy, 4).expect("a configuration");
    let target = Target {
        via: Some(Via {
            scheme: Scheme::Http,
            host: "proxy.test",
            port: 8080,
            authorization: Some(CREDENTIALS),
        }),
        ..crate::support::target(HOST)
    };
    let mut printed = Printed::default();
    printed.print((&policy, &policy.identity, &config, &PLATFORM, &target));
    printed.print(TlsKey {
        config: Arc::clone(&config),
        inner: (),
    });
    let secrets = Arc::new(Secrets::default());
    for version in [&TLS12, &TLS13] {
        let mut server = (*authority.demanding(HOST, version)).clone();
        server.key_log = Arc::clone(&secrets) as _;
        let server = Arc::new(server);
        for _ in 0..2 {
            let wire = Wire::new(Echo::new(Arc::clone(&server)));
            let (done, info) = run(connect(wire, &config, target));
            let mut connection = done.expect("a connection");
            run(echo(&mut connection, b"hello"));
            let session = connection.session().expect("TLS");
            printed.print((info, session.info(), session.kind(), session.application()));
            printed.print(session.peer_certificates().collect::<Vec<_>>());
        }
        // Whom this client does not trust, once the keys of the handshake are there.
        let other = Authority::new(&PKCS_ECDSA_P256_SHA256);
        let leaf = other.leaf(HOST, &PKCS_ECDSA_P256_SHA256);
        let mut server = (*leaf.any_server()).clone();
        server.key_log = Arc::clone(&secrets) as _;
        let (done, info) = run(connect(
            Wire::new(Echo::new(server.into())),
            &config,
            target,
        ));
        let error = done.map(drop).expect_err("not trusted");
        printed.print((error, error.to_string(), info));
        printed.print(config.take_refused());
    }
    let wire = Wire::new(Script::new(&[0x15, 3, 3, 0, 2, 2, 80]));
    let (done, info) = run(connect(wire, &config, target));
    printed.print((done.map(drop).expect_err("an alert"), info));
    let half = Identity {
        key: &client.key.secret_der()[..80],
        ..policy.identity.expect("an identity")
    };
    let broken = Policy {
        identity: Some(half),
        ..policy
    };
    printed.print(TlsConfig::with_policy(&PLATFORM, &broken).expect_err("half a key"));

    let mut secrets = secrets.0.lock().expect("secrets").clone();
    // TLS 1.2 has one a session, TLS 1.3 five.
    assert!(secrets.len() >= 12, "{}", secrets.len());
    secrets.push(private(client.key.secret_der()));
    secrets.push(CREDENTIALS.to_vec());
    let given_away = printed.given_away(&secrets);
    assert!(given_away.is_empty(), "{given_away:x?}");
    // Each would be seen.
    for secret in &secrets {
        let own = std::slice::from_ref(secret);
        for notation in notations(&secret[4..4 + ROW]) {
            assert_eq!(Printed(notation).given_away(own).len(), 1);
        }
        let mut printed = Printed::default();
        printed.print(secret);
        assert_eq!(printed.given_away(own).len(), 1);
    }
}

/// What holds keys cannot be printed at all: were it, `Silent` would not say which one is meant.
#[test]
fn sessions_cannot_be_printed() {
    trait Silent<Which> {
        const YES: bool = true;
    }
    impl<T> Silent<()> for T {}
    impl<T: Debug> Silent<u8> for T {}
    const { assert!(<Session as Silent<_>>::YES) };
    const { assert!(<TlsTransport<()> as Silent<_>>::YES) };
    const { assert!(<MaybeTls<()> as Silent<_>>::YES) };
}
