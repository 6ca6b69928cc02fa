//! The server of a case: it answers each request in turn, on whichever connection it comes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use wskhttp_core::io::{Connect, ConnectionInfo, Error, Kind, Phase, Target};

use crate::case::{End, Piece, Reply, When};
use crate::clock::Clock;
use crate::transport::Connection;

/// Gives connections to one server.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) server: Rc<RefCell<Server>>,
    pub(crate) clock: Clock,
    /// Most bytes that arrive at once.
    pub(crate) write: usize,
}

/// What the server has left to say, and what it has heard.
#[derive(Debug, Default)]
pub(crate) struct Server {
    replies: VecDeque<Reply>,
    /// Connections made so far.
    pub(crate) connections: usize,
    /// Requests received so far, each as it came.
    pub(crate) requests: Vec<Heard>,
}

/// A request that the server received.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Head and body.
    pub bytes: Vec<u8>,
    /// Which connection, counted from 1.
    pub connection: usize,
    /// Scheme, host and port that the client connected to.
    pub to: String,
}

/// The server's side of one connection.
#[derive(Debug)]
pub(crate) struct Line {
    server: Rc<RefCell<Server>>,
    number: usize,
    to: String,
    /// The request that is arriving.
    partial: Vec<u8>,
    /// It was answered already.
    answered: bool,
    /// What is still to be sent.
    pub(crate) events: VecDeque<Event>,
}

/// What happens next on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Bytes, and how many of them were sent.
    Bytes(Vec<u8>, usize),
    Wait(Duration),
    Fin,
    Fail(Kind),
}

impl Server {
    pub(crate) fn new(replies: &[Reply]) -> Self {
        Self {
            replies: replies.iter().cloned().collect(),
            ..Self::default()
        }
    }

    fn next_if(&mut self, whens: &[When]) -> Option<Reply> {
        let next = self.replies.front()?;
        match whens.contains(&next.when) {
            true => self.replies.pop_front(),
            false => None,
        }
    }
}

impl Connect for Connector {
    type Transport = Connection;
    type Key = u64;

    async fn connect(
        &self,
        target: &Target<'_>,
        _: &u64,
        info: &mut ConnectionInfo,
    ) -> Result<Connection, Error> {
        let mut server = self.server.borrow_mut();
        if server.next_if(&[When::Refused]).is_some() {
            return Err(Error::new(
                Phase::Connect,
                Kind::ConnectionRefused,
                "the case refuses this connection",
            ));
        }
        server.connections += 1;
        let number = server.connections;
        let host = match target.host.contains(':') {
            true => format!("[{}]", target.host),
            false => target.host.to_owned(),
        };
        let scheme = format!("{:?}", target.scheme).to_lowercase();
        info.remote = u16::try_from(number)
            .ok()
            .map(|port| ([192, 0, 2, 1], port).into());
        let mut line = Line {
            server: self.server.clone(),
            number,
            to: format!("{scheme}://{host}:{}", target.port),
            partial: Vec::new(),
            answered: false,
            events: VecDeque::new(),
        };
        if let Some(reply) = server.next_if(&[When::Connect]) {
            line.answered = true;
            line.push(reply);
        }
        Ok(Connection::new(line, self.clock.clone(), self.write))
    }
}

impl Line {
    /// The client has sent `bytes`.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(head) = head_end(&self.partial) {
            let server = self.server.clone();
            let mut server = server.borrow_mut();
            if !self.answered
                && let Some(reply) = server.next_if(&[When::Head])
            {
                self.answered = !reply.is_interim();
                self.push(reply);
            }
            let Some(end) = request_end(&self.partial, head) else {
                return;
            };
            let bytes = self.partial.drain(..end).collect();
            server.requests.push(Heard {
                bytes,
                connection: self.number,
                to: self.to.clone(),
            });
            if !self.answered
                && let Some(reply) = server.next_if(&[When::Request])
            {
                self.push(reply);
            }
            self.answered = false;
        }
    }

    fn push(&mut self, reply: Reply) {
        for piece in reply.pieces {
            self.events.push_back(match piece {
                Piece::Bytes(bytes) => Event::Bytes(bytes, 0),
                Piece::Wait(time) => Event::Wait(time),
            });
        }
        self.events.extend(match reply.end {
            End::Open => None,
            End::Fin => Some(Event::Fin),
            End::Reset => Some(Event::Fail(Kind::ConnectionReset)),
            End::NoCloseNotify => Some(Event::Fail(Kind::TlsTruncated)),
        });
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    Some(at + 4)
}

/// Where a request ends whose head ends at `head`. Its framing is our client's, and so simple.
fn request_end(bytes: &[u8], head: usize) -> Option<usize> {
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    };
    if field("transfer-encoding").is_some() {
        let mut at = head;
        loop {
            let rest = bytes.get(at..)?;
            let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let digits = String::from_utf8_lossy(&rest[..line]).into_owned();
            let size = usize::from_str_radix(&digits, 16).ok()?;
            at += line + 2 + size;
            if size == 0 {
                // Trailers, if any, end with an empty line too.
                let rest = bytes.get(at..)?;
                if rest.starts_with(b"\r\n") {
                    return Some(at + 2);
                }
                return head_end(rest).map(|end| at + end);
            }
            at += 2;
        }
    }
    let length = field("content-length").map_or(0, |digits| digits.parse().unwrap_or(0));
    (bytes.len() >= head + length).then_some(head + length)
}
