//! A TLS server for the simulation. Key, certificates and randomness are the same in every run of a
//! seed, and so is every byte that it sends.

#[path = "../../../../tls/tests/tls/support/ocsp.rs"]
mod ocsp;

use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey as Key};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, PublicKeyData, RevokedCertParams, SerialNumber,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, StoresServerSessions,
    UnbufferedServerConnection,
};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::unbuffered::{ConnectionState, EncodeError};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureAlgorithm, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use sha2::{Digest, Sha256};
use wskhttp_ntsim::lot;
use wskhttp_tls::Platform;

use self::ocsp::Staple;

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

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing is kept, nothing is asked for.
    Plain,
    /// Sessions can be resumed.
    Resuming,
    /// What it staples says that its certificate is good.
    Stapling,
    /// What it staples says that its certificate was revoked.
    Revoked,
    /// A client has to have a certificate of the authority's.
    Mutual,
}

/// TLS over a connection to the client; the handshake is done by the first read.
pub(crate) struct TlsStream<S> {
    stream: S,
    connection: UnbufferedServerConnection,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    plain: Vec<u8>,
    closed: bool,
}

impl<S: Read + Write> TlsStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self::of_kind(stream, Kind::Plain)
    }

    pub(crate) fn of_kind(stream: S, kind: Kind) -> Self {
        let config = match kind {
            Kind::Plain => &PKI.server,
            Kind::Resuming => &PKI.resuming,
            Kind::Stapling => &PKI.stapling,
            Kind::Revoked => &PKI.revoked,
            Kind::Mutual => &PKI.mutual,
        };
        Self::with(stream, Arc::clone(config))
    }

    /// As another server.
    pub(crate) fn with(stream: S, server: Arc<ServerConfig>) -> Self {
        Self {
            stream,
            connection: UnbufferedServerConnection::new(server).expect("valid"),
            incoming: Vec::new(),
            outgoing: Vec::new(),
            plain: Vec::new(),
            closed: false,
        }
    }

    /// One round of rustls; true when it wants to hear more.
    fn process(&mut self, mut send: Option<&[u8]>) -> io::Result<bool> {
        let status = self.connection.process_tls_records(&mut self.incoming);
        let mut used = status.discard;
        let mut wants_more = false;
        let state = match status.state {
            Ok(state) => state,
            Err(error) => {
                self.alert();
                return Err(broken(error));
            }
        };
        match state {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(broken)?;
                    used += record.discard;
                    self.plain.extend(record.payload);
                }
            }
            ConnectionState::EncodeTlsData(mut data) => {
                let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
                    unreachable!("a record is not empty")
                };
                let start = self.outgoing.len();
                self.outgoing.resize(start + size.required_size, 0);
                data.encode(&mut self.outgoing[start..]).expect("it fits");
            }
            ConnectionState::TransmitTlsData(data) => {
                self.stream.write_all(&std::mem::take(&mut self.outgoing))?;
                data.done();
            }
            ConnectionState::WriteTraffic(mut traffic) => {
                wants_more = true;
                if let Some(plain) = send.take() {
                    let mut record = vec![0; plain.len() + 256];
                    let n = traffic.encrypt(plain, &mut record).expect("it fits");
                    self.stream.write_all(&record[..n])?;
                }
            }
            ConnectionState::BlockedHandshake => wants_more = true,
            ConnectionState::PeerClosed | ConnectionState::Closed => self.closed = true,
            _ => unreachable!("no other state"),
        }
        self.incoming.drain(..used);
        Ok(wants_more)
    }
}

impl<S: Read + Write> TlsStream<S> {
    /// Tells the client what is wrong, after an error.
    fn alert(&mut self) {
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                return;
            };
            let mut alert = [0; 256];
            let Ok(n) = data.encode(&mut alert) else {
                return;
            };
            let _ = self.stream.write_all(&alert[..n]);
        }
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.plain.is_empty() && !self.closed {
            if self.process(None)? {
                let mut buffer = [0; 4096];
                let n = self.stream.read(&mut buffer)?;
                if n == 0 {
                    return Ok(0);
                }
                self.incoming.extend(&buffer[..n]);
            }
        }
        let n = to.len().min(self.plain.len());
        to[..n].copy_from_slice(&self.plain[..n]);
        self.plain.drain(..n);
        Ok(n)
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let part = &from[..from.len().min(8192)];
        while !self.process(Some(part))? {}
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: Error) -> io::Error {
    io::Error::other(error.to_string())
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

/// Random numbers of the simulation.
pub(crate) static PLATFORM: Platform = Platform::new(
    |buffer| {
        for byte in buffer {
            *byte = lot(256) as u8;
        }
        Ok(())
    },
    || Duration::from_secs(1_767_225_600),
);

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
    let provider = Arc::new(wskhttp_tls::crypto::provider(&PLATFORM));
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
fn key(number: u8) -> KeyPair {
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

fn revocation_list(issuer: &Issuer<'_, KeyPair>, serial: Option<u64>) -> Vec<u8> {
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

/// Sessions that the server keeps.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<(Vec<u8>, Vec<u8>)>>);

impl StoresServerSessions for Kept {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.0.lock().expect("not poisoned").push((key, value));
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let all = self.0.lock().expect("not poisoned");
        let found = all.iter().find(|(own, _)| own == key);
        found.map(|(_, value)| value.clone())
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut all = self.0.lock().expect("not poisoned");
        let place = all.iter().position(|(own, _)| own == key)?;
        Some(all.remove(place).1)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// Lets in the one client whose certificate it is.
#[derive(Debug)]
struct Only(Vec<u8>);

impl ClientCertVerifier for Only {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if certificate.as_ref() == self.0 {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let provider = wskhttp_tls::crypto::provider(&PLATFORM);
        let algorithms = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

#[derive(Debug)]
pub(crate) struct Now;

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            1_767_225_600,
        )))
    }
}

#[derive(Debug)]
pub(crate) struct One(pub(crate) Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[derive(Clone, Debug)]
struct Ed25519([u8; 32]);

impl SigningKey for Ed25519 {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Ed25519 {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(Key::from_bytes(&self.0).sign(message).to_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
