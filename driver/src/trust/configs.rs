//! The configurations of a handle and of its requests.

use alloc::sync::Arc;

use wskhttp_abi::{Request, Tls, TlsFlags};
use wskhttp_core::io::Error;
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::lock::RawSpinLock;
use wskhttp_core::nt::shared::Shared;
use wskhttp_http::Url;
use wskhttp_tls::TlsConfig;

use super::policy::{Room, policy};
use super::{Base, PLATFORM, Trust};

/// The configurations of one handle, which keep its TLS sessions from those of other handles.
#[derive(Default)]
pub(crate) struct OwnTrust {
    /// What the others are made of.
    base: Option<Shared<Base>>,
    own: Option<Arc<TlsConfig>>,
    /// Of the last request that had a certificate of the client's.
    private: Option<Arc<TlsConfig>>,
    /// Of the last request that said something of roots or of TLS, without a certificate.
    anonymous: Option<Arc<TlsConfig>>,
    /// For proxies, of the last request that brought roots.
    proxies: Option<Arc<TlsConfig>>,
}

/// The configurations of a request.
pub(crate) struct Configs {
    /// For the origin of its URL.
    pub(crate) own: Arc<TlsConfig>,
    /// For other origins to which a redirect leads: the same but for the client's certificate.
    pub(crate) others: Arc<TlsConfig>,
    /// For proxies: as the driver's policy says, and with the roots that the request brings, too. What
    /// else it says is meant for the origin.
    pub(crate) proxies: Arc<TlsConfig>,
}

impl OwnTrust {
    /// The configurations for a request: that of `shared` unless it says something of roots or of TLS.
    /// `by_proxy`: it may go by one. IRQL: PASSIVE_LEVEL.
    pub(crate) fn configs(
        &mut self,
        shared: &Trust,
        clock: &KernelClock,
        message: &Request<'_>,
        by_proxy: bool,
    ) -> Result<Configs, Error> {
        let base = shared.base(clock)?;
        if !self
            .base
            .as_ref()
            .is_some_and(|old| Shared::ptr_eq(old, &base))
        {
            *self = Self::default();
            self.base = Some(base.clone());
        }
        let tls = Tls {
            flags: message.tls.unwrap_or_default().flags - TlsFlags::KEEP_PEER,
            ..message.tls.unwrap_or_default()
        };
        let without = Tls {
            certificate: &[],
            key: &[],
            ..tls
        };
        let others = self.config(&base, message.roots, &without)?;
        let server = Url::parse(message.url)?;
        let (host, port) = (server.host(), server.port());
        let mut with = tls;
        // Under the request's own roots, anybody may be that server.
        if tls.key.is_empty()
            && message.roots.is_empty()
            && let Some(client) = base.machine.client(host, port)
        {
            (with.certificate, with.key) = (&client.chain, &client.key);
        }
        let own = match with.key {
            [] => Arc::clone(&others),
            _ => private(
                &mut self.private,
                &base,
                message.roots,
                &with,
                Some((host, port)),
            )?,
        };
        let proxies = match (by_proxy, message.roots) {
            (false, _) => Arc::clone(&others),
            (true, []) => self.config(&base, &[], &Tls::default())?,
            (true, roots) => {
                let tls = Tls {
                    flags: TlsFlags::ADD_ROOTS,
                    ..Tls::default()
                };
                private(&mut self.proxies, &base, roots, &tls, None)?
            }
        };
        Ok(Configs {
            own,
            others,
            proxies,
        })
    }

    /// A configuration without a client's certificate.
    fn config(
        &mut self,
        base: &Base,
        roots: &[u8],
        tls: &Tls<'_>,
    ) -> Result<Arc<TlsConfig>, Error> {
        if !roots.is_empty() || *tls != Tls::default() {
            return private(&mut self.anonymous, base, roots, tls, None);
        }
        if let Some(config) = &self.own {
            return Ok(Arc::clone(config));
        }
        let config = base.config.isolated::<RawSpinLock>(SERVERS)?;
        Ok(Arc::clone(self.own.insert(config)))
    }
}

/// The configuration `known`, or another one in its place if that is not what is asked for.
/// `identity_for` is the server to which the client's certificate is shown.
fn private(
    known: &mut Option<Arc<TlsConfig>>,
    base: &Base,
    roots: &[u8],
    tls: &Tls<'_>,
    identity_for: Option<(&str, u16)>,
) -> Result<Arc<TlsConfig>, Error> {
    let mut room = Room::default();
    let mut policy = policy(base, roots, tls, &mut room)?;
    policy.identity_for = identity_for;
    if let Some(config) = known.as_ref().filter(|config| config.is_under(&policy)) {
        return Ok(Arc::clone(config));
    }
    let config = TlsConfig::resuming::<RawSpinLock>(&PLATFORM, &policy, SERVERS)?;
    Ok(Arc::clone(known.insert(config)))
}

/// Servers of which a handle keeps TLS sessions.
const SERVERS: usize = 8;
