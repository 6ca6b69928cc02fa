//! What the server saw: connections and how they ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// A copy of the log at one moment.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Of them open now.
    pub open: u64,
    /// The connections, oldest first; beyond 4096 the oldest that have ended are forgotten.
    pub connections: Vec<Connection>,
}

/// What is known about one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Counts from 1 over all ports.
    pub id: u64,
    /// Where it came in.
    pub port: Port,
    /// Negotiated TLS version, 0x0304 or 0x0303; 0 before the handshake or without TLS.
    pub tls: u16,
    /// Requests whose head was read, those for `/_...` not counted.
    pub requests: u64,
    /// The `tag` values of their queries, each once.
    pub tags: Vec<String>,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// A port of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP.
    Http,
    /// Accepts, reads and never says anything.
    Silent,
}

/// How a connection ended, by what the server saw first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client sent close_notify.
    CloseNotify,
    /// The client sent FIN (under TLS: without close_notify).
    Fin,
    /// The client reset the connection.
    Reset,
    /// The handshake failed.
    Handshake,
    /// The server reset the connection.
    ServerReset,
    /// The server closed and the client did not follow within ten seconds.
    Abandoned,
}

impl Log {
    /// The connections with a request whose query had `tag=TAG`.
    pub fn tagged<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Connection> {
        self.connections
            .iter()
            .filter(move |c| c.tags.iter().any(|t| t == tag))
    }

    /// As `/_log` gives it.
    #[must_use]
    pub fn to_json(&self, tag: Option<&str>) -> Value {
        let connections: Vec<_> = self
            .connections
            .iter()
            .filter(|c| tag.is_none_or(|tag| c.tags.iter().any(|t| t == tag)))
            .map(|c| {
                json!({
                    "id": c.id,
                    "port": c.port.name(),
                    "tls": c.tls,
                    "requests": c.requests,
                    "tags": c.tags,
                    "end": c.end.map(End::name),
                })
            })
            .collect();
        json!({ "accepted": self.accepted, "open": self.open, "connections": connections })
    }
}

impl Port {
    const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Silent => "silent",
        }
    }
}

impl End {
    const fn name(self) -> &'static str {
        match self {
            Self::CloseNotify => "close_notify",
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Handshake => "handshake",
            Self::ServerReset => "server_reset",
            Self::Abandoned => "abandoned",
        }
    }
}

/// The log while the server runs.
#[derive(Default)]
pub(crate) struct Journal {
    log: Mutex<State>,
}

/// One connection's own page of the journal. The first end that is noted stays.
#[derive(Clone)]
pub(crate) struct Page {
    journal: Arc<Journal>,
    id: u64,
}

#[derive(Default)]
struct State {
    accepted: u64,
    open: u64,
    connections: VecDeque<Connection>,
}

impl Journal {
    pub(crate) fn open(self: &Arc<Self>, port: Port) -> Page {
        let mut state = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        state.accepted += 1;
        state.open += 1;
        let id = state.accepted;
        if state.connections.len() >= KEPT
            && let Some(oldest) = state.connections.iter().position(|c| c.end.is_some())
        {
            state.connections.remove(oldest);
        }
        state.connections.push_back(Connection {
            id,
            port,
            tls: 0,
            requests: 0,
            tags: Vec::new(),
            end: None,
        });
        Page {
            journal: Arc::clone(self),
            id,
        }
    }

    pub(crate) fn copy(&self) -> Log {
        let state = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        Log {
            accepted: state.accepted,
            open: state.open,
            connections: state.connections.iter().cloned().collect(),
        }
    }
}

impl Page {
    pub(crate) fn tls(&self, version: u16) {
        self.with(|_, connection| connection.tls = version);
    }

    pub(crate) fn request(&self, tag: Option<&str>) {
        self.with(|_, connection| {
            connection.requests += 1;
            if let Some(tag) = tag
                && !connection.tags.iter().any(|known| known == tag)
            {
                connection.tags.push(tag.to_owned());
            }
        });
    }

    pub(crate) fn end(&self, end: End) {
        self.with(|open, connection| {
            if connection.end.is_none() {
                connection.end = Some(end);
                *open -= 1;
            }
        });
    }

    fn with(&self, note: impl FnOnce(&mut u64, &mut Connection)) {
        let mut state = self
            .journal
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let State {
            open, connections, ..
        } = &mut *state;
        if let Some(connection) = connections.iter_mut().rfind(|c| c.id == self.id) {
            note(open, connection);
        }
    }
}

const KEPT: usize = 4096;
