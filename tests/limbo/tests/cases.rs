//! The tool on a collection made here: each kind of line, and what the policy makes of odd chains.
#![allow(missing_docs)]

use std::fs;
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};

const NAME: &str = "example.test";

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str, above: Option<&Authority>, usages: &[KeyUsagePurpose]) -> Authority {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = usages.to_vec();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = match above {
        None => params.self_signed(&key),
        Some(above) => params.signed_by(&key, &above.issuer),
    };
    Authority {
        pem: certificate.expect("a certificate").pem(),
        issuer: Issuer::new(params, key),
    }
}

fn leaf(above: &Authority, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params.serial_number = Some(SerialNumber::from(4711_u64));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    params.signed_by(&key, &above.issuer).expect("a leaf").pem()
}

fn case(id: &str, root: &Authority, others: &[&Authority], leaf: &str, expected: &str) -> Value {
    json!({
        "id": id,
        "conflicts_with": [],
        "features": [],
        "importance": "undetermined",
        "description": "",
        "validation_kind": "SERVER",
        "trusted_certs": [root.pem],
        "untrusted_intermediates": others.iter().map(|one| &one.pem).collect::<Vec<_>>(),
        "peer_certificate": leaf,
        "peer_certificate_key": null,
        "validation_time": "2026-01-01T00:00:00Z",
        "signature_algorithms": [],
        "key_usage": [],
        "extended_key_usage": ["serverAuth"],
        "expected_result": expected,
        "expected_peer_name": {"kind": "DNS", "value": NAME},
        "expected_peer_names": [],
        "max_chain_depth": null,
        "crls": [],
    })
}

/// The tool's lines for `cases`, and whether it ends with success under --check.
fn run(file: &str, cases: &[Value]) -> (Vec<String>, bool) {
    let path = std::env::temp_dir().join(format!("{file}-{}.json", std::process::id()));
    let collection = json!({"version": 1, "testcases": cases});
    fs::write(&path, collection.to_string()).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_wskhttp-limbo"))
        .arg("--check")
        .arg(&path)
        .output()
        .expect("run");
    fs::remove_file(&path).expect("removed");
    let text = String::from_utf8(output.stdout).expect("text");
    (
        text.lines().map(str::to_owned).collect(),
        output.status.success(),
    )
}

#[test]
fn verdicts() {
    let root = authority("root", None, &[]);
    let signer = authority("signer", Some(&root), &[KeyUsagePurpose::KeyCertSign]);
    let other = authority("other", Some(&root), &[KeyUsagePurpose::DigitalSignature]);
    let server = leaf(&signer, |_| {});
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2025, 12, 1),
        next_update: date_time_ymd(2026, 12, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(4711_u64),
            revocation_time: date_time_ymd(2025, 11, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let crl_signer = authority(
        "crl signer",
        Some(&root),
        &[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
    );
    let revoked = leaf(&crl_signer, |_| {});
    let list = list.signed_by(&crl_signer.issuer).expect("a list");
    let with = |mut case: Value, field: &str, value: Value| {
        case[field] = value;
        case
    };
    let cases = [
        case("good", &root, &[&signer], &server, "SUCCESS"),
        case("no-issuer", &root, &[], &server, "FAILURE"),
        case(
            "no-key-cert-sign",
            &root,
            &[&other],
            &leaf(&other, |_| {}),
            "FAILURE",
        ),
        with(
            case("other-name", &root, &[&signer], &server, "FAILURE"),
            "expected_peer_name",
            json!({"kind": "IP", "value": "127.0.0.1"}),
        ),
        with(
            case("no-name", &root, &[&signer], &server, "SUCCESS"),
            "expected_peer_name",
            Value::Null,
        ),
        with(
            case("late", &root, &[&signer], &server, "FAILURE"),
            "validation_time",
            json!("2031-01-01T00:00:00Z"),
        ),
        with(
            case("too-deep", &root, &[&signer], &server, "FAILURE"),
            "max_chain_depth",
            json!(0),
        ),
        with(
            case("revoked", &root, &[&crl_signer], &revoked, "FAILURE"),
            "crls",
            json!([list.pem().expect("PEM")]),
        ),
        with(
            case("listed-by-another", &root, &[&signer], &server, "SUCCESS"),
            "crls",
            json!([list.pem().expect("PEM")]),
        ),
        case(
            "no-purpose",
            &root,
            &[&signer],
            &leaf(&signer, |params| params.extended_key_usages.clear()),
            "SUCCESS",
        ),
        with(
            case("client", &root, &[&signer], &server, "SUCCESS"),
            "validation_kind",
            json!("CLIENT"),
        ),
    ];
    let (lines, success) = run("verdicts", &cases);
    assert_eq!(
        lines,
        [
            "good: accept",
            "no-issuer: reject: the certificate's issuer is not trusted, and the server sent nothing that leads to one that is (UnknownIssuer)",
            "no-key-cert-sign: reject: an issuing certificate's keyUsage does not allow it to sign certificates (CertificateInvalid)",
            "other-name: reject: the certificate is for another host name (NameMismatch)",
            "no-name: accept",
            "late: reject: the certificate has expired (CertificateExpired)",
            "too-deep: reject: the certificate chain is too long (CertificateInvalid)",
            "revoked: reject: the certificate was revoked (CertificateRevoked)",
            "listed-by-another: accept",
            "no-purpose: accept",
            "client: skip: a client's chain; this is a client, and verifies servers",
            "11 cases: 10 as expected, 0 not (0 accepted where FAILURE is expected, 0 rejected where SUCCESS is), 1 skipped",
        ]
    );
    assert!(success);
}

#[test]
fn what_is_not_expected_is_said() {
    let root = authority("root", None, &[]);
    let server = leaf(&root, |_| {});
    let cases = [
        case("a", &root, &[], &server, "FAILURE"),
        case("b", &authority("none", None, &[]), &[], &server, "SUCCESS"),
    ];
    let (lines, success) = run("unexpected", &cases);
    assert_eq!(lines[0], "a: accept  [expected FAILURE]");
    assert!(lines[1].ends_with("(UnknownIssuer)  [expected SUCCESS]"));
    assert_eq!(
        lines[2],
        "2 cases: 0 as expected, 2 not (1 accepted where FAILURE is expected, 1 rejected where SUCCESS is), 0 skipped"
    );
    assert!(!success);
}
