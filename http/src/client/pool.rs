//! Idle connections.

use alloc::vec::Vec;
use core::time::Duration;

use wskhttp_core::fallible::{Boxed, room};
use wskhttp_core::io::{Error, Kind, Phase};

use super::connection::Connection;
use crate::{Limits, Url};

/// Idle connections, oldest first. Allocates only when made; drops no connection itself, because its
/// caller holds a lock.
#[derive(Debug)]
pub(crate) struct Pool<T, Key> {
    idle: Vec<Idle<T, Key>>,
    total: usize,
    per_origin: usize,
    timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct Idle<T, Key> {
    pub(crate) connection: Boxed<Connection<T, Key>>,
    expires: Duration,
}

impl<T, Key: PartialEq> Pool<T, Key> {
    pub(crate) fn new(limits: &Limits) -> Result<Self, Error> {
        let idle = room(limits.idle_total).map_err(|_| {
            Error::new(
                Phase::Request,
                Kind::NoResources,
                "no memory for the connection pool",
            )
        })?;
        Ok(Self {
            idle,
            total: limits.idle_total,
            per_origin: limits.idle_per_origin,
            timeout: limits.idle_timeout,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.idle.len()
    }

    /// The connection for `url`, `key` and `proxy` that was used last.
    pub(crate) fn take(
        &mut self,
        url: &Url,
        key: &Key,
        proxy: Option<&[u8; 32]>,
    ) -> Option<Boxed<Connection<T, Key>>> {
        let at = self.idle.iter().rposition(|Idle { connection, .. }| {
            connection.origin.serves(url)
                && connection.key == *key
                && connection.proxy.as_ref() == proxy
        })?;
        self.take_at(at)
    }

    /// Keeps `connection` if the pool keeps any; gives whether it did, and the connection for which
    /// there is no room now: the oldest of the same origin and key, the oldest of all, or itself.
    pub(crate) fn put(
        &mut self,
        connection: Boxed<Connection<T, Key>>,
        now: Duration,
    ) -> (bool, Option<Boxed<Connection<T, Key>>>) {
        if self.total == 0 || self.per_origin == 0 {
            return (false, Some(connection));
        }
        let is_alike = |idle: &Idle<T, Key>| {
            idle.connection.origin.is(&connection.origin)
                && idle.connection.key == connection.key
                && idle.connection.proxy == connection.proxy
        };
        let alike = self.idle.iter().filter(|idle| is_alike(idle)).count();
        let evict = match () {
            () if alike >= self.per_origin => self.idle.iter().position(is_alike),
            () if self.idle.len() >= self.total => Some(0),
            () => None,
        };
        let evicted = evict.and_then(|at| self.take_at(at));
        if self.idle.len() >= self.idle.capacity() {
            return (false, Some(connection));
        }
        self.idle.push(Idle {
            connection,
            expires: now.saturating_add(self.timeout),
        });
        (true, evicted)
    }

    pub(crate) fn take_expired(&mut self, now: Duration) -> Option<Boxed<Connection<T, Key>>> {
        let first = self.idle.first()?;
        match first.expires <= now {
            true => self.take_at(0),
            false => None,
        }
    }

    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        self.idle.first().map(|idle| idle.expires)
    }

    pub(crate) fn pop(&mut self) -> Option<Boxed<Connection<T, Key>>> {
        self.idle.pop().map(|idle| idle.connection)
    }

    /// Takes the connection with this number out, to look at it.
    pub(crate) fn take_nth(&mut self, at: usize) -> Option<Idle<T, Key>> {
        (at < self.idle.len()).then(|| self.idle.remove(at))
    }

    /// Puts one back that was taken out so; gives it back if there is no room any more.
    pub(crate) fn put_back(&mut self, at: usize, idle: Idle<T, Key>) -> Option<Idle<T, Key>> {
        if self.idle.len() >= self.idle.capacity() {
            return Some(idle);
        }
        self.idle.insert(at.min(self.idle.len()), idle);
        None
    }

    fn take_at(&mut self, at: usize) -> Option<Boxed<Connection<T, Key>>> {
        (at < self.idle.len()).then(|| self.idle.remove(at).connection)
    }
}
