//! What a request message asks for, in a form of its own: the message goes when its IRP is completed.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use wskhttp_abi::{OptionFlags, Options, Request, RequestHeader, TlsFlags};
use wskhttp_core::io::{Clock, Error};
use wskhttp_core::nt::shared::Shared;
use wskhttp_http::{
    Body, Call, Credentials, Deadlines, Decode, Jar, Keys, LowSpeed, Policy, Proxies, Redirects,
    Retries, Timeouts,
};
use wskhttp_tls::{TlsConfig, TlsKey};

use crate::exchange::Session;
use crate::handle::Handle;

/// How a request is sent.
pub(crate) struct Plan {
    /// For the origin of the URL.
    own: TlsKey<TlsKey<()>>,
    /// For other origins.
    others: TlsKey<TlsKey<()>>,
    /// Whether the server's certificates are to be kept.
    pub(crate) keep_peer: bool,
    policy: Policy,
    deadlines: Deadlines,
    credentials: Option<Credentials>,
    proxies: Option<Shared<Proxies>>,
    cookies: bool,
    sha256: Option<[u8; 32]>,
}

impl Plan {
    pub(crate) fn new(
        handle: &Handle,
        message: &Request<'_>,
        arrived: Duration,
        session: &mut Session,
    ) -> Result<Self, Error> {
        let options = message.options.unwrap_or_default();
        let total = time(message.total_timeout_ms).map(|most| arrived.saturating_add(most));
        let services = &handle.services;
        let told = proxy_credentials(&options)?;
        let proxies = if options.proxies.is_empty() && !options.flags.contains(OptionFlags::DIRECT)
        {
            let service = services.trust.service();
            session.machine.proxies(service, told.as_ref(), arrived)?
        } else {
            proxies(&options, told.as_ref())?
        };
        let configs =
            session
                .trust
                .configs(&services.trust, &services.clock, message, proxies.is_some())?;
        let cookies = options.flags.contains(OptionFlags::COOKIES);
        if cookies {
            let now = services.clock.unix_time();
            session.jar.read(options.cookies, now)?;
        }
        let sha256 = options.flags.contains(OptionFlags::SHA256);
        Ok(Self {
            own: key(configs.own, &configs.proxies),
            others: key(configs.others, &configs.proxies),
            keep_peer: message
                .tls
                .is_some_and(|tls| tls.flags.contains(TlsFlags::KEEP_PEER)),
            policy: policy(message, &options),
            deadlines: Deadlines {
                connect: None,
                total,
            },
            credentials: credentials(&options)?,
            proxies,
            cookies,
            sha256: sha256.then_some(options.sha256),
        })
    }

    /// The call for the message and its body.
    pub(crate) fn call<'a>(
        &'a self,
        message: &Request<'_>,
        body: Body<'a>,
        jar: &'a mut Jar,
    ) -> Call<'a> {
        let call = Call::new(message.method, message.url)
            .lines(message.headers)
            .body(body)
            .deadlines(self.deadlines)
            .policy(self.policy)
            .credentials(self.credentials.as_ref())
            .proxies(self.proxies.as_deref())
            .sha256(self.sha256);
        match self.cookies {
            true => call.jar(jar),
            false => call,
        }
    }

    /// Whose connections serve the call.
    pub(crate) const fn keys(&self) -> Keys<'_, TlsKey<TlsKey<()>>> {
        Keys {
            own: &self.own,
            others: &self.others,
        }
    }

    /// The certificates of the last server that was refused, of whichever origin.
    pub(crate) fn take_refused(&self) -> Vec<u8> {
        let configs = [
            &self.own.config,
            &self.others.config,
            &self.own.inner.config,
        ];
        let refused = configs.map(|config| config.take_refused());
        let mut refused = refused.into_iter();
        refused.find(|chain| !chain.is_empty()).unwrap_or_default()
    }

    /// The body that comes with the message.
    pub(crate) const fn at_hand<'a>(message: &Request<'a>) -> Body<'a> {
        match message.body {
            [] => Body::Empty,
            body => Body::Full(body),
        }
    }

    /// The body that follows by writes.
    pub(crate) const fn streamed(message: &Request<'_>) -> Body<'static> {
        match message.body_length {
            RequestHeader::CHUNKED => Body::Chunked,
            length => Body::Sized(length),
        }
    }
}

/// TLS with the target under `config`, with a proxy under `below`.
fn key(config: Arc<TlsConfig>, below: &Arc<TlsConfig>) -> TlsKey<TlsKey<()>> {
    TlsKey {
        config,
        inner: TlsKey {
            config: Arc::clone(below),
            inner: (),
        },
    }
}

fn policy(message: &Request<'_>, options: &Options<'_>) -> Policy {
    let redirects = match options.max_redirects {
        _ if !options.flags.contains(OptionFlags::FOLLOW) => Redirects::NONE,
        0 => Redirects::default(),
        limit => Redirects {
            limit,
            ..Redirects::default()
        },
    };
    let low_speed = time(options.low_speed_ms)
        .filter(|_| options.low_speed_bytes != 0)
        .map(|over| LowSpeed {
            bytes: options.low_speed_bytes,
            over,
        });
    let decode = options.flags.contains(OptionFlags::DECODE);
    Policy {
        redirects,
        retries: Retries {
            limit: options.retries,
            backoff: BACK_OFF,
            within: time(options.retry_within_ms),
            ..Retries::NONE
        },
        decode: decode.then(Decode::default),
        expect: time(options.expect_ms),
        connect: time(message.connect_timeout_ms).or(Some(CONNECT)),
        timeouts: Timeouts {
            handshake: time(options.tls_ms),
            send: time(options.send_ms),
            head: time(options.head_ms),
            body: time(options.body_ms),
            low_speed,
        },
        digest: options.flags.contains(OptionFlags::VERIFY),
    }
}

fn credentials(options: &Options<'_>) -> Result<Option<Credentials>, Error> {
    let (user, password) = pair(options.credentials);
    Ok(Some(match options.flags {
        flags if flags.contains(OptionFlags::BASIC) => Credentials::basic(user, password)?,
        flags if flags.contains(OptionFlags::DIGEST) => Credentials::digest(user, password)?,
        flags if flags.contains(OptionFlags::BEARER) => Credentials::bearer(options.credentials)?,
        _ => return Ok(None),
    }))
}

fn proxies(
    options: &Options<'_>,
    told: Option<&Credentials>,
) -> Result<Option<Shared<Proxies>>, Error> {
    if options.proxies.is_empty() {
        return Ok(None);
    }
    let proxies = Proxies::new(options.proxies, options.bypass)?;
    Shared::try_new(match told {
        Some(told) => proxies.with_credentials(told)?,
        None => proxies,
    })
    .map(Some)
}

/// What proxies are told, those of the request or those of the machine.
fn proxy_credentials(options: &Options<'_>) -> Result<Option<Credentials>, Error> {
    let credentials = options.proxy_credentials;
    if credentials.is_empty() {
        return Ok(None);
    }
    if options.flags.contains(OptionFlags::PROXY_BEARER) {
        return Credentials::bearer(credentials).map(Some);
    }
    let (user, password) = pair(credentials);
    Credentials::basic(user, password).map(Some)
}

/// `user:password`; a user without a password has an empty one.
fn pair(text: &[u8]) -> (&[u8], &[u8]) {
    let colon = text.iter().position(|byte| *byte == b':');
    let (user, rest) = colon
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, b""));
    (user, rest.strip_prefix(b":").unwrap_or(rest))
}

fn time(milliseconds: u32) -> Option<Duration> {
    (milliseconds != 0).then(|| Duration::from_millis(milliseconds.into()))
}

/// Name resolution, connection and TLS together, unless the caller says otherwise.
const CONNECT: Duration = Duration::from_secs(60);
/// Before the second try, as curl does.
const BACK_OFF: Duration = Duration::from_secs(1);
