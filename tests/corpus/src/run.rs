//! A case, played through the whole client.

use std::cell::RefCell;
use std::rc::Rc;

use spin::mutex::SpinMutex;
use wskhttp_core::io::{Clock as _, Error};
use wskhttp_http::{Body, Client, CloseReason, Deadlines, Exchange, Outcome, Request, Url};

use crate::case::{Case, Framing, Write};
use crate::clock::Clock;
use crate::server::{Connector, Heard, Server};

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What the client saw of each request.
    pub seen: Vec<Seen>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) connections: usize,
    /// The client waited for something that never comes.
    pub(crate) stuck: bool,
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
}

type Lock = SpinMutex<()>;

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
    let mut played = Played::default();
    let client: Client<Connector, Clock, Lock> =
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
    for request in &case.requests {
        clock.advance(request.after);
        let mut seen = Seen::default();
        let result = clock.run(one(&client, case, request, &mut seen));
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

async fn one(
    client: &Client<Connector, Clock, Lock>,
    case: &Case,
    asked: &crate::case::Request,
    seen: &mut Seen,
) -> Result<(), Error> {
    let url = Url::parse(&asked.url)?;
    let body = asked.body.as_deref().unwrap_or_default();
    let framed = match (&asked.body, asked.framing) {
        (None, Framing::Full | Framing::Sized) => Body::Empty,
        (_, Framing::Chunked) => Body::Chunked,
        (Some(body), Framing::Sized) => Body::Sized(body.len() as u64),
        (Some(body), Framing::Full) => Body::Full(body),
    };
    let request = Request::new(&asked.method, &url, &asked.headers, framed)?;
    let now = client.clock().now();
    let total = asked.timeout.or(case.options.timeout);
    let deadlines = Deadlines {
        connect: case.options.connect_timeout.map(|time| now + time),
        total: total.map(|time| now + time),
    };
    let mut exchange = client.send(&request, &asked.key, deadlines).await?;
    let remote = exchange.info().remote;
    seen.connection = remote.map_or(0, |remote| remote.port());
    seen.on_used = exchange.reused();
    if matches!(framed, Body::Sized(_) | Body::Chunked) {
        exchange.write(body).await?;
        exchange.finish().await?;
    }
    let read = asked.read.unwrap_or(usize::MAX);
    let result = receive(&mut exchange, read, seen).await;
    let outcome = exchange.done().await;
    seen.kept = outcome == Outcome::Pooled;
    if let Outcome::Closed(reason) = outcome {
        seen.closed = Some(reason);
    }
    result
}

async fn receive(
    exchange: &mut Exchange<'_, Connector, Clock, Lock>,
    read: usize,
    seen: &mut Seen,
) -> Result<(), Error> {
    let head = exchange.response().await?;
    seen.status = Some(head.status());
    seen.minor_version = head.minor_version();
    seen.reason = head.reason().to_vec();
    let headers = head
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_vec()));
    seen.headers = headers.collect();
    while seen.body.len() < read {
        let data = exchange.data().await?;
        if data.is_empty() {
            break;
        }
        let count = data.len().min(read - seen.body.len());
        seen.body.extend_from_slice(&data[..count]);
        exchange.consume(count);
    }
    Ok(())
}
