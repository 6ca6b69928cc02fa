//! A case, played through the whole client.

use std::cell::RefCell;
use std::rc::Rc;

use spin::mutex::SpinMutex;
use wskhttp_core::io::{Clock as _, ConnectionInfo, Error};
use wskhttp_http::{
    Agent, Body, Call, Client, CloseReason, Deadlines, Exchange, Outcome, Policy, ProxyConnect,
    Request, Response, ResponseHead, Url,
};

use crate::case::{self, Case, Framing, Write};
use crate::clock::Clock;
use crate::server::{Connector, Heard, Server};

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What the client saw of each request.
    pub seen: Vec<Seen>,
    /// What the server received.
    pub heard: Vec<Heard>,
    pub(crate) connections: usize,
    /// The client waited for something that never comes.
    pub stuck: bool,
}

/// What the client saw of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Why there is no complete response.
    pub error: Option<Error>,
    /// Of the response; `None` without a complete head.
    pub status: Option<u16>,
    /// 0 or 1.
    pub minor_version: u8,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// Names and values, in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// All that came of the body.
    pub body: Vec<u8>,
    /// Which connection, counted from 1; 0 if there was none.
    pub connection: u16,
    /// The connection had served another request.
    pub on_used: bool,
    /// The connection is kept for another request.
    pub kept: bool,
    /// Why it is not.
    pub closed: Option<CloseReason>,
    /// Redirects that were followed.
    pub hops: u32,
}

type Lock = SpinMutex<()>;

type Link = ProxyConnect<Connector, Clock>;

/// Plays `case` against a server that writes so many bytes at once.
#[must_use]
pub fn play(case: &Case, write: Write) -> Played {
    let clock = Clock::new();
    let server = Rc::new(RefCell::new(Server::new(&case.replies)));
    let connect = Connector {
        server: server.clone(),
        clock: clock.clone(),
        write: write.size(),
    };
    let connect = Link::new(connect, clock.clone());
    let mut played = Played::default();
    let client: Client<Link, Clock, Lock> =
        match Client::new(connect, clock.clone(), case.options.limits) {
            Ok(client) => client,
            Err(error) => {
                played.seen.push(Seen {
                    error: Some(error),
                    ..Seen::default()
                });
                return played;
            }
        };
    let agent = Agent::over(client);
    for request in &case.requests {
        clock.advance(request.after);
        let mut seen = Seen::default();
        let result = match case.options.policy {
            None => clock.run(exchange(agent.client(), case, request, &mut seen)),
            Some(policy) => clock.run(call(&agent, policy, case, request, &mut seen)),
        };
        played.stuck |= result.is_none();
        if let Some(Err(error)) = result {
            seen.error = Some(error);
        }
        played.seen.push(seen);
    }
    let server = server.borrow();
    played.heard.clone_from(&server.requests);
    played.connections = server.connections;
    played
}

/// One request and its response.
async fn exchange(
    client: &Client<Link, Clock, Lock>,
    case: &Case,
    asked: &case::Request,
    seen: &mut Seen,
) -> Result<(), Error> {
    let url = Url::parse(&asked.url)?;
    let request = Request::new(&asked.method, &url, &asked.headers, asked.framed())?;
    let deadlines = deadlines(client.clock(), case, asked);
    let mut exchange = client.send(&request, &asked.key, deadlines).await?;
    seen.connection(exchange.info(), exchange.reused());
    if asked.is_streamed() {
        exchange
            .write(asked.body.as_deref().unwrap_or_default())
            .await?;
        exchange.finish().await?;
    }
    let result = receive(&mut exchange, asked, seen).await;
    seen.done(exchange.done().await);
    result
}

/// One request and all that the agent's policy does for it.
async fn call(
    agent: &Agent<Link, Clock, Lock>,
    policy: Policy,
    case: &Case,
    asked: &case::Request,
    seen: &mut Seen,
) -> Result<(), Error> {
    let proxies = case.options.proxies()?;
    let credentials = case.options.credentials()?;
    let call = Call::new(&asked.method, &asked.url)
        .lines(&asked.headers)
        .body(asked.framed())
        .policy(policy)
        .proxies(proxies.as_ref())
        .credentials(credentials.as_ref())
        .deadlines(deadlines(agent.client().clock(), case, asked));
    let mut response = match asked.is_streamed() {
        false => agent.send(call, &asked.key).await?,
        true => {
            let mut upload = agent.upload(call, &asked.key).await?;
            upload
                .write(asked.body.as_deref().unwrap_or_default())
                .await?;
            upload.finish().await?
        }
    };
    seen.connection(response.info(), response.reused());
    seen.hops = response.hops();
    let result = receive_response(&mut response, asked, seen).await;
    seen.done(response.done().await);
    result
}

fn deadlines(clock: &Clock, case: &Case, asked: &case::Request) -> Deadlines {
    let now = clock.now();
    let total = asked.timeout.or(case.options.timeout);
    Deadlines {
        connect: case.options.connect_timeout.map(|time| now + time),
        total: total.map(|time| now + time),
    }
}

async fn receive(
    exchange: &mut Exchange<'_, Link, Clock, Lock>,
    asked: &case::Request,
    seen: &mut Seen,
) -> Result<(), Error> {
    seen.head(exchange.response().await?);
    while let left @ 1.. = asked.left(seen) {
        let count = seen.data(exchange.data().await?, left);
        if count == 0 {
            break;
        }
        exchange.consume(count);
    }
    Ok(())
}

async fn receive_response(
    response: &mut Response<'_, Link, Clock, Lock>,
    asked: &case::Request,
    seen: &mut Seen,
) -> Result<(), Error> {
    seen.head(response.head());
    while let left @ 1.. = asked.left(seen) {
        let count = seen.data(response.data().await?, left);
        if count == 0 {
            break;
        }
        response.consume(count);
    }
    Ok(())
}

impl Seen {
    fn connection(&mut self, info: &ConnectionInfo, reused: bool) {
        self.connection = info.remote.map_or(0, |remote| remote.port());
        self.on_used = reused;
    }

    fn head(&mut self, head: &ResponseHead) {
        self.status = Some(head.status());
        self.minor_version = head.minor_version();
        self.reason = head.reason().to_vec();
        let headers = head.headers();
        self.headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect();
    }

    /// Keeps at most `left` bytes of `data`; gives how many.
    fn data(&mut self, data: &[u8], left: usize) -> usize {
        let count = data.len().min(left);
        self.body.extend_from_slice(&data[..count]);
        count
    }

    fn done(&mut self, outcome: Outcome) {
        self.kept = outcome == Outcome::Pooled;
        if let Outcome::Closed(reason) = outcome {
            self.closed = Some(reason);
        }
    }
}

impl case::Request {
    fn is_streamed(&self) -> bool {
        matches!(self.framed(), Body::Sized(_) | Body::Chunked)
    }

    fn framed(&self) -> Body<'_> {
        match (&self.body, self.framing) {
            (None, Framing::Full | Framing::Sized) => Body::Empty,
            (_, Framing::Chunked) => Body::Chunked,
            (Some(body), Framing::Sized) => Body::Sized(body.len() as u64),
            (Some(body), Framing::Full) => Body::Full(body),
        }
    }

    /// Bytes of the body that are still to be read.
    fn left(&self, seen: &Seen) -> usize {
        self.read
            .unwrap_or(usize::MAX)
            .saturating_sub(seen.body.len())
    }
}
