//! One connection to the runner.

use std::cell::RefCell;
use std::fs;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Kind, Phase, Scheme, Target, Transport, TransportExt,
};
use wskhttp_tls::{
    Handshake, Identity, MaybeTls, Platform, Policy, Protocol, Roots, TlsConfig, TlsConnect,
    TlsKey, TlsTransport,
};

use crate::flags::Flags;
use crate::outcome::Failure;
use crate::wire::Wire;

/// The configuration that all connections share.
pub(crate) fn config(flags: &Flags) -> Result<Arc<TlsConfig>, Failure> {
    let read = |path: &std::ffi::OsString| {
        fs::read(path).map_err(|error| Failure::Unexpected(format!("{path:?}: {error}")))
    };
    let roots = flags.trust.as_ref().map(read).transpose()?;
    let chain = flags.certificate.as_ref().map(read).transpose()?;
    let key = flags.key.as_ref().map(read).transpose()?;
    let applications = applications(&flags.applications)?;
    let mut policy = Policy::new(roots.as_deref().map_or(Roots::BuiltIn, Roots::Only));
    policy.identity = match (&chain, &key) {
        (Some(chain), Some(key)) => Some(Identity { chain, key }),
        _ => None,
    };
    policy.protocol = Protocol {
        versions: flags.versions().unwrap_or_default(),
        groups: &flags.groups,
        signatures: &flags.verify,
        applications: &applications,
    };
    TlsConfig::resuming::<spin::Mutex<()>>(&PLATFORM, &policy, 1).map_err(|error| {
        match error.cause {
            // What the runner wants is not spoken here.
            "a key exchange group is not known" => Failure::Unimplemented("-curves".into()),
            "a signature scheme is not known" => Failure::Unimplemented("-verify-prefs".into()),
            cause if cause.starts_with("the client's key") => {
                Failure::Unimplemented("-key-file".into())
            }
            _ => error.into(),
        }
    })
}

/// Connects for the `number`th time, and exchanges bytes until the runner has enough.
pub(crate) fn run(flags: &Flags, config: &Arc<TlsConfig>, number: u32) -> Result<(), Failure> {
    let wire = Wire::connect(flags)?;
    let connector = TlsConnect::new(Given(RefCell::new(Some(wire))), RealClock);
    let key = TlsKey {
        config: Arc::clone(config),
        inner: (),
    };
    let target = Target {
        scheme: Scheme::Https,
        host: &flags.host,
        port: 443,
        deadline: None,
        handshake: None,
        via: None,
    };
    // The runner does not expect a client to remember them.
    config.forget_groups();
    let before = config.sessions_received();
    let mut info = ConnectionInfo::default();
    let connected = block_on(connector.connect(&target, &key, &mut info))?;
    let MaybeTls::Tls(tls) = connected else {
        return Err(Failure::Unexpected("no TLS".into()));
    };
    let mut tls = tls.into_inner();
    check(flags, config, &tls, number)?;
    if flags.writes_first {
        block_on(send(&mut tls, b"hello"))?;
    }
    if flags.shuts_down {
        block_on(tls.close())?;
    }
    exchange(flags, &mut tls)?;
    if flags
        .expectations(number)
        .any(|expect| expect.ticket_renewal)
        && config.sessions_received() == before
    {
        return Err(Failure::Unexpected("no new ticket came".into()));
    }
    Ok(())
}

/// Sends back what comes, inverted, until the runner closes.
fn exchange(flags: &Flags, tls: &mut TlsTransport<Wire>) -> Result<(), Failure> {
    loop {
        // The first bytes may have come with the end of the handshake.
        let bytes: Vec<u8> = tls.input().iter().map(|byte| !byte).collect();
        if !bytes.is_empty() && flags.shuts_down {
            return Err(Failure::Unexpected(
                ":APPLICATION_DATA_ON_SHUTDOWN: the end was to come".into(),
            ));
        }
        if !bytes.is_empty() {
            tls.consume(bytes.len());
            block_on(send(tls, &bytes))?;
        }
        match block_on(tls.fill()) {
            Ok(0) => {
                if !flags.shuts_down {
                    // The runner may be gone; it has said all that it has to say.
                    let _ = block_on(tls.close());
                }
                return Ok(());
            }
            Ok(_) => {}
            // The end of the connection alone is an end for the runner, unless it says otherwise.
            Err(Error {
                kind: Kind::TlsTruncated | Kind::ConnectionReset,
                ..
            }) if !flags.check_close_notify => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the handshake came to what the flags expect.
fn check(
    flags: &Flags,
    config: &TlsConfig,
    tls: &TlsTransport<Wire>,
    number: u32,
) -> Result<(), Failure> {
    let session = tls.session();
    let (Some(info), Some(kind)) = (session.info(), session.kind()) else {
        return Err(Failure::Unexpected("the handshake is not complete".into()));
    };
    let unlike = |what: &str, found: &dyn std::fmt::Debug| {
        Err(Failure::Unexpected(format!("{what}: found {found:?}")))
    };
    let resumed = kind == Handshake::Resumed;
    let miss = number == 0 || flags.expectations(number).any(|expect| expect.session_miss);
    if resumed == miss {
        return unlike("-expect-session-miss or not", &kind);
    }
    for expect in flags.expectations(number) {
        if expect
            .group
            .is_some_and(|group| group != info.group && info.group != 0)
        {
            return unlike("-expect-curve-id", &info.group);
        }
        if expect
            .version
            .is_some_and(|version| version != info.version)
        {
            return unlike("-expect-version", &info.version);
        }
        if expect.cipher.is_some_and(|cipher| cipher != info.suite) {
            return unlike("-expect-cipher", &info.suite);
        }
        let application = session.application().unwrap_or_default();
        if expect
            .application
            .as_ref()
            .is_some_and(|expected| expected.as_encoded_bytes() != application)
        {
            return unlike("-expect-alpn", &application);
        }
        let scheme = config.last_signature_scheme();
        if !resumed && expect.signature.is_some_and(|expected| expected != scheme) {
            return unlike("-expect-peer-signature-algorithm", &scheme);
        }
        // rustls does not tell of a retry in a handshake that resumes.
        let retried = kind == Handshake::FullAfterRetry;
        if !resumed && expect.retry.is_some_and(|expected| expected != retried) {
            return unlike("-expect-hrr or -expect-no-hrr", &kind);
        }
    }
    Ok(())
}

async fn send(tls: &mut TlsTransport<Wire>, bytes: &[u8]) -> Result<(), Error> {
    let mut left = bytes;
    while !left.is_empty() {
        let room = tls.output();
        let n = room.len().min(left.len());
        let (now, later) = left.split_at(n);
        room[..n].copy_from_slice(now);
        tls.stage(n);
        left = later;
        tls.flush().await?;
    }
    Ok(())
}

/// The list of a ClientHello, taken apart.
fn applications(mut list: &[u8]) -> Result<Vec<&[u8]>, Failure> {
    let mut names = Vec::new();
    while let Some((&length, rest)) = list.split_first() {
        let (name, rest) = rest
            .split_at_checked(length.into())
            .ok_or_else(|| Failure::Unexpected("-advertise-alpn is cut short".into()))?;
        names.push(name);
        list = rest;
    }
    Ok(names)
}

/// Polls until ready: every wait here is over at once.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return done;
        }
    }
}

/// The one connection that is there already.
struct Given(RefCell<Option<Wire>>);

impl Connect for Given {
    type Transport = Wire;
    type Key = ();

    async fn connect(
        &self,
        _target: &Target<'_>,
        _key: &(),
        _info: &mut ConnectionInfo,
    ) -> Result<Wire, Error> {
        self.0.borrow_mut().take().ok_or(Error::new(
            Phase::Connect,
            Kind::ConnectFailed,
            "there is one connection",
        ))
    }
}

#[derive(Clone)]
struct RealClock;

impl Clock for RealClock {
    type Sleep = Never;

    fn now(&self) -> Duration {
        self.unix_time()
    }

    fn unix_time(&self) -> Duration {
        unix_time()
    }

    fn sleep_until(&self, _at: Duration) -> Never {
        Never
    }
}

/// Deadlines are the runner's affair.
struct Never;

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

static PLATFORM: Platform = Platform::new(
    |bytes| {
        getrandom::fill(bytes).map_err(|_| {
            Error::new(
                Phase::Tls,
                Kind::TlsInternal,
                "the system gives no randomness",
            )
        })
    },
    unix_time,
);
