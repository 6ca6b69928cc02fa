//! What judging a hostile chain costs: signatures that are checked, counted.

use std::cell::Cell;

use rcgen::{CertificateRevocationListParams, KeyIdMethod, SerialNumber, date_time_ymd};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
};
use wskhttp_core::io::Error;
use wskhttp_tls::crypto::Set;
use wskhttp_tls::{Platform, Policy, Revocation, Roots, TlsConfig};

use crate::support::HOST;
use crate::support::certificates::params;
use crate::support::platform::{NOW, PLATFORM, random, unix_time};

use super::{Node, ca, leaf, node, root};

/// Most signatures that a server's certificates may cost; as many again with the authorities that the
/// policy knows.
const MOST: usize = 24;

thread_local! {
    static CHECKED: Cell<usize> = const { Cell::new(0) };
}

/// The platform of all tests, but that signatures of certificates are counted.
static COUNTING: Platform = Platform::new(random, unix_time).with_crypto(counting);

fn counting(_: &'static Platform) -> Result<Set, Error> {
    let mut set = crate::set(&PLATFORM)?;
    let algorithms = &mut set.provider.signature_verification_algorithms;
    let counted = algorithms.all.iter().map(|&algorithm| {
        let counted: &'static Counted = Box::leak(Box::new(Counted(algorithm)));
        counted as &dyn SignatureVerificationAlgorithm
    });
    *algorithms = WebPkiSupportedAlgorithms {
        all: Vec::leak(counted.collect()),
        mapping: algorithms.mapping,
    };
    Ok(set)
}

#[derive(Debug)]
struct Counted(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Counted {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        CHECKED.set(CHECKED.get() + 1);
        self.0.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

/// How many signatures were checked, and whether the chain is good.
fn cost(policy: &Policy<'_>, chain: &[CertificateDer<'_>]) -> (usize, Result<(), Error>) {
    let config = TlsConfig::with_policy(&COUNTING, policy).expect("a configuration");
    CHECKED.set(0);
    let others: Vec<&[u8]> = chain[1..].iter().map(|der| &**der).collect();
    let done = config.verify_chain(&chain[0], &others, Some(HOST), NOW);
    (CHECKED.get(), done)
}

#[test]
fn an_honest_chain_costs_its_length() {
    let mut nodes = vec![root()];
    for number in 0..6 {
        let above = nodes.last().expect("a root");
        nodes.push(node(ca(&format!("{number}")), Some(above)));
    }
    let others: Vec<&Node> = nodes[1..].iter().rev().collect();
    let leaf = leaf(params(HOST), &nodes[6], &others);
    let (cost, done) = cost(&Policy::new(Roots::Only(&nodes[0].der)), &leaf.chain);
    done.expect("it is good");
    assert_eq!(cost, 7);
}

#[test]
fn a_hostile_chain_costs_no_more_than_its_bound() {
    // All have one name, so that each could have issued each: twelve that the server sends, twelve that
    // the policy knows, and roots. No path is good.
    let base = node(ca("same"), None);
    let mesh: Vec<Node> = (0..12).map(|_| node(ca("same"), Some(&base))).collect();
    let known: Vec<u8> = (0..12)
        .flat_map(|_| node(ca("same"), Some(&base)).der.to_vec())
        .collect();
    let roots: Vec<u8> = (0..8)
        .flat_map(|_| node(ca("same"), None).der.to_vec())
        .collect();
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 6, 1),
        next_update: date_time_ymd(2027, 6, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&base.issuer).expect("a list");
    let others: Vec<&Node> = mesh.iter().collect();
    let leaf = leaf(params(HOST), &base, &others);
    for revocation in [Revocation::Off, Revocation::Soft(list.der())] {
        let mut policy = Policy::new(Roots::Only(&roots));
        policy.revocation = revocation;
        let (sent, done) = cost(&policy, &leaf.chain);
        done.expect_err("no path is good");
        policy.intermediates = &known;
        let (both, done) = cost(&policy, &leaf.chain);
        done.expect_err("no path is good");
        println!("{sent} signatures, {both} with known authorities");
        assert!((1..=MOST).contains(&sent), "{sent}");
        assert!((1..=2 * MOST).contains(&both), "{both}");
    }
}
