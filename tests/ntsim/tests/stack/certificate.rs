//! Chains of every kind of key that the driver takes: root, intermediate, leaf.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SigningKey as _};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::support::tls::hybrid::hybrid;
use crate::support::tls::{Now, One, PLATFORM, params};

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Rsa, Self::P256, Self::P384, Self::Ed25519];

    fn key(self) -> KeyPair {
        let generated = match self {
            Self::Rsa => {
                let key = PrivatePkcs8KeyDer::from(RSA);
                KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_RSA_SHA256)
            }
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        };
        generated.expect("a key")
    }

    fn scheme(self) -> SignatureScheme {
        match self {
            Self::Rsa => SignatureScheme::RSA_PSS_SHA256,
            Self::P256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Self::P384 => SignatureScheme::ECDSA_NISTP384_SHA384,
            Self::Ed25519 => SignatureScheme::ED25519,
        }
    }
}

/// A chain whose keys are all of one kind.
pub(crate) struct Chain {
    kind: Kind,
    /// The root, DER.
    pub(crate) root: Vec<u8>,
    leaf: Arc<CertifiedKey>,
}

impl Chain {
    pub(crate) fn new(kind: Kind) -> Self {
        let authority = |name, serial| {
            let mut params = params(name, serial);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let (root_key, middle_key, leaf_key) = (kind.key(), kind.key(), kind.key());
        let root = authority("root", 1);
        let root_certificate = root.self_signed(&root_key).expect("a certificate");
        let root = Issuer::new(root, root_key);
        let middle = authority("intermediate", 2);
        let middle_certificate = middle.signed_by(&middle_key, &root).expect("a certificate");
        let middle = Issuer::new(middle, middle_key);
        let leaf = leaf().signed_by(&leaf_key, &middle).expect("a certificate");
        let key = Key {
            kind,
            key: Arc::new(leaf_key),
        };
        let chain = vec![leaf.into(), middle_certificate.into()];
        Self {
            kind,
            root: root_certificate.der().to_vec(),
            leaf: Arc::new(CertifiedKey::new(chain, Arc::new(key))),
        }
    }

    /// A server with this leaf that speaks `version` and, for the curves' sake, offers a key exchange
    /// of the leaf's own curve alone.
    pub(crate) fn server(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let group = match self.kind {
            Kind::P256 => rustls::NamedGroup::secp256r1,
            Kind::P384 => rustls::NamedGroup::secp384r1,
            Kind::Rsa | Kind::Ed25519 => rustls::NamedGroup::X25519,
        };
        self.server_of_group(version, group)
    }

    /// A server with this leaf that speaks `version` and offers a key exchange of `group` alone.
    pub(crate) fn server_of_group(
        &self,
        version: &'static SupportedProtocolVersion,
        group: rustls::NamedGroup,
    ) -> Arc<ServerConfig> {
        let mut provider = wskhttp_tls::crypto::provider(&PLATFORM);
        let hybrid = hybrid(|| wskhttp_tls::crypto::provider(&PLATFORM));
        provider.kx_groups.push(hybrid);
        provider.kx_groups.retain(|known| known.name() == group);
        let mut server = ServerConfig::builder_with_details(Arc::new(provider), Arc::new(Now))
            .with_protocol_versions(&[version])
            .expect("known versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(One(Arc::clone(&self.leaf))));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        Arc::new(server)
    }
}

fn leaf() -> CertificateParams {
    let mut leaf = params("localhost", 3);
    leaf.subject_alt_names = vec![rcgen::SanType::DnsName(
        "localhost".try_into().expect("ASCII"),
    )];
    leaf
}

#[derive(Clone, Debug)]
struct Key {
    kind: Kind,
    key: Arc<KeyPair>,
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&self.kind.scheme())
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.kind {
            Kind::Rsa => SignatureAlgorithm::RSA,
            Kind::P256 | Kind::P384 => SignatureAlgorithm::ECDSA,
            Kind::Ed25519 => SignatureAlgorithm::ED25519,
        }
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = || Error::General("no signature".into());
        if self.kind != Kind::Rsa {
            return self.key.sign(message).map_err(|_| failed());
        }
        let key = RsaKeyPair::from_pkcs8(RSA).map_err(|_| failed())?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(
            &RSA_PSS_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .map_err(|_| failed())?;
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.kind.scheme()
    }
}

/// A key for tests, used nowhere else. `ring` cannot make RSA keys.
const RSA: &[u8] = include_bytes!("../../../../tls/tests/data/rsa2048.pk8");
