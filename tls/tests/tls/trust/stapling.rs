//! Stapled OCSP responses.

use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use wskhttp_core::io::{Error, Kind};
use wskhttp_tls::{Policy, Revocation, Roots, Stapling, TlsConfig};

use crate::support::certificates::{Leaf, params};
use crate::support::ocsp::{Staple, UNKNOWN, common_name, extension, revoked};
use crate::support::platform::{NOW, PLATFORM};
use crate::support::wire::{Echo, Wire};
use crate::support::{HOST, connect, run, target};

use super::{Node, ca, expect, leaf, node, root};

const SERIAL: &[u8] = &[0x12, 0x67];

fn numbered(above: &Node, others: &[&Node]) -> Leaf {
    let mut params = params(HOST);
    params.serial_number = Some(SerialNumber::from_slice(SERIAL));
    leaf(params, above, others)
}

fn policy(root: &Node, stapling: Stapling) -> Policy<'_> {
    Policy {
        stapling,
        ..Policy::new(Roots::Only(&root.der))
    }
}

/// What `leaf` with `staple` comes to when the policy wants a response.
fn judge(leaf: &Leaf, staple: &[u8], root: &Node) -> Result<(), Error> {
    let config = TlsConfig::with_policy(&PLATFORM, &policy(root, Stapling::Hard));
    let (own, others) = leaf.chain.split_first().expect("a leaf");
    let others: Vec<&[u8]> = others.iter().map(AsRef::as_ref).collect();
    let config = config.expect("a configuration");
    config.verify_stapled(own, &others, staple, Some(HOST), NOW)
}

#[test]
fn what_is_said() {
    let root = root();
    let server = numbered(&root, &[]);
    let key = root.issuer.key();
    let good = Staple::good("root", key, SERIAL);
    judge(&server, &good.der(), &root).expect("good");
    let with = |change: fn(&mut Staple<'_>)| {
        let mut staple = good.clone();
        change(&mut staple);
        judge(&server, &staple.der(), &root)
    };
    with(|s| s.sha256 = true).expect("named by SHA-256");
    with(|s| s.signer_name = Some(common_name("root"))).expect("signed by name");
    with(|s| s.this_update = "20260101000500Z").expect("a clock that is a little ahead");
    with(|s| s.next_update = Some("20260101000000Z")).expect("just in date");
    with(|s| s.extensions = extension(false)).expect("an extension like a nonce");
    with(|s| s.single_extensions = extension(false)).expect("an extension of one response");
    type Change = fn(&mut Staple<'_>);
    let malformed = "the stapled OCSP response is malformed";
    let foreign = "the stapled OCSP response tells of another certificate";
    let expired = "the stapled OCSP response has expired";
    let nobody =
        "the stapled OCSP response is of nobody whom the certificate's issuer has authorised";
    let ways: [(Change, &str); 12] = [
        (
            |s| s.status = UNKNOWN.to_vec(),
            "the stapled OCSP response does not know the certificate",
        ),
        (|s| s.status = vec![0x81, 0], malformed),
        (|s| s.serial = vec![0x12, 0x68], foreign),
        (|s| s.serial = vec![0, 0x12, 0x67], foreign),
        (|s| s.issuer.0 = common_name("other"), foreign),
        (
            |s| s.this_update = "20260101000501Z",
            "the stapled OCSP response is not valid yet",
        ),
        (|s| s.next_update = Some("20251231235959Z"), expired),
        (|s| s.next_update = None, expired),
        (|s| s.this_update = "2025123100Z", malformed),
        (|s| s.extensions = extension(true), malformed),
        (|s| s.single_extensions = extension(true), malformed),
        (|s| s.signer_name = Some(common_name("other")), nobody),
    ];
    for (change, cause) in ways {
        expect(with(change), Kind::RevocationUnknown, cause);
    }
    expect(
        with(|s| s.status = revoked()),
        Kind::CertificateRevoked,
        "the certificate was revoked, by the stapled OCSP response",
    );
    // Another's signature under the authority's name.
    let other = KeyPair::generate().expect("a key");
    let mut forged = good.clone();
    forged.signer = &other;
    forged.signer_name = Some(common_name("root"));
    let wrong = "the signature of the stapled OCSP response is wrong";
    let done = judge(&server, &forged.der(), &root);
    expect(done, Kind::RevocationUnknown, wrong);
    // The authority's other key of the same name.
    forged.issuer.1 = &other;
    let done = judge(&server, &forged.der(), &root);
    expect(done, Kind::RevocationUnknown, foreign);
    for failure in 1..=6 {
        let done = judge(&server, &[0x30, 3, 10, 1, failure], &root);
        let failed = "the stapled OCSP response says that its responder failed";
        expect(done, Kind::RevocationUnknown, failed);
    }
    let done = judge(&server, &vec![0x30; 20_000], &root);
    let large = "the stapled OCSP response is too large";
    expect(done, Kind::RevocationUnknown, large);
}

/// A certificate that may sign responses, with a change.
fn responder(above: &Node, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = params("responder.test");
    params
        .distinguished_name
        .push(DnType::CommonName, "responder");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    change(&mut params);
    let signed = params.signed_by(key, &above.issuer);
    signed.expect("a certificate").der().to_vec()
}

#[test]
fn who_says_it() {
    let root = root();
    let between = node(ca("between"), Some(&root));
    let server = numbered(&between, &[&between]);
    let key = KeyPair::generate().expect("a key");
    let mut staple = Staple::good("between", between.issuer.key(), SERIAL);
    judge(&server, &staple.der(), &root).expect("signed by the issuer");
    staple.signer = &key;
    let nobody =
        "the stapled OCSP response is of nobody whom the certificate's issuer has authorised";
    let done = judge(&server, &staple.der(), &root);
    expect(done, Kind::RevocationUnknown, nobody);
    let mut by = |certificates: Vec<Vec<u8>>| {
        staple.certificates = certificates;
        judge(&server, &staple.der(), &root)
    };
    let good = responder(&between, &key, |_| {});
    by(vec![good.clone()]).expect("authorised");
    by(vec![between.der.to_vec(), good.clone()]).expect("authorised, beside another");
    let wrong: [Vec<u8>; 8] = [
        // Of the root, which is not the certificate's issuer.
        responder(&root, &key, |_| {}),
        responder(&between, &key, |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        responder(&between, &key, |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        responder(&between, &key, |p| p.extended_key_usages.clear()),
        responder(&between, &key, |p| p.not_after = date_time_ymd(2025, 1, 1)),
        responder(&between, &key, |p| {
            p.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        }),
        responder(&between, &key, |p| {
            p.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)
        }),
        // Its own issuer.
        {
            let mut params = params("responder.test");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
            params
                .self_signed(&key)
                .expect("a certificate")
                .der()
                .to_vec()
        },
    ];
    for certificate in wrong {
        expect(by(vec![certificate]), Kind::RevocationUnknown, nobody);
    }
    // Behind more certificates than are looked at.
    let mut many = vec![between.der.to_vec(); 4];
    many.push(good);
    expect(by(many), Kind::RevocationUnknown, nobody);
}

#[test]
fn no_byte_can_be_changed() {
    let root = root();
    let server = numbered(&root, &[]);
    let key = KeyPair::generate().expect("a key");
    let mut staple = Staple::good("root", root.issuer.key(), SERIAL);
    let own = staple.der();
    staple.signer = &key;
    staple.signer_name = Some(common_name("responder"));
    staple.certificates = vec![responder(&root, &key, |_| {})];
    for der in [own, staple.der()] {
        judge(&server, &der, &root).expect("good");
        for place in 0..der.len() {
            for change in [1, 0x80] {
                let mut changed = der.clone();
                changed[place] ^= change;
                assert!(judge(&server, &changed, &root).is_err(), "byte {place}");
            }
            assert!(
                judge(&server, &der[..place], &root).is_err(),
                "cut at {place}"
            );
        }
        let more = [&der[..], &[0]].concat();
        assert!(judge(&server, &more, &root).is_err(), "more behind it");
    }
}

/// Shakes hands with a server of `leaf` that staples `staple`.
fn handshake(leaf: Leaf, staple: &[u8], policy: &Policy<'_>) -> Vec<Result<(), Error>> {
    let key = ring::sign::any_supported_type(&leaf.key).expect("a key");
    let mut certified = CertifiedKey::new(leaf.chain, key);
    certified.ocsp = (!staple.is_empty()).then(|| staple.to_vec());
    let resolver = std::sync::Arc::new(SingleCertAndKey::from(certified));
    let config = TlsConfig::with_policy(&PLATFORM, policy).expect("a configuration");
    [&rustls::version::TLS12, &rustls::version::TLS13]
        .map(|version| {
            let server = ServerConfig::builder_with_provider(ring::default_provider().into())
                .with_protocol_versions(&[version])
                .expect("versions")
                .with_no_client_auth()
                .with_cert_resolver(resolver.clone());
            let wire = Wire::new(Echo::new(server.into()));
            run(connect(wire, &config, target(HOST))).0.map(drop)
        })
        .into()
}

#[test]
fn policies() {
    let root = root();
    let staple = Staple::good("root", root.issuer.key(), SERIAL);
    let bad = Staple {
        status: revoked(),
        ..staple.clone()
    };
    let (good, bad) = (staple.der(), bad.der());
    let plain = || numbered(&root, &[]);
    let demanding = || {
        let mut params = params(HOST);
        params.serial_number = Some(SerialNumber::from_slice(SERIAL));
        let feature = CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 5, 5, 7, 1, 24],
            vec![0x30, 3, 2, 1, 5],
        );
        params.custom_extensions.push(feature);
        leaf(params, &root, &[])
    };
    let missing =
        "the server stapled no OCSP response, and the policy or the certificate wants one";
    let revoked = "the certificate was revoked, by the stapled OCSP response";
    use Stapling::{Hard, Off, Soft};
    type Case<'a> = (Leaf, &'a [u8], Stapling, Option<(Kind, &'a str)>);
    let cases: [Case<'_>; 10] = [
        (plain(), &good, Off, None),
        (plain(), &bad, Off, None),
        (plain(), b"", Off, None),
        (demanding(), b"", Off, None),
        (plain(), b"", Soft, None),
        (demanding(), &good, Soft, None),
        (
            plain(),
            &bad,
            Soft,
            Some((Kind::CertificateRevoked, revoked)),
        ),
        (
            demanding(),
            b"",
            Soft,
            Some((Kind::RevocationUnknown, missing)),
        ),
        (plain(), &good, Hard, None),
        (plain(), b"", Hard, Some((Kind::RevocationUnknown, missing))),
    ];
    for (leaf, staple, stapling, refused) in cases {
        for done in handshake(leaf, staple, &policy(&root, stapling)) {
            match refused {
                None => done.expect("good"),
                Some((kind, cause)) => expect(done, kind, cause),
            }
        }
    }
    // Revocation lists hold for responders, too.
    let empty = Policy {
        revocation: Revocation::Hard(b""),
        ..policy(&root, Soft)
    };
    for done in handshake(plain(), &good, &empty) {
        assert_eq!(done.expect_err("no list").kind, Kind::RevocationUnknown);
    }
}

/// Responses of OpenSSL's responder, which has its own mind about their form and its own clock.
#[test]
fn responses_of_openssl() {
    let root = root();
    let server = numbered(&root, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("ca.pem", &root.pem);
    write("ca.key", &root.issuer.key().serialize_pem());
    std::fs::write(folder.path().join("leaf.der"), &server.chain[0]).expect("written");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let ask = |index: &str, arguments: &[&str]| {
        write("index.txt", index);
        let output = std::process::Command::new("openssl")
            .args([
                "ocsp",
                "-index",
                "index.txt",
                "-CA",
                "ca.pem",
                "-issuer",
                "ca.pem",
            ])
            .args(["-rsigner", "ca.pem", "-rkey", "ca.key", "-noverify"])
            .args(arguments)
            .args(["-respout", "response.der"])
            .current_dir(folder.path())
            .output()
            .expect("openssl");
        assert!(output.status.success(), "{output:?}");
        let staple = std::fs::read(folder.path().join("response.der")).expect("a response");
        let config = TlsConfig::with_policy(&PLATFORM, &policy(&root, Stapling::Hard));
        let config = config.expect("a configuration");
        config.verify_stapled(&server.chain[0], &[], &staple, Some(HOST), now)
    };
    let listed = |status: &str| format!("{status}\t1267\tunknown\t/CN=server\n");
    let good = listed("V\t300101000000Z\t");
    let bad = listed("R\t300101000000Z\t251101000000Z,keyCompromise");
    for by in [&["-sha1"], &["-sha256"]] {
        let cert = ["-cert", "leaf.der", "-ndays", "7"];
        let arguments = [&by[..], &cert].concat();
        ask(&good, &arguments).expect("good");
        expect(
            ask(&bad, &arguments),
            Kind::CertificateRevoked,
            "the certificate was revoked, by the stapled OCSP response",
        );
        expect(
            ask("", &arguments),
            Kind::RevocationUnknown,
            "the stapled OCSP response does not know the certificate",
        );
        ask(
            &good,
            &[&arguments[..], &["-resp_key_id", "-resp_no_certs"]].concat(),
        )
        .expect("good, by key");
    }
    expect(
        ask(&good, &["-cert", "leaf.der"]),
        Kind::RevocationUnknown,
        "the stapled OCSP response has expired",
    );
}
