//! A case: what the server sends, what the client asks for, and what must come of it.

mod bytes;
mod encoding;
mod expect;
mod fields;
mod options;
mod read;
mod reply;
mod request;

use std::time::Duration;

use wskhttp_http::{Limits, Policy};

pub(crate) use bytes::Piece;
pub use expect::Expect;
pub(crate) use expect::Sent;
pub use read::read_file;
pub(crate) use reply::{End, Reply, When};
pub(crate) use request::{Framing, Request};

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file's name, and the place in it if it has several cases.
    pub name: String,
    /// What the client does, in turn.
    pub(crate) requests: Vec<Request>,
    /// What the server answers, in turn.
    pub(crate) replies: Vec<Reply>,
    /// What must come of each request; `None` where the case says nothing.
    pub(crate) expect: Vec<Option<Expect>>,
    /// What must be true at the end.
    pub(crate) whole: Whole,
    pub(crate) options: Options,
    /// In which ways the bytes arrive.
    pub writes: Vec<Write>,
    /// Fields at the top that mean nothing to the runner.
    pub unused: Vec<String>,
}

/// How many bytes the server writes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// At most so many.
    Bytes(usize),
    /// All that it has, up to the next wait.
    All,
}

/// What must be true of a whole case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    /// Connections made.
    pub(crate) connections: Option<usize>,
    /// Requests that the server received.
    pub(crate) requests: Option<usize>,
    /// What the server heard, in the order in which it came, however the client came to send it.
    pub(crate) heard: Vec<Sent>,
    /// All requests went over one connection; or the last one over another.
    pub(crate) one_connection: Option<bool>,
}

/// Options of the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// For one request as a whole.
    pub(crate) timeout: Option<Duration>,
    /// For its connection.
    pub(crate) connect_timeout: Option<Duration>,
    /// What an agent does besides; without, there is only a client.
    pub(crate) policy: Option<Policy>,
    /// Proxies and the hosts for which there is none, as WinHTTP writes them.
    pub(crate) proxy: Option<(String, String)>,
    pub(crate) login: Option<Login>,
}

/// What the client may say of itself.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Basic(String, String),
    Digest(String, String),
    Bearer(String),
}

impl Case {
    /// A case that expects nothing: requests `METHOD URL`, and replies with how they end.
    #[must_use]
    pub fn scripted(requests: &[(&str, &str)], replies: Vec<(Vec<u8>, Ending)>) -> Self {
        let requests = requests.iter().map(|(method, url)| Request {
            method: (*method).to_owned(),
            url: (*url).to_owned(),
            ..Request::default()
        });
        let replies = replies.into_iter().map(|(bytes, end)| Reply {
            when: When::Request,
            pieces: vec![Piece::Bytes(bytes)],
            end: end.into(),
        });
        Self {
            name: String::new(),
            requests: requests.collect(),
            replies: replies.collect(),
            expect: Vec::new(),
            whole: Whole::default(),
            options: Options::default(),
            writes: vec![Write::Bytes(1), Write::Bytes(7), Write::All],
            unused: Vec::new(),
        }
    }

    /// The same case with other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// The same case through an agent.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.options.policy = Some(policy);
        self
    }

    /// The same case with these header lines in each request.
    #[must_use]
    pub fn header_lines(mut self, lines: &[u8]) -> Self {
        for request in &mut self.requests {
            request.headers = lines.to_vec();
        }
        self
    }

    /// The same case with the reply cut off after `length` bytes, and this end then. `None` if it has
    /// not one request and one reply, without waits.
    #[must_use]
    pub fn cut(&self, length: usize, ending: Ending) -> Option<Self> {
        let ([_], [reply]) = (self.requests.as_slice(), self.replies.as_slice()) else {
            return None;
        };
        let waits = reply
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Wait(_)));
        if waits || reply.when != When::Request || self.options.policy.is_some() {
            return None;
        }
        let mut sent = self.sent();
        sent.truncate(length);
        let mut case = self.clone();
        case.replies = vec![Reply {
            when: When::Request,
            pieces: vec![Piece::Bytes(sent)],
            end: ending.into(),
        }];
        Some(case)
    }

    /// How many requests the client makes, apart from those that it makes by itself.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.requests.len()
    }

    /// All bytes that the server sends, of all replies.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        let pieces = self.replies.iter().flat_map(|reply| &reply.pieces);
        let bytes = pieces.filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes.as_slice()),
            Piece::Wait(_) => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }
}

/// What the server does after its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing.
    Open,
    /// It ends its side.
    Fin,
    /// It resets the connection.
    Reset,
}

impl From<Ending> for End {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Open => Self::Open,
            Ending::Fin => Self::Fin,
            Ending::Reset => Self::Reset,
        }
    }
}

impl Write {
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Bytes(count) => count,
            Self::All => usize::MAX,
        }
    }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(count) => write!(f, "{count}"),
            Self::All => write!(f, "all"),
        }
    }
}
