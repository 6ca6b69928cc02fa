//! Chains that must be refused, each by its own rule, in a handshake; and policies.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, RevokedCertParams, SanType,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_tls::{ClockPolicy, Policy, Revocation, Roots, TlsConfig};

use crate::support::certificates::{Leaf, params};
use crate::support::platform::{NOW, PLATFORM, WALL};
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, refused, run, target};

/// An authority that can be below another.
struct Node {
    der: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn node(params: CertificateParams, above: Option<&Node>) -> Node {
    let key = KeyPair::generate().expect("a key");
    let certificate = match above {
        None => params.self_signed(&key),
        Some(above) => params.signed_by(&key, &above.issuer),
    }
    .expect("a certificate");
    Node {
        pem: certificate.pem(),
        der: certificate.into(),
        issuer: Issuer::new(params, key),
    }
}

fn root() -> Node {
    node(ca("root"), None)
}

fn leaf(params: CertificateParams, above: &Node, others: &[&Node]) -> Leaf {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let certificate = params.signed_by(&key, &above.issuer).expect("a leaf");
    let mut chain = vec![certificate.into()];
    chain.extend(others.iter().map(|node| node.der.clone()));
    Leaf {
        chain,
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    }
}

/// What a handshake with `leaf` under `policy` comes to.
fn handshake(leaf: Leaf, policy: &Policy<'_>) -> Result<(), Error> {
    let config = TlsConfig::with_policy(&PLATFORM, policy).expect("a configuration");
    let wire = Wire::new(Echo::new(leaf.any_server()));
    run(connect(wire, &config, target(HOST))).0.map(drop)
}

#[track_caller]
fn expect(done: Result<(), Error>, kind: Kind, cause: &str) {
    let error = done.expect_err("it is refused");
    assert_eq!((error.phase, error.kind), (Phase::Tls, kind), "{error}");
    assert_eq!(error.cause, cause);
}

/// Changes the parameters of a chain's certificates.
type Change = fn(&mut CertificateParams);

#[test]
fn rules_for_servers() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let config = TlsConfig::with_policy(&PLATFORM, &policy).expect("a configuration");
    handshake(leaf(params(HOST), &root, &[]), &policy).expect("a good chain");
    let cases: &[(Change, &str)] = &[
        (
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning],
            "the certificate is not for a TLS server",
        ),
        (
            |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
            "the certificate's keyUsage does not allow it to sign a handshake",
        ),
        (
            |p| {
                p.key_usages = vec![
                    KeyUsagePurpose::DigitalSignature,
                    KeyUsagePurpose::KeyCertSign,
                ]
            },
            "the certificate's keyUsage does not allow it to sign a handshake",
        ),
        (
            |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "the server's certificate is that of an authority (CA:TRUE)",
        ),
        (
            |p| p.subject_alt_names.clear(),
            "the certificate has no subjectAltName",
        ),
        (
            |p| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                p.custom_extensions.push(unknown);
            },
            "the certificate has a critical extension that is not known",
        ),
        (
            |p| {
                for _ in 0..2 {
                    p.custom_extensions
                        .push(CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]));
                }
            },
            "a certificate has the same extension twice",
        ),
        (
            |p| {
                for arc in 0..65 {
                    p.custom_extensions.push(CustomExtension::from_oid_content(
                        &[1, 2, 3, arc],
                        vec![5, 0],
                    ));
                }
            },
            "a certificate has too many extensions",
        ),
        (
            |p| {
                for number in 0..1025 {
                    let name = format!("n{number}.test").try_into().expect("ASCII");
                    p.subject_alt_names.push(SanType::DnsName(name));
                }
            },
            "a certificate has too many names",
        ),
    ];
    for (change, cause) in cases {
        let mut params = params(HOST);
        change(&mut params);
        // A server of rustls would not serve some of these.
        let leaf = leaf(params, &root, &[]);
        let done = config.verify_chain(&leaf.chain[0], &[], Some(HOST), NOW);
        expect(done, Kind::CertificateInvalid, cause);
    }
    for (bits, good) in [(1024, false), (2047, false), (2048, true), (2049, false)] {
        let weak = params(HOST).signed_by(&RsaKey::new(bits), &root.issuer);
        let weak = weak.expect("a leaf");
        let done = config.verify_chain(weak.der(), &[], Some(HOST), NOW);
        if good {
            done.expect("enough bits");
        } else {
            expect(
                done,
                Kind::CertificateInvalid,
                "the certificate's key is too weak or of an unknown kind",
            );
        }
    }
}

/// A public key of RSA whose modulus has so many bits, and nothing else to be said for it.
struct RsaKey(Vec<u8>);

impl RsaKey {
    fn new(bits: usize) -> Self {
        let mut modulus = vec![0xA5; bits.div_ceil(8)];
        modulus[0] = match bits % 8 {
            0 => 0x80,
            more => 1 << (more - 1),
        };
        if modulus[0] & 0x80 != 0 {
            modulus.insert(0, 0);
        }
        let integer = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
            [&[2, 0x82], &length[..], bytes].concat()
        };
        let content = [integer(&modulus), vec![2, 3, 1, 0, 1]].concat();
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        Self([&[0x30, 0x82], &length[..], &content].concat())
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn a_purpose_that_is_not_stated() {
    let root = root();
    let mut policy = Policy::new(Roots::Only(&root.der));
    let mut params = params(HOST);
    params.extended_key_usages.clear();
    handshake(leaf(params.clone(), &root, &[]), &policy).expect("any purpose");
    policy.require_purpose = true;
    expect(
        handshake(leaf(params, &root, &[]), &policy),
        Kind::CertificateInvalid,
        "the certificate does not say that it is for a TLS server (no extKeyUsage)",
    );
}

#[test]
fn rules_for_authorities() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let subtree = |name: &str| GeneralSubtree::DnsName(name.into());
    type Case = (Box<dyn Fn(&mut CertificateParams)>, Kind, &'static str);
    let cases: Vec<Case> = vec![
        (
            Box::new(|p| p.is_ca = IsCa::ExplicitNoCa),
            Kind::CertificateInvalid,
            "an issuing certificate is not that of an authority (CA:FALSE)",
        ),
        (
            Box::new(|p| p.is_ca = IsCa::NoCa),
            Kind::CertificateInvalid,
            "an issuing certificate is not that of an authority (CA:FALSE)",
        ),
        (
            Box::new(|p| p.key_usages = vec![KeyUsagePurpose::CrlSign]),
            Kind::CertificateInvalid,
            "an issuing certificate's keyUsage does not allow it to sign certificates",
        ),
        (
            Box::new(|p| p.not_after = date_time_ymd(2025, 1, 1)),
            Kind::CertificateExpired,
            "the certificate has expired",
        ),
        (
            Box::new(move |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![subtree("other.test")],
                    excluded_subtrees: vec![],
                });
            }),
            Kind::CertificateInvalid,
            "the certificate's names are outside of its authority's nameConstraints",
        ),
        (
            Box::new(move |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![],
                    excluded_subtrees: vec![subtree("example.test")],
                });
            }),
            Kind::CertificateInvalid,
            "the certificate's names are outside of its authority's nameConstraints",
        ),
    ];
    for (change, kind, cause) in cases {
        let mut params = ca("between");
        change(&mut params);
        // A CA:FALSE issuer signs as well as any.
        let between = node(params, Some(&root));
        let done = handshake(leaf(self::params(HOST), &between, &[&between]), &policy);
        expect(done, kind, cause);
    }
}

#[test]
fn lengths_of_chains() {
    let mut nodes = vec![root()];
    for number in 0..7 {
        let above = nodes.last().expect("a root");
        nodes.push(node(ca(&format!("{number}")), Some(above)));
    }
    let root = &nodes[0];
    let mut policy = Policy::new(Roots::Only(&root.der));
    let chain = |between: usize| {
        let others: Vec<&Node> = nodes[1..=between].iter().rev().collect();
        leaf(params(HOST), &nodes[between], &others)
    };
    handshake(chain(6), &policy).expect("six between");
    expect(
        handshake(chain(7), &policy),
        Kind::CertificateInvalid,
        "the certificate chain is too long",
    );
    policy.max_intermediates = 1;
    handshake(chain(1), &policy).expect("one between");
    expect(
        handshake(chain(2), &policy),
        Kind::CertificateInvalid,
        "the certificate chain is too long",
    );
    // A path length of nothing below the first authority.
    let mut params_of_short = ca("short");
    params_of_short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = node(params_of_short, Some(root));
    let below = node(ca("below"), Some(&short));
    policy.max_intermediates = 6;
    let done = handshake(leaf(params(HOST), &below, &[&below, &short]), &policy);
    expect(
        done,
        Kind::CertificateInvalid,
        "the chain is longer than an authority's pathLenConstraint allows",
    );
}

#[test]
fn floods_of_certificates_cost_little() {
    let root = root();
    let policy = Policy::new(Roots::Only(&root.der));
    let many: Vec<Node> = (0..13).map(|_| node(ca("same"), None)).collect();
    let others: Vec<&Node> = many.iter().collect();
    expect(
        handshake(leaf(params(HOST), &many[0], &others), &policy),
        Kind::CertificateInvalid,
        "the server sent too many certificates",
    );
    // Twelve that could all have issued each other: the paths are counted, none leads anywhere.
    let mut mesh = Vec::new();
    let base = node(ca("same"), None);
    for _ in 0..12 {
        mesh.push(node(ca("same"), Some(&base)));
    }
    let others: Vec<&Node> = mesh.iter().collect();
    expect(
        handshake(leaf(params(HOST), &base, &others), &policy),
        Kind::CertificateInvalid,
        "the server's certificates can be chained in too many ways",
    );
    // The same below a root of that name: each path costs signatures.
    let trusted = node(ca("same"), None);
    let policy = Policy::new(Roots::Only(&trusted.der));
    expect(
        handshake(leaf(params(HOST), &base, &others), &policy),
        Kind::CertificateInvalid,
        "the server's certificates have too many signatures to check",
    );
    // Many names under many constraints.
    let mut wide = ca("wide");
    wide.name_constraints = Some(NameConstraints {
        permitted_subtrees: (0..200)
            .map(|number| GeneralSubtree::DnsName(format!("n{number}.test")))
            .collect(),
        excluded_subtrees: vec![],
    });
    let wide = node(wide, Some(&root));
    let mut names = params(HOST);
    for number in 0..400 {
        let name = format!("n{number}.test").try_into().expect("ASCII");
        names.subject_alt_names.push(SanType::DnsName(name));
    }
    let policy = Policy::new(Roots::Only(&root.der));
    expect(
        handshake(leaf(names, &wide, &[&wide]), &policy),
        Kind::CertificateInvalid,
        "a certificate has too many names",
    );
}

#[test]
fn roots_that_may_not_be_one() {
    let cases: &[(Change, Kind, &str)] = &[
        (
            |p| p.not_after = date_time_ymd(2025, 1, 1),
            Kind::CertificateExpired,
            "the trusted root of the certificate has expired",
        ),
        (
            |p| p.not_before = date_time_ymd(2027, 1, 1),
            Kind::CertificateNotYetValid,
            "the trusted root of the certificate is not valid yet",
        ),
        (
            |p| p.is_ca = IsCa::ExplicitNoCa,
            Kind::CertificateInvalid,
            "the trusted root of the certificate is not that of an authority",
        ),
        (
            |p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature],
            Kind::CertificateInvalid,
            "the trusted root of the certificate is not that of an authority",
        ),
    ];
    for (change, kind, cause) in cases {
        let mut params = ca("root");
        change(&mut params);
        let root = node(params, None);
        let policy = Policy::new(Roots::Only(&root.der));
        expect(
            handshake(leaf(self::params(HOST), &root, &[]), &policy),
            *kind,
            cause,
        );
    }
}

#[test]
fn chains_that_lead_nowhere() {
    let (ours, theirs) = (root(), node(ca("theirs"), None));
    let between = node(ca("between"), Some(&theirs));
    let policy = Policy::new(Roots::Only(&ours.der));
    expect(
        handshake(leaf(params(HOST), &between, &[&between]), &policy),
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted",
    );
    expect(
        handshake(leaf(params(HOST), &between, &[]), &policy),
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted, and the server sent nothing that leads to one that is",
    );
    // The incomplete chain is whole with what the policy adds.
    let pem = format!("{}{}", ours.pem, theirs.pem);
    let policy = Policy::new(Roots::BuiltInAnd(pem.as_bytes()));
    handshake(leaf(params(HOST), &between, &[&between]), &policy).expect("PEM of two roots");
    // The key of another root of the same name.
    let twin = root();
    let policy = Policy::new(Roots::Only(&twin.der));
    expect(
        handshake(leaf(params(HOST), &ours, &[]), &policy),
        Kind::CertificateInvalid,
        "a signature of the certificate chain is wrong",
    );
}

#[test]
fn pins() {
    let root = root();
    let between = node(ca("between"), Some(&root));
    let mut policy = Policy::new(Roots::Only(&root.der));
    let server = || leaf(params(HOST), &between, &[&between]);
    let spki = |der: &[u8]| {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).expect("a certificate");
        <[u8; 32]>::from(Sha256::digest(certificate.public_key().raw))
    };
    let other = [7; 32];
    let others = [other];
    let own = server();
    let pins = [other, spki(&own.chain[0])];
    policy.pins = &pins;
    handshake(own, &policy).expect("the server's key, a backup first");
    for der in [&between.der, &root.der] {
        let pins = [spki(der), other];
        let policy = Policy {
            pins: &pins,
            ..Policy::new(Roots::Only(&root.der))
        };
        handshake(server(), &policy).expect("an authority's key");
    }
    policy.pins = &others;
    expect(
        handshake(server(), &policy),
        Kind::PinMismatch,
        "no key in the certificate chain is a pinned one",
    );
    policy.pins = &[];
    let disallowed = [<[u8; 32]>::from(Sha256::digest(&between.der))];
    policy.disallowed = &disallowed;
    expect(
        handshake(server(), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
}

#[test]
fn revocation_lists() {
    let mut params_of_root = ca("root");
    params_of_root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root = node(params_of_root, None);
    let list_by = |serials: &[u64], until: i32, by: &Node| {
        CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 6, 1),
            next_update: date_time_ymd(until, 6, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials
                .iter()
                .map(|serial| RevokedCertParams {
                    serial_number: SerialNumber::from(*serial),
                    revocation_time: date_time_ymd(2024, 6, 1),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&by.issuer)
        .expect("a list")
    };
    let list = |serials: &[u64], until: i32| list_by(serials, until, &root);
    let server = || {
        let mut params = params(HOST);
        params.serial_number = Some(SerialNumber::from(4711_u64));
        leaf(params, &root, &[])
    };
    let mut policy = Policy::new(Roots::Only(&root.der));
    let mut judge = |revocation| {
        policy.revocation = revocation;
        handshake(server(), &policy)
    };
    let (clean, bad) = (list(&[1, 2], 2027), list(&[1, 4711], 2027));
    let (old, old_bad) = (list(&[], 2025), list(&[4711], 2025));
    judge(Revocation::Off).expect("not asked");
    judge(Revocation::Soft(clean.der())).expect("not listed");
    judge(Revocation::Hard(clean.der())).expect("not listed");
    judge(Revocation::Soft(old.der())).expect("not on the old list");
    judge(Revocation::Soft(b"")).expect("no list");
    let pem = bad.pem().expect("PEM");
    for lists in [&bad.der()[..], &old_bad.der()[..], pem.as_bytes()] {
        expect(
            judge(Revocation::Soft(lists)),
            Kind::CertificateRevoked,
            "the certificate was revoked",
        );
    }
    expect(
        judge(Revocation::Hard(bad.der())),
        Kind::CertificateRevoked,
        "the certificate was revoked",
    );
    expect(
        judge(Revocation::Hard(old.der())),
        Kind::RevocationUnknown,
        "the revocation list for the certificate has expired",
    );
    expect(
        judge(Revocation::Hard(b"")),
        Kind::RevocationUnknown,
        "no revocation list tells of the certificate, and the policy wants one",
    );
    // A list of an authority that has the root's name, but not its key.
    let forger = node(ca("root"), None);
    let forged = list_by(&[], 2027, &forger);
    expect(
        judge(Revocation::Soft(forged.der())),
        Kind::RevocationUnknown,
        "the revocation list for the certificate is not signed by its issuer",
    );
    // No list at all, and one with an empty BIT STRING for a signature.
    let mut cut = clean.der().to_vec();
    cut.truncate(40);
    for lists in [
        &cut[..],
        b"\x30\x03\x02\x01\x01",
        b"-----BEGIN X509 CRL-----\n",
    ] {
        let policy = Policy {
            revocation: Revocation::Soft(lists),
            ..Policy::new(Roots::Only(&root.der))
        };
        let error = TlsConfig::with_policy(&PLATFORM, &policy).expect_err("no list");
        assert_eq!(error.kind, Kind::InvalidRequest);
    }
}

#[test]
fn a_clock_that_is_not_set() {
    let root = root();
    let mut policy = Policy::new(Roots::Only(&root.der));
    let server = || leaf(params(HOST), &root, &[]);
    let year = Duration::from_secs(365 * 24 * 3600);
    WALL.set(Duration::from_secs(1));
    policy.clock = ClockPolicy::Strict(NOW - year);
    expect(
        handshake(server(), &policy),
        Kind::TlsInternal,
        "the wall clock is not set",
    );
    policy.clock = ClockPolicy::Floor(NOW - year);
    handshake(server(), &policy).expect("good at the floor");
    policy.clock = ClockPolicy::Floor(NOW + 10 * year);
    expect(
        handshake(server(), &policy),
        Kind::CertificateExpired,
        "the certificate has expired",
    );
    WALL.set(NOW);
    policy.clock = ClockPolicy::Strict(NOW - year);
    handshake(server(), &policy).expect("a clock that is right");
    WALL.set(Duration::ZERO);
    policy.clock = ClockPolicy::Floor(Duration::ZERO);
    expect(
        handshake(server(), &policy),
        Kind::TlsInternal,
        "the wall clock is not set",
    );
    WALL.set(NOW);
}

#[test]
fn names() {
    let root = root();
    let config = TlsConfig::new(&PLATFORM, Roots::Only(&root.der)).expect("a configuration");
    let judge = |names: &[&str], host: &str| {
        let mut params = params(HOST);
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().expect("ASCII")),
            })
            .collect();
        let leaf = leaf(params, &root, &[]);
        config.verify_chain(&leaf.chain[0], &[], Some(host), NOW)
    };
    for (name, host) in [
        ("example.test", "example.test"),
        ("example.test", "EXAMPLE.test"),
        ("Example.TEST", "example.test"),
        ("example.test", "example.test."),
        ("*.example.test", "a.example.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
    ] {
        judge(&["other.test", name], host).unwrap_or_else(|e| panic!("{name} {host}: {e}"));
    }
    for (name, host) in [
        ("example.test", "example.test.evil"),
        ("example.test", "a.example.test"),
        ("*.example.test", "example.test"),
        ("*.example.test", "a.b.example.test"),
        ("a*.example.test", "ab.example.test"),
        ("*.test", "example.test"),
        ("*", "test"),
        ("a.*.test", "a.b.test"),
        ("127.0.0.1", "127.0.0.2"),
        ("::1", "::2"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ] {
        let error = judge(&["other.test", name], host).expect_err(name);
        assert!(
            matches!(error.kind, Kind::NameMismatch | Kind::CertificateInvalid),
            "{name} {host}: {error}"
        );
    }
    for host in [
        "b\u{fc}cher.test",
        "example..test",
        "127.0.0.1.",
        "1.2.3",
        "",
    ] {
        let error = judge(&["example.test"], host).expect_err(host);
        assert_eq!(error.kind, Kind::InvalidUrl, "{host}");
    }
}

#[test]
fn policies_that_differ_are_not_equal() {
    let root = root();
    let base = Policy::new(Roots::Only(&root.der));
    let pins = [[1; 32]];
    let groups = [24];
    let policies = [
        base,
        Policy {
            pins: &pins,
            ..base
        },
        Policy {
            disallowed: &pins,
            ..base
        },
        Policy {
            revocation: Revocation::Soft(b""),
            ..base
        },
        Policy {
            revocation: Revocation::Hard(b""),
            ..base
        },
        Policy {
            clock: ClockPolicy::Strict(NOW),
            ..base
        },
        Policy {
            clock: ClockPolicy::Floor(NOW),
            ..base
        },
        Policy {
            require_purpose: true,
            ..base
        },
        Policy {
            max_intermediates: 1,
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                groups: &groups,
                ..base.protocol
            },
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                signatures: &[1027],
                ..base.protocol
            },
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                applications: &[b"http/1.1", b"x"],
                ..base.protocol
            },
            ..base
        },
    ];
    let configs: Vec<_> = policies
        .iter()
        .map(|policy| TlsConfig::with_policy(&PLATFORM, policy).expect("a configuration"))
        .collect();
    for (i, one) in configs.iter().enumerate() {
        for (j, other) in configs.iter().enumerate() {
            assert_eq!(one == other, i == j, "{i} {j}");
        }
    }
    let again = TlsConfig::with_policy(&PLATFORM, &policies[1]).expect("a configuration");
    assert_eq!(again, configs[1]);
}

#[test]
fn the_server_is_told_why() {
    let root = root();
    let config = TlsConfig::new(&PLATFORM, Roots::Only(&root.der)).expect("a configuration");
    let mut no_sign = ca("between");
    no_sign.key_usages = vec![KeyUsagePurpose::CrlSign];
    let no_sign = node(no_sign, Some(&root));
    let wrong = leaf(params(HOST), &no_sign, &[&no_sign]);
    let error = refused(Echo::new(wrong.any_server()), &config, HOST);
    assert_eq!(error.kind, Kind::CertificateInvalid);
    assert!(error.status() < 0);
}
