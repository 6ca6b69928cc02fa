//! Certificates that are no good.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ED25519, SanType, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use wskhttp_client::{Kind, Revocation, TlsOptions};

use super::ask;
use crate::support;
use crate::support::tls::{TlsStream, key, params, revocation_list, serving};

#[path = "../../../../../tls/tests/tls/support/rsa.rs"]
mod rsa;

/// An authority.
struct Authority {
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(params: CertificateParams, above: Option<&Self>) -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let certificate = match above {
            None => params.self_signed(&key),
            Some(above) => params.signed_by(&key, &above.issuer),
        };
        Self {
            der: certificate.expect("a certificate").into(),
            issuer: Issuer::new(params, key),
        }
    }

    fn root() -> Self {
        Self::new(authority("root"), None)
    }

    /// The certificate of a server.
    fn issue(&self, params: &CertificateParams) -> CertificateDer<'static> {
        let certificate = params.signed_by(&key(2), &self.issuer);
        certificate.expect("a certificate").into()
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// What a good server's certificate says.
fn good() -> CertificateParams {
    let mut params = params("localhost", 2);
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().expect("ASCII"))];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// What comes of a server with `chain`.
fn serve(
    chain: Vec<CertificateDer<'static>>,
    root: &Authority,
    tls: TlsOptions,
    expected: Result<(), (Kind, &'static str)>,
) {
    let server = serving(chain);
    let peer = move |stream| {
        // Errors are the client's doing.
        let _ = support::answer(TlsStream::with(stream, Arc::clone(&server)));
    };
    ask(peer, root.der.to_vec(), tls, expected);
}

/// A server whose certificate, of a trusted root, is changed.
fn leaf(change: impl FnOnce(&mut CertificateParams), kind: Kind, cause: &'static str) {
    let root = Authority::root();
    let mut params = good();
    change(&mut params);
    serve(
        vec![root.issue(&params)],
        &root,
        TlsOptions::new(),
        Err((kind, cause)),
    );
}

/// A server whose authority, below a trusted root, is changed.
fn between(change: impl FnOnce(&mut CertificateParams), cause: &'static str) {
    let root = Authority::root();
    let mut params = authority("between");
    change(&mut params);
    let between = Authority::new(params, Some(&root));
    let chain = vec![between.issue(&good()), between.der];
    let expected = Err((Kind::CertificateInvalid, cause));
    serve(chain, &root, TlsOptions::new(), expected);
}

/// What all others differ from.
#[test]
fn good_ones() {
    let root = Authority::root();
    let between = Authority::new(authority("between"), Some(&root));
    let chain = vec![root.issue(&good())];
    serve(chain, &root, TlsOptions::new(), Ok(()));
    let chain = vec![between.issue(&good()), between.der];
    serve(chain, &root, TlsOptions::new(), Ok(()));
}

#[test]
fn expired() {
    leaf(
        |p| p.not_after = date_time_ymd(2025, 1, 1),
        Kind::CertificateExpired,
        "the certificate has expired",
    );
}

#[test]
fn not_yet_valid() {
    leaf(
        |p| p.not_before = date_time_ymd(2039, 1, 1),
        Kind::CertificateNotYetValid,
        "the certificate is not valid yet",
    );
}

#[test]
fn wrong_host() {
    leaf(
        |p| {
            let other = "wrong.host.test".try_into().expect("ASCII");
            p.subject_alt_names = vec![SanType::DnsName(other)];
        },
        Kind::NameMismatch,
        "the certificate is for another host name",
    );
}

#[test]
fn self_signed() {
    let certificate = good().self_signed(&key(2)).expect("a certificate");
    let expected = Err((
        Kind::UnknownIssuer,
        "the certificate is self-signed, and is not trusted itself",
    ));
    let chain = vec![certificate.into()];
    serve(chain, &Authority::root(), TlsOptions::new(), expected);
}

#[test]
fn untrusted_root() {
    let other = Authority::new(authority("another root"), None);
    let chain = vec![other.issue(&good()), other.der];
    let expected = Err((
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted",
    ));
    serve(chain, &Authority::root(), TlsOptions::new(), expected);
}

#[test]
fn incomplete_chain() {
    let root = Authority::root();
    let between = Authority::new(authority("between"), Some(&root));
    let expected = Err((
        Kind::UnknownIssuer,
        "the certificate's issuer is not trusted, and the server sent nothing that leads to one that is",
    ));
    let chain = vec![between.issue(&good())];
    serve(chain, &root, TlsOptions::new(), expected);
}

#[test]
fn revoked() {
    let root = Authority::root();
    let list = revocation_list(&root.issuer, Some(2));
    let tls = TlsOptions::new().revocation_lists(&list, Revocation::Soft);
    let expected = Err((Kind::CertificateRevoked, "the certificate was revoked"));
    serve(vec![root.issue(&good())], &root, tls, expected);
}

#[test]
fn pinning() {
    let root = Authority::root();
    let expected = Err((
        Kind::PinMismatch,
        "no key in the certificate chain is a pinned one",
    ));
    let tls = TlsOptions::new().pin([7; 32]);
    serve(vec![root.issue(&good())], &root, tls, expected);
}

#[test]
fn rsa_of_1024_bits() {
    let root = Authority::root();
    let certificate = good().signed_by(&rsa::RsaKey::new(1024), &root.issuer);
    let expected = Err((
        Kind::CertificateInvalid,
        "the certificate's key is too weak or of an unknown kind",
    ));
    let chain = vec![certificate.expect("a certificate").into()];
    serve(chain, &root, TlsOptions::new(), expected);
}

#[test]
fn for_clients_only() {
    leaf(
        |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Kind::CertificateInvalid,
        "the certificate is not for a TLS server",
    );
}

#[test]
fn an_authority_that_is_none() {
    between(
        |p| p.is_ca = IsCa::ExplicitNoCa,
        "an issuing certificate is not that of an authority (CA:FALSE)",
    );
}

#[test]
fn an_authority_that_may_not_sign() {
    between(
        |p| p.key_usages = vec![KeyUsagePurpose::CrlSign],
        "an issuing certificate's keyUsage does not allow it to sign certificates",
    );
}

#[test]
fn name_constraints() {
    between(
        |p| {
            p.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".into())],
                excluded_subtrees: Vec::new(),
            });
        },
        "the certificate's names are outside of its authority's nameConstraints",
    );
}

/// A server below so many authorities, each of which has an extension of so many bytes.
fn tower(height: usize, bytes: usize, expected: Result<(), (Kind, &'static str)>) {
    let mut authorities = vec![Authority::root()];
    for number in 0..height {
        let mut params = authority(&format!("{number}"));
        let extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5; bytes]);
        params.custom_extensions.push(extension);
        authorities.push(Authority::new(params, authorities.last()));
    }
    let mut chain = vec![authorities[height].issue(&good())];
    let above = authorities[1..].iter().rev();
    chain.extend(above.map(|authority| authority.der.clone()));
    serve(chain, &authorities[0], TlsOptions::new(), expected);
}

#[test]
fn a_chain_that_is_too_long() {
    tower(6, 10, Ok(()));
    let cause = "the certificate chain is too long";
    tower(7, 10, Err((Kind::CertificateInvalid, cause)));
    let cause = "the server sent too many certificates";
    tower(13, 10, Err((Kind::CertificateInvalid, cause)));
}

#[test]
fn a_giant_chain() {
    tower(4, 10_000, Ok(()));
    let cause = "the server sent a handshake message that is too large";
    tower(4, 17_000, Err((Kind::TlsMisbehaved, cause)));
}
