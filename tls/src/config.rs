//! Whom to trust and what to offer.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::ClientConfig;
use rustls::client::Resumption;
use sha2::{Digest, Sha256};
use wskhttp_core::io::Error;

use crate::crypto;
use crate::platform::{Platform, Time};
use crate::roots::Roots;

/// What TLS connections share: trust, cipher suites, protocol versions. Immutable.
///
/// Two configurations are equal when they trust the same roots on the same platform.
pub struct TlsConfig {
    platform: &'static Platform,
    roots: [u8; 32],
    client: Arc<ClientConfig>,
}

impl TlsConfig {
    /// A configuration that trusts `roots`. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: a private root is not a DER certificate, or there is none; no memory.
    pub fn new(platform: &'static Platform, roots: Roots<'_>) -> Result<Arc<Self>, Error> {
        let provider = Arc::new(crypto::provider(platform));
        let store = roots.load()?;
        let mut client = ClientConfig::builder_with_details(provider, Arc::new(Time(platform)))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| crate::error::of(&error))?
            .with_root_certificates(store)
            .with_no_client_auth();
        client.alpn_protocols = Vec::from([Vec::from(b"http/1.1")]);
        client.resumption = Resumption::disabled();
        Ok(Arc::new(Self {
            platform,
            roots: digest(roots),
            client: Arc::new(client),
        }))
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client)
    }
}

impl PartialEq for TlsConfig {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.platform, other.platform) && self.roots == other.roots
    }
}

impl Eq for TlsConfig {}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConfig")
    }
}

fn digest(roots: Roots<'_>) -> [u8; 32] {
    let (built_in, private) = roots.parts();
    let mut hash = Sha256::new();
    hash.update([u8::from(built_in)]);
    hash.update(private);
    hash.finalize().into()
}
