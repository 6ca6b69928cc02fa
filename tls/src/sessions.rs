//! Sessions that can be resumed (RFC 8446 section 2.2, RFC 5077).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::iter;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use lock_api::{Mutex, RawMutex};
use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls_pki_types::{CertificateDer, ServerName};
use wskhttp_core::fallible::room;
use wskhttp_core::io::{Error, Kind, Phase};

use crate::platform::WallClock;

/// Tickets of TLS 1.3 that are kept for one server; each is used once.
const TICKETS: usize = 2;
/// Most servers of which sessions are kept.
pub(crate) const MAX_SERVERS: usize = 256;

/// How many seconds after the handshake in which a server's certificates were judged it is resumed: resumption
/// judges nothing, and each one brings new tickets (RFC 8446 section 4.6.1 allows seven days).
const LIFETIME: u64 = 86_400;

/// Most bytes of a refused server's certificates that are kept.
const MAX_REFUSED: usize = 1 << 16;

/// What servers gave to resume sessions with, of as many servers as was asked for, at most 256; the
/// one not used for longest makes room. A session is not resumed more than a day after the handshake
/// that began it, however often it was renewed since. One configuration has it to itself, so nothing in
/// it outlives a change of trust or of client certificate.
///
/// A server can make the client keep three tickets of 64 KiB and its certificates, which may have
/// 64 KiB too.
pub(crate) struct Sessions<R> {
    servers: Mutex<R, Vec<Server>>,
    /// What the last server sent that was refused, DER one after the other.
    refused: Mutex<R, Vec<u8>>,
    most: usize,
    received: AtomicU64,
    wall: WallClock,
}

struct Server {
    name: ServerName<'static>,
    port: u16,
    group: Option<NamedGroup>,
    tls12: Option<Kept<Tls12ClientSessionValue>>,
    /// Oldest first.
    tls13: Vec<Kept<Tls13ClientSessionValue>>,
}

#[derive(Clone)]
struct Kept<T> {
    session: T,
    /// When the full handshake before it began, in seconds since 1970.
    begun: u64,
}

impl<T> Kept<T> {
    /// A clock that was ahead makes none last.
    fn is_good(&self, now: u64) -> bool {
        now.checked_sub(self.begun)
            .is_some_and(|age| age < LIFETIME)
    }
}

/// What a session needs of a [`Sessions`], whatever its lock.
pub(crate) trait Store: Send + Sync {
    /// Its part for the servers at `port`.
    fn at(self: Arc<Self>, port: u16) -> Arc<dyn ClientSessionStore>;

    /// How many sessions servers have given so far.
    fn received(&self) -> u64;

    /// Drops all that is kept.
    fn forget(&self);

    /// Forgets which key exchange groups servers asked for.
    fn forget_groups(&self);

    /// Keeps the certificates of a server that was refused, if they are not too large.
    fn refused(&self, own: &[u8], others: &[CertificateDer<'_>]);

    /// Takes what was kept last, DER one after the other; empty if nothing was.
    fn take_refused(&self) -> Vec<u8>;
}

impl<R: RawMutex + Send + Sync + 'static> Sessions<R> {
    /// # Errors
    /// No memory.
    pub(crate) fn new(servers: usize, wall: WallClock) -> Result<Arc<Self>, Error> {
        let most = servers.min(MAX_SERVERS);
        let list = room(most).map_err(|_| {
            Error::new(
                Phase::Request,
                Kind::NoResources,
                "no memory for TLS sessions",
            )
        })?;
        Ok(Arc::new(Self {
            servers: Mutex::new(list),
            refused: Mutex::new(Vec::new()),
            most,
            received: AtomicU64::new(0),
            wall,
        }))
    }
}

impl<R: RawMutex + Send + Sync + 'static> Store for Sessions<R> {
    fn at(self: Arc<Self>, port: u16) -> Arc<dyn ClientSessionStore> {
        let now = (self.wall)();
        Arc::new(AtPort {
            sessions: self,
            port,
            begun: AtomicU64::new(now.as_secs()),
        })
    }

    fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    fn forget(&self) {
        // One at a time: what is dropped is dropped where no lock is held, and the list keeps its room.
        loop {
            let server = self.servers.lock().pop();
            if server.is_none() {
                return;
            }
        }
    }

    fn forget_groups(&self) {
        for server in self.servers.lock().iter_mut() {
            server.group = None;
        }
    }

    fn refused(&self, own: &[u8], others: &[CertificateDer<'_>]) {
        let all = || iter::once(own).chain(others.iter().map(|der| &**der));
        let length = all().map(<[u8]>::len).fold(0, usize::saturating_add);
        let mut bytes = Vec::new();
        // Without memory for it, nobody sees it.
        if length <= MAX_REFUSED && bytes.try_reserve_exact(length).is_ok() {
            all().for_each(|der| bytes.extend_from_slice(der));
        }
        let old = core::mem::replace(&mut *self.refused.lock(), bytes);
        drop(old);
    }

    fn take_refused(&self) -> Vec<u8> {
        core::mem::take(&mut *self.refused.lock())
    }
}

/// The sessions with servers at one port, for one connection: rustls asks by name alone.
struct AtPort<R> {
    sessions: Arc<Sessions<R>>,
    port: u16,
    /// When the full handshake began by which what comes is good: this connection's, or that of the
    /// session which was taken to be resumed. Seconds since 1970.
    begun: AtomicU64,
}

impl<R: RawMutex> AtPort<R> {
    /// Changes what is known of the server `name`, if anything is.
    fn edit<T>(&self, name: &ServerName<'_>, edit: impl FnOnce(&mut Server) -> T) -> Option<T> {
        let mut servers = self.sessions.servers.lock();
        let place = self.find(&servers, name)?;
        // The last is the one used last.
        servers.get_mut(place..)?.rotate_left(1);
        servers.last_mut().map(edit)
    }

    /// The same for a server of which nothing may be known. What has to make room is given back, to be
    /// dropped where no lock is held.
    fn edit_or_add(&self, name: ServerName<'static>, edit: impl FnOnce(&mut Server)) {
        let mut edit = Some(edit);
        let known = self.edit(&name, |server| {
            if let Some(edit) = edit.take() {
                edit(server);
            }
        });
        let Some(edit) = edit.filter(|_| known.is_none()) else {
            return;
        };
        let mut server = Server {
            name,
            port: self.port,
            group: None,
            tls12: None,
            tls13: Vec::new(),
        };
        if server.tls13.try_reserve_exact(TICKETS).is_err() {
            return;
        }
        edit(&mut server);
        let mut servers = self.sessions.servers.lock();
        let full = servers.len() >= self.sessions.most;
        let oldest = (full && !servers.is_empty()).then(|| servers.remove(0));
        if servers.len() < self.sessions.most {
            // The room was reserved at the start.
            servers.push(server);
        }
        drop(servers);
        drop(oldest);
    }

    /// What comes over this connection is no newer than `session`.
    fn resume<T>(&self, kept: Kept<T>) -> T {
        self.begun.store(kept.begun, Relaxed);
        kept.session
    }

    fn kept<T>(&self, session: T) -> Kept<T> {
        Kept {
            session,
            begun: self.begun.load(Relaxed),
        }
    }

    fn now(&self) -> u64 {
        (self.sessions.wall)().as_secs()
    }

    fn find(&self, servers: &[Server], name: &ServerName<'_>) -> Option<usize> {
        servers
            .iter()
            .position(|server| server.port == self.port && server.name == *name)
    }
}

impl<R: RawMutex + Send + Sync> ClientSessionStore for AtPort<R> {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.edit_or_add(name, |server| server.group = Some(group));
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.edit(name, |server| server.group)?
    }

    fn set_tls12_session(&self, name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.received.fetch_add(1, Relaxed);
        let kept = self.kept(value);
        self.edit_or_add(name, |server| server.tls12 = Some(kept));
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let kept = self.edit(name, |server| server.tls12.clone())??;
        kept.is_good(self.now()).then(|| self.resume(kept))
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        drop(self.edit(name, |server| server.tls12.take()));
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.sessions.received.fetch_add(1, Relaxed);
        let kept = self.kept(value);
        self.edit_or_add(name, |server| {
            if server.tls13.len() >= TICKETS {
                server.tls13.remove(0);
            }
            server.tls13.push(kept);
        });
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let now = self.now();
        loop {
            let kept = self.edit(name, |server| server.tls13.pop())??;
            if kept.is_good(now) {
                return Some(self.resume(kept));
            }
        }
    }
}

impl<R> fmt::Debug for AtPort<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
