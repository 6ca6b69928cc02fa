//! What TLS connections share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_pki_types::{CertificateDer, UnixTime};
use wskhttp_core::io::Error;

use crate::connect::server_name;
use crate::crypto;
use crate::platform::{Platform, Time};
use crate::trust::{Policy, Rejection, Roots, Verifier};

/// What TLS connections share: trust, cipher suites, protocol versions. Immutable.
///
/// Two configurations are equal when they have the same policy on the same platform.
pub struct TlsConfig {
    platform: &'static Platform,
    policy: [u8; 32],
    verifier: Arc<Verifier>,
    client: Arc<ClientConfig>,
}

impl TlsConfig {
    /// A configuration that trusts `roots`. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: a private root is not a certificate, or there is none; no memory.
    pub fn new(platform: &'static Platform, roots: Roots<'_>) -> Result<Arc<Self>, Error> {
        Self::with_policy(platform, &Policy::new(roots))
    }

    /// A configuration under `policy`. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: the policy has a root or a revocation list that is none; no memory.
    pub fn with_policy(
        platform: &'static Platform,
        policy: &Policy<'_>,
    ) -> Result<Arc<Self>, Error> {
        let provider = Arc::new(crypto::provider(platform));
        let verifier = Arc::new(Verifier::new(policy)?);
        let time = Time {
            platform,
            policy: policy.clock,
        };
        let mut client = ClientConfig::builder_with_details(provider, Arc::new(time))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| crate::error::of(&error))?
            // What rustls calls dangerous is that it leaves the judgement to the verifier.
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        client.alpn_protocols = Vec::from([Vec::from(b"http/1.1")]);
        client.resumption = Resumption::disabled();
        Ok(Arc::new(Self {
            platform,
            policy: policy.digest(),
            verifier,
            client: Arc::new(client),
        }))
    }

    /// Judges the certificates of the server `host` as a handshake at the time `now` would: `leaf` is
    /// the server's own, `others` what it sent besides, all DER. Without `host` any name does.
    /// Nothing is said of the server's having the key. `now` is since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    /// Phase `Tls`: the rule that refuses the chain. Phase `Request`: `host` is no host.
    pub fn verify_chain(
        &self,
        leaf: &[u8],
        others: &[&[u8]],
        host: Option<&str>,
        now: Duration,
    ) -> Result<(), Error> {
        let name = host.map(server_name).transpose()?;
        let leaf = CertificateDer::from(leaf);
        let mut certificates = Vec::new();
        certificates
            .try_reserve_exact(others.len())
            .map_err(|_| crate::error::no_memory())?;
        certificates.extend(others.iter().map(|der| CertificateDer::from(*der)));
        let now = UnixTime::since_unix_epoch(now);
        self.verifier
            .judge(&leaf, &certificates, name.as_ref(), now)
            .map_err(Rejection::error)
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client)
    }
}

impl PartialEq for TlsConfig {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.platform, other.platform) && self.policy == other.policy
    }
}

impl Eq for TlsConfig {}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConfig")
    }
}
