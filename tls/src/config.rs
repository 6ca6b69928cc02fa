//! What TLS connections share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use lock_api::RawMutex;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use wskhttp_core::fallible::room;
use wskhttp_core::io::{Error, Kind, Phase};

use crate::connect::server_name;
use crate::crypto::Set;
use crate::identity::Nobody;
use crate::platform::{Platform, Time};
use crate::sessions::{Sessions, Store};
use crate::trust::{Policy, Rejection, Roots, Verifier};

/// What TLS connections share: trust, cipher suites, protocol versions. Immutable.
///
/// Two configurations are equal when they have the same policy on the same platform.
pub struct TlsConfig {
    platform: &'static Platform,
    policy: [u8; 32],
    verifier: Arc<Verifier>,
    client: Arc<ClientConfig>,
    /// For servers that the client's certificate is not for.
    nobody: Arc<Nobody>,
    /// The one server that it is for.
    identity_for: Option<(ServerName<'static>, u16)>,
    sessions: Option<Arc<dyn Store>>,
}

impl TlsConfig {
    /// A configuration that trusts `roots`. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: a private root is not a certificate, or there is none; no memory.
    pub fn new(platform: &'static Platform, roots: Roots<'_>) -> Result<Arc<Self>, Error> {
        Self::with_policy(platform, &Policy::new(roots))
    }

    /// A configuration under `policy`, whose sessions are not resumed. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: the policy has a root, a revocation list, a client certificate or a number
    /// that is none; no memory.
    pub fn with_policy(
        platform: &'static Platform,
        policy: &Policy<'_>,
    ) -> Result<Arc<Self>, Error> {
        Self::make(platform, policy, None)
    }

    /// The same, but sessions with up to `servers` servers, at most 256, are kept to be resumed: in
    /// this configuration alone, so that none outlives its policy. `R` locks them, for as long as it
    /// takes to look through them. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// As [`TlsConfig::with_policy`].
    pub fn resuming<R: RawMutex + Send + Sync + 'static>(
        platform: &'static Platform,
        policy: &Policy<'_>,
        servers: usize,
    ) -> Result<Arc<Self>, Error> {
        let sessions =
            platform.promise(NEED, || Sessions::<R>::new(servers, platform.wall()))??;
        Self::make(platform, policy, Some(sessions))
    }

    /// The same configuration, equal to this one, with sessions of its own to resume, as
    /// [`TlsConfig::resuming`] says: for a caller whose sessions are nobody else's. IRQL:
    /// PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: no memory.
    pub fn isolated<R: RawMutex + Send + Sync + 'static>(
        &self,
        servers: usize,
    ) -> Result<Arc<Self>, Error> {
        self.platform.promise(NEED, || {
            let sessions: Arc<dyn Store> = Sessions::<R>::new(servers, self.platform.wall())?;
            let client = (*self.client).clone();
            Ok(Arc::new(Self {
                platform: self.platform,
                policy: self.policy,
                verifier: Arc::clone(&self.verifier),
                client: Arc::new(witnessed(client, &self.verifier, &sessions)),
                nobody: Arc::clone(&self.nobody),
                identity_for: self.identity_for.clone(),
                sessions: Some(sessions),
            }))
        })?
    }

    /// Whether this configuration is one under `policy`.
    #[must_use]
    pub fn is_under(&self, policy: &Policy<'_>) -> bool {
        self.policy == policy.digest()
    }

    fn make(
        platform: &'static Platform,
        policy: &Policy<'_>,
        sessions: Option<Arc<dyn Store>>,
    ) -> Result<Arc<Self>, Error> {
        let identity = policy.identity.map_or(0, |identity| identity.bytes());
        let need = NEED.saturating_add(identity.saturating_mul(NEED_PER_BYTE));
        let crypto = platform.promise(NEED, || platform.crypto())??;
        let algorithms = crypto.provider.signature_verification_algorithms;
        let verifier = Verifier::new(platform, policy, algorithms)?;
        platform.promise(need, || {
            Self::build(platform, policy, crypto, verifier, sessions)
        })?
    }

    fn build(
        platform: &'static Platform,
        policy: &Policy<'_>,
        mut crypto: Set,
        verifier: Verifier,
        sessions: Option<Arc<dyn Store>>,
    ) -> Result<Arc<Self>, Error> {
        let identity_for = match policy.identity_for {
            Some((host, port)) => Some((server_name(host)?, port)),
            None => None,
        };
        policy.protocol.restrict(&mut crypto)?;
        let verifier = Arc::new(verifier);
        let time = Time {
            platform,
            policy: policy.clock,
        };
        let builder = ClientConfig::builder_with_details(Arc::new(crypto.provider), Arc::new(time))
            .with_protocol_versions(policy.protocol.versions())
            .map_err(|error| crate::error::of(&error))?
            // What rustls calls dangerous is that it leaves the judgement to the verifier.
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let mut client = match &policy.identity {
            None => builder.with_no_client_auth(),
            Some(_) if crypto.exclusive => return Err(NO_SIGNER),
            Some(identity) => builder.with_client_cert_resolver(identity.load(platform)?),
        };
        client.alpn_protocols = policy.protocol.applications()?;
        client.resumption = Resumption::disabled();
        // RFC 7627, which FIPS 140-3 asks for.
        client.require_ems = crypto.exclusive;
        if let Some(sessions) = &sessions {
            client = witnessed(client, &verifier, sessions);
        }
        Ok(Arc::new(Self {
            platform,
            policy: policy.digest(),
            verifier,
            client: Arc::new(client),
            nobody: Arc::new(Nobody),
            identity_for,
            sessions,
        }))
    }

    pub(crate) const fn platform(&self) -> &'static Platform {
        self.platform
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
        self.verify_stapled(leaf, others, &[], host, now)
    }

    /// The same for a server that staples the OCSP response `staple` (DER) to its own certificate.
    ///
    /// # Errors
    /// As [`TlsConfig::verify_chain`].
    pub fn verify_stapled(
        &self,
        leaf: &[u8],
        others: &[&[u8]],
        staple: &[u8],
        host: Option<&str>,
        now: Duration,
    ) -> Result<(), Error> {
        let name = host.map(server_name).transpose()?;
        let leaf = CertificateDer::from(leaf);
        let mut certificates = room(others.len()).map_err(|_| crate::error::no_memory())?;
        certificates.extend(others.iter().map(|der| CertificateDer::from(*der)));
        let now = UnixTime::since_unix_epoch(now);
        self.verifier
            .judge(&leaf, &certificates, staple, name.as_ref(), now)
            .map_err(Rejection::error)
    }

    /// How many sessions to resume servers have given in this configuration.
    #[must_use]
    pub fn sessions_received(&self) -> u64 {
        self.sessions
            .as_ref()
            .map_or(0, |sessions| sessions.received())
    }

    /// Forgets which key exchange groups servers asked for: the next connection offers the first one.
    pub fn forget_groups(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.forget_groups();
        }
    }

    /// The scheme of the signature in the handshake that was verified last; 0 before any.
    #[must_use]
    pub fn last_signature_scheme(&self) -> u16 {
        self.verifier.last_scheme()
    }

    /// Where sessions to resume are kept.
    pub(crate) fn sessions(&self) -> Option<Arc<dyn Store>> {
        self.sessions.clone()
    }

    /// The certificates of the server that was refused last, DER one after the other, its own first;
    /// empty if there was none since this was asked, if they are larger than 64 KiB, or if the
    /// configuration keeps no sessions, with which they are kept.
    #[must_use]
    pub fn take_refused(&self) -> Vec<u8> {
        self.sessions
            .as_ref()
            .map_or_else(Vec::new, |sessions| sessions.take_refused())
    }

    /// What a connection to the server `name` at `port` needs.
    pub(crate) fn client(&self, name: &ServerName<'_>, port: u16) -> Arc<ClientConfig> {
        let meant = self
            .identity_for
            .as_ref()
            .is_none_or(|(own, at)| own == name && *at == port);
        if meant && self.sessions.is_none() {
            return Arc::clone(&self.client);
        }
        // rustls resumes a session only with the same verifier and the same resolver.
        let mut client = (*self.client).clone();
        if !meant {
            client.client_auth_cert_resolver = Arc::clone(&self.nobody) as _;
        }
        if let Some(sessions) = &self.sessions {
            client.resumption = Resumption::store(Arc::clone(sessions).at(port));
        }
        Arc::new(client)
    }
}

const NO_SIGNER: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "the crypto policy is fips, under which no client certificate is used",
);

/// `client` with a verifier that shows to `sessions` what it refuses.
fn witnessed(
    mut client: ClientConfig,
    verifier: &Verifier,
    sessions: &Arc<dyn Store>,
) -> ClientConfig {
    let verifier = verifier.before(Arc::clone(sessions));
    client
        .dangerous()
        .set_certificate_verifier(Arc::new(verifier));
    client
}

/// What a configuration allocates, and for each byte of a client certificate and its key.
const NEED: usize = 32 << 10;
const NEED_PER_BYTE: usize = 24;

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
