//! The authority, and the servers of its.

use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, PublicKeyData, RevokedCertParams, SerialNumber,
};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use super::hybrid::hybrid;
use super::ocsp::{self, Staple};
use super::roles::{Ed25519, Kept, Now, One, Only};
use super::{Kind, PLATFORM};

/// The certificate authority, DER.
pub(crate) fn root() -> Vec<u8> {
    PKI.root.to_vec()
}

/// What a test of TLS wants to know of the authority and of the server's certificate.
pub(crate) struct Papers {
    /// The server's certificate, DER.
    pub(crate) leaf: Vec<u8>,
    /// The SHA-256 digest of the server's public key.
    pub(crate) pin: [u8; 32],
    /// A revocation list of the authority's that tells of everything and has nothing on it, DER.
    pub(crate) clean_list: Vec<u8>,
    /// One that has the server's certificate.
    pub(crate) list: Vec<u8>,
    /// A root of another name, and the authority as that root signs it, DER.
    pub(crate) crossed: (Vec<u8>, Vec<u8>),
    /// A client's certificate of the authority's, DER, and its key, PKCS#8.
    pub(crate) client: (Vec<u8>, Vec<u8>),
}

pub(crate) fn papers() -> &'static Papers {
    &PKI.papers
}

/// The server of a kind.
pub(super) fn server(kind: Kind) -> Arc<ServerConfig> {
    Arc::clone(match kind {
        Kind::Plain => &PKI.server,
        Kind::Resuming => &PKI.resuming,
        Kind::Stapling => &PKI.stapling,
        Kind::Revoked => &PKI.revoked,
        Kind::Mutual => &PKI.mutual,
    })
}

/// The plain server with other certificates, of which the first is for [`key`] 2.
pub(crate) fn serving(chain: Vec<CertificateDer<'static>>) -> Arc<ServerConfig> {
    let mut server = (*PKI.server).clone();
    let certified = CertifiedKey::new(chain, Arc::new(Ed25519(seed(2))));
    server.cert_resolver = Arc::new(One(Arc::new(certified)));
    Arc::new(server)
}

struct Pki {
    root: CertificateDer<'static>,
    server: Arc<ServerConfig>,
    resuming: Arc<ServerConfig>,
    stapling: Arc<ServerConfig>,
    revoked: Arc<ServerConfig>,
    mutual: Arc<ServerConfig>,
    papers: Papers,
}

static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let (root_key, leaf_key) = (key(1), key(2));
    let mut root = params("ntsim's authority", 1);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = root.self_signed(&root_key).expect("a certificate");
    let other_key = key(4);
    let mut other = params("another authority", 4);
    other.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let other_root = other.self_signed(&other_key).expect("a certificate");
    let crossed = root
        .signed_by(&root_key, &Issuer::new(other, other_key))
        .expect("a certificate");
    let issuer = Issuer::new(root, root_key);
    let mut leaf = params("localhost", 2);
    leaf.subject_alt_names = vec![rcgen::SanType::DnsName(
        "localhost".try_into().expect("ASCII"),
    )];
    let leaf = leaf.signed_by(&leaf_key, &issuer).expect("a certificate");
    let client_key = key(3);
    let client = params("a client", 3)
        .signed_by(&client_key, &issuer)
        .expect("a certificate");
    let papers = Papers {
        leaf: leaf.der().to_vec(),
        pin: Sha256::digest(leaf_key.subject_public_key_info()).into(),
        clean_list: revocation_list(&issuer, None),
        list: revocation_list(&issuer, Some(2)),
        crossed: (other_root.der().to_vec(), crossed.der().to_vec()),
        client: (client.der().to_vec(), client_key.serialize_der()),
    };
    let certified = CertifiedKey::new(vec![leaf.into()], Arc::new(Ed25519(seed(2))));
    let stapling = |status: &[u8]| {
        let mut staple = Staple::good("ntsim's authority", issuer.key(), &[2]);
        staple.status = status.to_vec();
        staple.this_update = "20250101000000Z";
        staple.next_update = Some("20400101000000Z");
        let mut certified = certified.clone();
        certified.ocsp = Some(staple.der());
        Arc::new(One(Arc::new(certified)))
    };
    let (good, revoked) = (stapling(ocsp::GOOD), stapling(&ocsp::revoked()));
    let resolver = Arc::new(One(Arc::new(certified)));
    let mut provider = wskhttp_tls::crypto::provider(&PLATFORM);
    let hybrid = hybrid(|| wskhttp_tls::crypto::provider(&PLATFORM));
    provider.kx_groups.push(hybrid);
    let provider = Arc::new(provider);
    let builder = || {
        ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Now))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("known versions")
    };
    let mut server = builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&resolver) as _);
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    let mut resuming = server.clone();
    resuming.session_storage = Arc::new(Kept::default());
    let stapling = |resolver| {
        let mut stapling = server.clone();
        stapling.cert_resolver = resolver;
        Arc::new(stapling)
    };
    let (stapling, revoked) = (stapling(good), stapling(revoked));
    let mut mutual = builder()
        .with_client_cert_verifier(Arc::new(Only(papers.client.0.clone())))
        .with_cert_resolver(resolver);
    mutual.alpn_protocols = server.alpn_protocols.clone();
    mutual.session_storage = Arc::new(NoServerSessionStorage {});
    Pki {
        root: certificate.into(),
        server: Arc::new(server),
        resuming: Arc::new(resuming),
        stapling,
        revoked,
        mutual: Arc::new(mutual),
        papers,
    }
});

const fn seed(number: u8) -> [u8; 32] {
    [number; 32]
}

/// An Ed25519 key in PKCS #8 (RFC 8410 section 7): its signatures have all the same length.
pub(crate) fn key(number: u8) -> KeyPair {
    let mut pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    pkcs8.extend(seed(number));
    let der = PrivatePkcs8KeyDer::from(pkcs8);
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519).expect("a key")
}

pub(crate) fn params(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    params.serial_number = Some(SerialNumber::from(serial));
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A list of `issuer`'s that has the certificate `serial`, if any.
pub(crate) fn revocation_list(issuer: &Issuer<'_, KeyPair>, serial: Option<u64>) -> Vec<u8> {
    let revoked = |serial| RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: rcgen::date_time_ymd(2025, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2025, 6, 1),
        next_update: rcgen::date_time_ymd(2040, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: serial.map(revoked).into_iter().collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).expect("a list").der().to_vec()
}
