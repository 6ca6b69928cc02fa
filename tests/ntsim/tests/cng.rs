//! The policies of cryptography: what of it is CNG's, what happens when CNG lacks something, and when
//! it fails.

#[path = "stack/certificate.rs"]
#[allow(dead_code, reason = "the other test program uses all of it")]
mod certificate;
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use certificate::{Chain, Kind as Leaf};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ServerConfig};
use support::tls::{TlsStream, papers, root};
use wskhttp_client::{Device, Error, Group, Kind, Phase, Request, TlsOptions};
use wskhttp_core::crypto::Primitive;
use wskhttp_ntsim::fault::{self, Plan};
use wskhttp_ntsim::registry::{self, SERVICE};
use wskhttp_ntsim::{Driver, Profile, Sim, bcrypt, listen, seed};

const REG_SZ: u32 = 1;
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();

fn choose(policy: &str) {
    let mut text: Vec<u8> = policy.encode_utf16().flat_map(u16::to_le_bytes).collect();
    text.extend([0, 0]);
    let parameters = format!(r"{SERVICE}\Parameters");
    registry::set(&parameters, "CryptoProvider", REG_SZ, &text);
}

fn serve(server: &Arc<ServerConfig>) {
    let server = Arc::clone(server);
    listen(443, move |stream| {
        // Errors are the client's doing.
        let _ = support::answer(TlsStream::with(stream, Arc::clone(&server)));
    });
}

fn get(device: &mut Device, root: &[u8]) -> Result<(u16, u16), Error> {
    get_by(device, root, TlsOptions::new())
}

/// The version and the group that were agreed on.
fn get_by(device: &mut Device, root: &[u8], tls: TlsOptions) -> Result<(u16, u16), Error> {
    let request = Request::get("https://localhost/").root_certificates(root)?;
    let mut response = device.send(request.tls(tls).no_reuse())?;
    let tls = response.head().tls.expect("TLS");
    let mut body = Vec::<u8>::new();
    loop {
        match response.chunk()? {
            [] => break,
            chunk => body.extend(chunk),
        }
    }
    assert_eq!(body, b"hello");
    Ok((tls.version, tls.group))
}

fn with_device(policy: &'static str, body: impl FnOnce(&mut Device)) {
    choose(policy);
    let driver = Driver::load().expect("loaded");
    let mut device = Device::with_opener(driver.opener()).expect("open");
    body(&mut device);
    drop(device);
    driver.remove();
}

/// With each policy every kind of leaf, version and group that it allows, and how often CNG did what.
#[test]
fn handshakes() {
    for policy in ["rust", "auto", "fips"] {
        for kind in [Leaf::P256, Leaf::P384, Leaf::Rsa, Leaf::Ed25519] {
            let chain = Chain::new(kind);
            for (version, group) in [
                (&TLS13, NamedGroup::X25519),
                (&TLS13, NamedGroup::secp256r1),
                (&TLS12, NamedGroup::secp384r1),
            ] {
                let (root, server) = (chain.root.clone(), chain.server_of_group(version, group));
                Sim::new(seed()).run(move || {
                    serve(&server);
                    with_device(policy, |device| {
                        let before = fault::count("BCryptVerifySignature");
                        let agreed = fault::count("BCryptSecretAgreement");
                        let done = get(device, &root);
                        let verified = fault::count("BCryptVerifySignature") - before;
                        let agreed = fault::count("BCryptSecretAgreement") - agreed;
                        let allowed = kind != Leaf::Ed25519 && group != NamedGroup::X25519;
                        if policy == "fips" && !allowed {
                            let error = done.expect_err("not approved");
                            assert!(error.to_string().contains("TLS"), "{error}");
                            return;
                        }
                        let (version_is, group_is) = done
                            .unwrap_or_else(|error| panic!("{policy} {kind:?} {group:?}: {error}"));
                        assert_eq!(version_is, u16::from(version.version));
                        assert_eq!(group_is, u16::from(group));
                        let cng = policy != "rust";
                        assert_eq!(
                            verified >= 3,
                            cng && kind != Leaf::Ed25519,
                            "{policy} {kind:?}"
                        );
                        assert_eq!(agreed, usize::from(cng), "{policy} {group:?}");
                    });
                });
            }
        }
    }
}

/// Whatever is missing is named, `auto` does without, `fips` says why it does not.
#[test]
fn what_is_missing() {
    let chain = Chain::new(Leaf::P256);
    let server = chain.server_of_group(&TLS13, NamedGroup::secp256r1);
    for (id, names, needed) in [
        ("SHA384", &["SHA-384", "HMAC-SHA-384"][..], Some("SHA-384")),
        ("AES", &["AES-GCM"], Some("AES-GCM")),
        ("CHACHA20_POLY1305", &["ChaCha20-Poly1305"], None),
        ("ECDH_P256", &["ECDH P-256"], Some("ECDH on P-256")),
        ("curve25519", &["X25519"], None),
        ("ECDSA_P256", &["ECDSA P-256"], Some("ECDSA on P-256")),
        ("RSA", &["RSA"], Some("RSA")),
    ] {
        for policy in ["auto", "fips"] {
            let (root, server) = (chain.root.clone(), Arc::clone(&server));
            Sim::new(seed()).run(move || {
                serve(&server);
                bcrypt::without(id);
                with_device(policy, |device| {
                    let status = device.status().expect("a status");
                    assert_eq!(status.crypto_policy(), policy);
                    let missing: Vec<_> = status.missing_primitives().collect();
                    assert_eq!(missing, names);
                    match (get(device, &root), needed) {
                        (Err(error), Some(name)) if policy == "fips" => {
                            assert_eq!(error.kind, Kind::TlsInternal);
                            let text = error.to_string();
                            assert!(text.contains(&format!("CNG has no {name}")), "{text}");
                        }
                        (done, _) => drop(done.unwrap_or_else(|e| panic!("{policy} {id}: {e}"))),
                    }
                });
            });
        }
    }
}

#[test]
fn the_numbers_of_a_status_are_those_of_the_primitives() {
    let status = |primitive: Primitive| wskhttp_client::abi::Status {
        crypto_missing: primitive.bit(),
        ..Default::default()
    };
    for primitive in Primitive::ALL {
        let names: Vec<_> = status(primitive).missing_primitives().collect();
        assert_eq!(names, [primitive.name()]);
    }
}

#[test]
fn wine_lacks_two() {
    let chain = Chain::new(Leaf::P384);
    let server = chain.server(&TLS13);
    Sim::new(seed()).profile(Profile::Wine).run(move || {
        serve(&server);
        with_device("fips", |device| {
            let status = device.status().expect("a status");
            let missing: Vec<_> = status.missing_primitives().collect();
            assert_eq!(missing, ["ChaCha20-Poly1305", "X25519"]);
            get(device, &chain.root).expect("an answer");
        });
    });
}

#[test]
fn an_unknown_policy_is_refused() {
    Sim::new(seed()).run(|| {
        for policy in ["", "FIPS", "fips ", "both"] {
            choose(policy);
            let refused = Driver::load().map(|_| ()).expect_err("no such policy");
            assert_eq!(refused, INVALID_PARAMETER, "{policy}");
        }
        let parameters = format!(r"{SERVICE}\Parameters");
        registry::set(&parameters, "CryptoProvider", registry::DWORD, &[0; 4]);
        assert_eq!(Driver::load().map(|_| ()).err(), Some(INVALID_PARAMETER));
    });
}

#[test]
fn no_client_certificate_under_fips() {
    let _made = root();
    Sim::new(seed()).run(|| {
        with_device("fips", |device| {
            let (chain, key) = &papers().client;
            let options = TlsOptions::new().client_certificate(chain, key);
            let request = Request::get("https://localhost/").tls(options);
            let error = device.send(request).map(|_| ()).expect_err("no signer");
            assert_eq!(error.kind, Kind::InvalidRequest);
            assert!(error.to_string().contains("fips"), "{error}");
        });
    });
}

/// X25519MLKEM768 is RustCrypto's with each policy, but for `fips`, which has none.
#[test]
fn x25519_mlkem768() {
    let chain = Chain::new(Leaf::P256);
    for policy in ["rust", "auto", "fips"] {
        let group = NamedGroup::X25519MLKEM768;
        let (root, server) = (chain.root.clone(), chain.server_of_group(&TLS13, group));
        Sim::new(seed()).run(move || {
            serve(&server);
            with_device(policy, |device| {
                let alone = TlsOptions::new().group(Group::X25519MlKem768);
                let retried = TlsOptions::new().group(Group::Secp256r1);
                for tls in [alone, retried.group(Group::X25519MlKem768)] {
                    let done = get_by(device, &root, tls);
                    if policy != "fips" {
                        assert_eq!(done.expect("an answer").1, u16::from(group));
                        continue;
                    }
                    let error = done.expect_err("not approved");
                    assert_eq!(
                        (error.kind, error.phase),
                        (Kind::InvalidRequest, Phase::Request)
                    );
                    assert!(error.to_string().contains("fips"), "{error}");
                }
                let error = get(device, &root).expect_err("not unless it is asked for");
                assert_eq!(error.kind, Kind::TlsAlert, "{error}");
            });
        });
    }
}

/// Each larger stack for ML-KEM is refused in turn: the request says so, the next one succeeds.
#[test]
fn no_larger_stack() {
    const CALL: &str = "KeExpandKernelStackAndCalloutEx";
    let chain = Chain::new(Leaf::Rsa);
    let server = chain.server_of_group(&TLS13, NamedGroup::X25519MLKEM768);
    let run = |plan: Plan| {
        let (root, server) = (chain.root.clone(), Arc::clone(&server));
        let first = Arc::new(Mutex::new(0));
        let to = Arc::clone(&first);
        let report = Sim::new(seed()).report(move || {
            serve(&server);
            with_device("rust", |device| {
                let tls = TlsOptions::new().group(Group::X25519MlKem768);
                *to.lock().expect("not poisoned") = fault::calls();
                fault::follow(plan);
                let done = get_by(device, &root, tls.clone());
                fault::relent();
                if fault::injected() > 0 {
                    let error = done.expect_err("no stack");
                    assert_eq!((error.kind, error.phase), (Kind::NoResources, Phase::Tls));
                    assert!(error.to_string().contains("larger stack"), "{error}");
                }
                get_by(device, &root, tls).expect("an answer");
            });
        });
        let first = *first.lock().expect("not poisoned");
        let calls = (0_u64..)
            .zip(report.fallible)
            .filter(|(_, name)| *name == CALL);
        calls
            .map(|(number, _)| number)
            .filter(|number| *number >= first)
            .collect::<Vec<_>>()
    };
    let calls = run(Plan::None);
    assert_eq!(
        calls.len(),
        4,
        "to make a key and to use it, of two requests"
    );
    for number in &calls[..2] {
        run(Plan::Once(*number));
    }
}

/// Each call into CNG fails in turn: the request ends with an error that says so, or without; the
/// next one succeeds, and nothing is left.
#[test]
fn every_call_may_fail() {
    // Its signatures have all the same length, so every run is the same.
    let chain = Chain::new(Leaf::Rsa);
    let server = chain.server_of_group(&TLS12, NamedGroup::secp256r1);
    // The calls of a request, whether one has failed, and what came of the request.
    let run = |plan: Plan| {
        let (root, server) = (chain.root.clone(), Arc::clone(&server));
        let result = Arc::new(Mutex::new(None));
        let to = Arc::clone(&result);
        let report = Sim::new(seed()).report(move || {
            serve(&server);
            with_device("fips", |device| {
                let start = fault::calls();
                fault::follow(plan);
                let done = get(device, &root);
                fault::relent();
                let injected = fault::injected();
                let calls = start as usize..fault::calls() as usize;
                get(device, &root).expect("an answer");
                *to.lock().expect("not poisoned") = Some((calls, injected, done));
            });
        });
        let result = result.lock().expect("not poisoned").take();
        let (calls, injected, done) = result.expect("it was run");
        (
            report.fallible[calls.clone()].to_vec(),
            calls.start,
            injected,
            done,
        )
    };
    let (calls, start, _, done) = run(Plan::None);
    done.expect("an answer");
    let (mut failed, mut all) = (0, 0);
    for (number, name) in (start as u64..).zip(calls) {
        if !name.starts_with("BCrypt") {
            continue;
        }
        let (_, _, injected, done) = run(Plan::Once(number));
        assert_eq!(injected, 1, "{name}");
        all += 1;
        if let Err(error) = done {
            let text = error.to_string();
            let fits = text.contains("cryptography") || text.contains("randomness");
            assert!(fits, "{number} {name}: {text}");
            failed += 1;
        }
    }
    println!("{failed} of {all} failures ended the request");
    assert!(all > 100, "{all}");
    assert!(failed * 10 >= all * 9, "{failed} of {all}");
}

/// Providers that cannot be opened are missing, whatever the reason.
#[test]
fn providers_that_cannot_be_opened() {
    let chain = Chain::new(Leaf::P256);
    let server = chain.server(&TLS13);
    Sim::new(seed()).run(move || {
        serve(&server);
        choose("auto");
        let first = fault::calls();
        fault::follow(Plan::From(first + 1));
        let refused = Driver::load().map(|_| ()).err();
        fault::relent();
        assert!(refused.is_some(), "all else fails as well");
        with_device("auto", |device| {
            get(device, &chain.root).expect("an answer");
        });
    });
}
