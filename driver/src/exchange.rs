//! The work of a handle's task: one request after the other.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use wdk_sys::{NTSTATUS, STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS};
use wskhttp_abi::{
    Request, RequestFlags, RequestHeader, ResponseFlags, ResponseHeader, WriteError,
};
use wskhttp_core::exec::{Either, race};
use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::lock::RawSpinLock;
use wskhttp_core::wsk::WskConnect;
use wskhttp_http::{Body, Client, Deadlines, Exchange, Limits, Url};
use wskhttp_tls::{TlsConnect, TlsKey};

use crate::body::{Filled, Wait, fill};
use crate::buffer::buffer;
use crate::control;
use crate::handle::Handle;
use crate::queue::{Entry, Operation, Pending};
use crate::reply;

type Connector = TlsConnect<WskConnect, KernelClock>;
type HandleClient = Client<Connector, KernelClock, RawSpinLock>;
pub(crate) type HandleExchange<'c> = Exchange<'c, Connector, KernelClock, RawSpinLock>;

/// Serves a handle until it is closed. Its connections are its own: no other handle may use them.
pub(crate) async fn serve(handle: &Handle) {
    let clock = &handle.services.clock;
    let connector = TlsConnect::new(handle.services.connector(handle.process()), clock.clone());
    let client = HandleClient::new(connector, clock.clone(), limits());
    let mut idle = Idle {
        total: &handle.services.counters.idle,
        share: 0,
    };
    while arrival(handle, client.as_ref().ok(), &mut idle).await {
        let client = match &client {
            Ok(client) => client,
            Err(error) => {
                handle.conclude(Err(*error)).await;
                continue;
            }
        };
        let arrived = clock.now();
        match handle.abortable(request(handle, client, arrived)).await {
            Ok(Finished {
                exchange,
                status,
                information,
                flags,
            }) => {
                handle.conclude(Ok((status, information))).await;
                exchange.done().await;
                if flags.contains(RequestFlags::NO_REUSE) {
                    client.drain_idle().await;
                }
            }
            Err(error) => handle.conclude(Err(error)).await,
        }
    }
    if let Ok(client) = &client {
        client.drain_idle().await;
    }
    idle.set(0);
}

/// This handle's share of the counter of idle connections.
struct Idle<'a> {
    total: &'a AtomicU32,
    share: u32,
}

impl Idle<'_> {
    fn set(&mut self, share: usize) {
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        self.total
            .fetch_add(share.wrapping_sub(self.share), Relaxed);
        self.share = share;
    }
}

/// A request whose response was delivered whole, but for the IRP that delivers the end.
struct Finished<'c> {
    exchange: HandleExchange<'c>,
    status: NTSTATUS,
    information: usize,
    flags: RequestFlags,
}

/// Waits for an IRP, and meanwhile closes connections that have been idle for too long. False when
/// the handle has ended.
async fn arrival(handle: &Handle, client: Option<&HandleClient>, idle: &mut Idle<'_>) -> bool {
    let clock = &handle.services.clock;
    loop {
        let expiry = client.and_then(HandleClient::close_expired);
        idle.set(client.map_or(0, HandleClient::idle));
        let Some(expiry) = expiry else {
            return handle.next().await.is_some();
        };
        match race(handle.next(), clock.sleep_until(expiry)).await {
            Either::First(next) => return next.is_some(),
            Either::Second(()) => {}
        }
    }
}

/// One request from SEND_REQUEST to the end of the body.
async fn request<'c>(
    handle: &Handle,
    client: &'c HandleClient,
    arrived: Duration,
) -> Result<Finished<'c>, Error> {
    let first = next(handle).await?;
    let (mut exchange, flags) = send(handle, client, first.irp, arrived).await?;
    if flags.contains(RequestFlags::STREAM_BODY) {
        handle.complete_front(STATUS_SUCCESS, 0).await;
        stream(handle, &mut exchange).await?;
    }
    exchange.response().await?;
    let first_byte = handle.services.clock.now().saturating_sub(arrived);
    loop {
        let front = next(handle).await?;
        if !matches!(front.operation, Operation::Send | Operation::Receive) {
            handle.complete_front(STATUS_INVALID_DEVICE_STATE, 0).await;
            continue;
        }
        // SAFETY: the IRP stays pending until it is completed below.
        let out = unsafe { buffer(front) }?;
        match respond(handle, &mut exchange, out, flags, arrived, first_byte).await? {
            Response::Overflow {
                status,
                information,
            } => {
                handle.complete_front(status, information).await;
            }
            Response::Head { information } => {
                handle.complete_front(STATUS_SUCCESS, information).await;
                return read(handle, exchange, flags).await;
            }
            Response::Whole { information } => {
                return Ok(Finished {
                    exchange,
                    status: STATUS_SUCCESS,
                    information,
                    flags,
                });
            }
        }
    }
}

/// Sends the head, and the body if it came with the message.
async fn send<'c>(
    handle: &Handle,
    client: &'c HandleClient,
    irp: Pending,
    arrived: Duration,
) -> Result<(HandleExchange<'c>, RequestFlags), Error> {
    // SAFETY: the IRP stays pending until the request has been sent.
    let message = Request::parse(unsafe { control::input(irp.0) })
        .map_err(|_| invalid("the request message is malformed"))?;
    let url = Url::parse(message.url)?;
    let body = match message.body_length {
        RequestHeader::CHUNKED => Body::Chunked,
        length if message.flags.contains(RequestFlags::STREAM_BODY) => Body::Sized(length),
        _ if message.body.is_empty() => Body::Empty,
        _ => Body::Full(message.body),
    };
    let request = wskhttp_http::Request::new(message.method, &url, message.headers, body)?;
    let key = TlsKey {
        config: handle.services.trust.config(message.roots)?,
        inner: (),
    };
    let after = |milliseconds: u32| {
        (milliseconds != 0)
            .then(|| arrived.saturating_add(Duration::from_millis(milliseconds.into())))
    };
    let connect = after(message.connect_timeout_ms)
        .or_else(|| Some(arrived.saturating_add(DEFAULT_CONNECT_TIMEOUT)));
    let deadlines = Deadlines {
        connect,
        total: after(message.total_timeout_ms),
    };
    if message.flags.contains(RequestFlags::NO_REUSE) {
        client.drain_idle().await;
    }
    let exchange = client.send(&request, &key, deadlines).await?;
    Ok((exchange, message.flags))
}

/// Sends what is written until the response is asked for, which is then at the front of the queue.
async fn stream(handle: &Handle, exchange: &mut HandleExchange<'_>) -> Result<(), Error> {
    loop {
        let front = next(handle).await?;
        match front.operation {
            Operation::Write => {
                // SAFETY: the IRP stays pending until it is completed below.
                let data = unsafe { buffer(front) }?;
                exchange.write(data).await?;
                handle.complete_front(STATUS_SUCCESS, data.len()).await;
            }
            Operation::Receive => return exchange.finish().await,
            _ => handle.complete_front(STATUS_INVALID_DEVICE_STATE, 0).await,
        }
    }
}

/// Serves reads until the body ends.
async fn read<'c>(
    handle: &Handle,
    mut exchange: HandleExchange<'c>,
    flags: RequestFlags,
) -> Result<Finished<'c>, Error> {
    let mut late = None;
    loop {
        let front = next(handle).await?;
        if front.operation != Operation::Read {
            handle.complete_front(STATUS_INVALID_DEVICE_STATE, 0).await;
            continue;
        }
        if let Some(error) = late {
            return Err(error);
        }
        // SAFETY: the IRP stays pending until it is completed below.
        let out = unsafe { buffer(front) }?;
        if out.is_empty() {
            handle.complete_front(STATUS_SUCCESS, 0).await;
            continue;
        }
        let filled = fill(&mut exchange, out, Wait::Some).await?;
        late = filled.late;
        if filled.complete {
            return Ok(Finished {
                exchange,
                status: STATUS_SUCCESS,
                information: filled.bytes,
                flags,
            });
        }
        handle.complete_front(STATUS_SUCCESS, filled.bytes).await;
    }
}

/// What became of an output buffer for a response.
enum Response {
    /// The head does not fit.
    Overflow {
        status: NTSTATUS,
        information: usize,
    },
    /// The head, and the beginning of the body.
    Head { information: usize },
    /// Everything.
    Whole { information: usize },
}

/// Writes the response message into `out`.
async fn respond(
    handle: &Handle,
    exchange: &mut HandleExchange<'_>,
    out: &mut [u8],
    flags: RequestFlags,
    arrived: Duration,
    first_byte: Duration,
) -> Result<Response, Error> {
    let mut header = ResponseHeader::default();
    let head = exchange.response().await?;
    header.status = head.status();
    header.minor_version = head.minor_version().into();
    header.content_length = head
        .content_length()
        .unwrap_or(ResponseHeader::UNKNOWN_LENGTH);
    header.first_byte_us = reply::micros(first_byte);
    let begun = header.begin(out, head.reason(), head.header_lines());
    reply::connection(&mut header, exchange.info(), exchange.reused());
    let at = match begun {
        Ok(at) => at,
        Err(error) => {
            let information = match error {
                WriteError::Overflow(written) => written,
                WriteError::TooSmall => 0,
            };
            return Ok(Response::Overflow {
                status: error.status(),
                information,
            });
        }
    };
    let wait = if flags.contains(RequestFlags::WHOLE_BODY) {
        Wait::All
    } else {
        Wait::Nothing
    };
    let filled = match out.get_mut(at..) {
        Some(room) => fill(exchange, room, wait).await?,
        None => Filled::default(),
    };
    if let Some(error) = filled.late {
        return Err(error);
    }
    let mut known = ResponseFlags::empty();
    known.set(ResponseFlags::BODY_COMPLETE, filled.complete);
    known.set(ResponseFlags::REUSED, exchange.reused());
    header.flags = known.bits();
    header.total_us = reply::micros(handle.services.clock.now().saturating_sub(arrived));
    let information = header
        .finish(out, filled.bytes)
        .map_err(|_| invalid("the output buffer is too small"))?;
    Ok(if filled.complete {
        Response::Whole { information }
    } else {
        Response::Head { information }
    })
}

async fn next(handle: &Handle) -> Result<Entry, Error> {
    handle.next().await.ok_or(Error::new(
        Phase::Request,
        Kind::Canceled,
        "the handle was closed",
    ))
}

/// A handle carries one request at a time, so it never has two idle connections to one origin.
fn limits() -> Limits {
    Limits {
        idle_total: 4,
        idle_per_origin: 1,
        ..Limits::default()
    }
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

/// Name resolution, connection and TLS together, unless the caller says otherwise.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
