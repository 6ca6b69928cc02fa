//! A platform, certificates, a server in memory.

pub(crate) mod certificates;
pub(crate) mod hybrid;
pub(crate) mod ocsp;
pub(crate) mod platform;
pub(crate) mod rsa;
pub(crate) mod wire;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wskhttp_core::io::{Connect, ConnectionInfo, Error, Scheme, Target, TransportExt};
use wskhttp_tls::{MaybeTls, Roots, TlsConfig, TlsConnect, TlsKey};

use self::certificates::Authority;
use self::platform::{PLATFORM, TestClock};
use self::wire::{Peer, Wire};

pub(crate) const HOST: &str = "example.test";

/// Polls `future`; in-memory peers answer at once, so a future that waits is stuck.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    try_run(future).expect("the future waits although nothing will happen")
}

/// Polls `future` until it waits without having woken itself; gives what it came to.
pub(crate) fn try_run<T>(future: impl Future<Output = T>) -> Option<T> {
    use std::sync::atomic::{AtomicBool, Ordering};
    struct Flag(AtomicBool);
    impl std::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut future = pin!(future);
    while flag.0.swap(false, Ordering::SeqCst) {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(done);
        }
    }
    None
}

/// A connector whose one connection is given.
pub(crate) struct Given<T>(std::cell::RefCell<Option<T>>);

impl<T: wskhttp_core::io::Transport> Connect for Given<T> {
    type Transport = T;
    type Key = ();

    async fn connect(
        &self,
        _target: &Target<'_>,
        _key: &(),
        _info: &mut ConnectionInfo,
    ) -> Result<T, Error> {
        Ok(self.0.borrow_mut().take().expect("one connection"))
    }
}

pub(crate) fn target(host: &str) -> Target<'_> {
    Target {
        scheme: Scheme::Https,
        host,
        port: 443,
        deadline: None,
        handshake: None,
        via: None,
    }
}

/// Shakes hands over `transport`.
pub(crate) async fn connect<T: wskhttp_core::io::Transport>(
    transport: T,
    config: &Arc<TlsConfig>,
    target: Target<'_>,
) -> (Result<MaybeTls<T>, Error>, ConnectionInfo) {
    let connector = TlsConnect::new(Given(Some(transport).into()), TestClock);
    let key = TlsKey {
        config: Arc::clone(config),
        inner: (),
    };
    let mut info = ConnectionInfo::default();
    let done = connector.connect(&target, &key, &mut info).await;
    (done, info)
}

pub(crate) fn trusting(authority: &Authority) -> Arc<TlsConfig> {
    TlsConfig::new(&PLATFORM, Roots::Only(authority.der())).expect("a configuration")
}

/// A connection to `peer`, which must come about.
pub(crate) fn connected<P: Peer>(
    peer: P,
    authority: &Authority,
) -> (MaybeTls<Wire<P>>, ConnectionInfo) {
    let (done, info) = run(connect(Wire::new(peer), &trusting(authority), target(HOST)));
    let mut connection = done.expect("a connection");
    // The client's last flight waits for the first bytes of the caller.
    run(connection.flush()).expect("sent");
    (connection, info)
}

/// How connecting to `peer` fails.
pub(crate) fn refused<P: Peer>(peer: P, config: &Arc<TlsConfig>, host: &str) -> Error {
    match run(connect(Wire::new(peer), config, target(host))).0 {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}
