//! Chains: their length, what they cost, where they lead.

use rcgen::{BasicConstraints, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SanType};
use wskhttp_core::io::Kind;
use wskhttp_tls::{Policy, Roots, TlsConfig};

use crate::support::certificates::params;
use crate::support::platform::PLATFORM;
use crate::support::wire::Echo;
use crate::support::{HOST, refused};

use super::{Node, ca, expect, handshake, leaf, node, root};

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
fn what_a_server_left_out_may_be_known() {
    let root = root();
    let upper = node(ca("upper"), Some(&root));
    let lower = node(ca("lower"), Some(&upper));
    let known = [&*lower.der, &*upper.der].concat();
    let mut policy = Policy::new(Roots::Only(&root.der));
    policy.intermediates = &known;
    handshake(leaf(params(HOST), &lower, &[]), &policy).expect("both are known");
    handshake(leaf(params(HOST), &lower, &[&lower]), &policy).expect("the upper one is known");
    policy.intermediates = &upper.der;
    expect(
        handshake(leaf(params(HOST), &lower, &[]), &policy),
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted, and the server sent nothing that leads to one that is",
    );
    // What is known is held to the same rules.
    let mut no_sign = ca("no signer");
    no_sign.key_usages = vec![KeyUsagePurpose::CrlSign];
    let no_sign = node(no_sign, Some(&root));
    policy.intermediates = &no_sign.der;
    expect(
        handshake(leaf(params(HOST), &no_sign, &[]), &policy),
        Kind::CertificateInvalid,
        "an issuing certificate's keyUsage does not allow it to sign certificates",
    );
    policy.intermediates = b"none";
    assert!(TlsConfig::with_policy(&PLATFORM, &policy).is_err());
}

/// As a built-in root is disallowed, of which there is no certificate.
#[test]
fn a_root_whose_key_is_disallowed() {
    let (root, other) = (root(), node(ca("other"), None));
    let key = |node: &Node| {
        let blob = [
            &32_u32.to_le_bytes()[..],
            &1_u32.to_le_bytes(),
            &u32::try_from(node.der.len()).expect("short").to_le_bytes(),
            &node.der,
        ]
        .concat();
        let stored = wskhttp_tls::StoredCertificate::parse(&blob).expect("a certificate");
        stored.root_key()
    };
    let between = node(ca("between"), Some(&root));
    assert_eq!(key(&between), None, "it is no root");
    let keys = [key(&root), key(&other)].map(|key| key.expect("a root"));
    let mut policy = Policy::new(Roots::Only(&root.der));
    policy.disallowed_keys = &keys[1..];
    handshake(leaf(params(HOST), &root, &[]), &policy).expect("another root is disallowed");
    policy.disallowed_keys = &keys;
    expect(
        handshake(leaf(params(HOST), &between, &[&between]), &policy),
        Kind::CertificateInvalid,
        "the certificate or an authority of it is on the list of disallowed ones",
    );
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
