//! The work of a handle's task: one request after the other.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use wdk_sys::{NTSTATUS, STATUS_BUFFER_OVERFLOW, STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS};
use wskhttp_abi::{CookiesHeader, Request, RequestFlags};
use wskhttp_core::exec::{Either, race};
use wskhttp_core::io::{Clock, Error, Kind, Phase, TlsInfo};
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::lock::RawSpinLock;
use wskhttp_core::nt::random;
use wskhttp_core::wsk::WskConnect;
use wskhttp_http::{Agent, Client, Jar, Limits, ProxyConnect, Response, Upload};
use wskhttp_tls::TlsConnect;
use zeroize::Zeroizing;

use crate::body::{Wait, fill};
use crate::buffer::buffer;
use crate::control;
use crate::handle::Handle;
use crate::machine::Machine;
use crate::plan::Plan;
use crate::queue::{Entry, Operation};
use crate::reply::{self, Reply};
use crate::trust::OwnTrust;

/// TLS with the target, over the tunnel of a proxy, over TLS with the proxy.
type Wire = TlsConnect<WskConnect, KernelClock>;
type Connector = TlsConnect<ProxyConnect<Wire, KernelClock>, KernelClock>;
type HandleAgent = Agent<Connector, KernelClock, RawSpinLock>;
type HandleUpload<'c, 'a> = Upload<'c, 'a, Connector, KernelClock, RawSpinLock>;
pub(crate) type HandleResponse<'c> = Response<'c, Connector, KernelClock, RawSpinLock>;

/// Serves a handle until it is closed. Its connections are its own: no other handle may use them.
pub(crate) async fn serve(handle: &Handle) {
    let clock = &handle.services.clock;
    let mut agent = self::agent(handle);
    let mut idle = Idle {
        total: &handle.services.counters.idle,
        share: 0,
    };
    let mut session = Session::default();
    while let Some(front) = arrival(handle, agent.as_ref().ok(), &mut idle).await {
        if agent.is_err() {
            agent = self::agent(handle);
        }
        let agent = match &agent {
            Ok(agent) => agent,
            Err(error) => {
                handle.conclude(Err(*error)).await;
                continue;
            }
        };
        if front.operation == Operation::Cookies {
            let now = clock.unix_time();
            handle.conclude(cookies(front, &mut session.jar, now)).await;
            continue;
        }
        let arrived = clock.now();
        let requested = request(handle, agent, arrived, &mut session);
        match handle.abortable(requested).await {
            Ok(Finished {
                response,
                status,
                information,
                flags,
            }) => {
                handle.conclude(Ok((status, information))).await;
                let done = async {
                    response.done().await;
                    if flags.contains(RequestFlags::NO_REUSE) {
                        agent.client().drain_idle().await;
                    }
                };
                handle.between_requests(done).await;
            }
            Err(error) => handle.conclude(Err(error)).await,
        }
    }
    if let Ok(agent) = &agent {
        agent.client().drain_idle().await;
    }
    idle.set(0);
}

fn agent(handle: &Handle) -> Result<HandleAgent, Error> {
    let clock = &handle.services.clock;
    let connector = handle.services.connector(handle.process());
    let wire = TlsConnect::new(connector, clock.clone());
    let through = ProxyConnect::over_tls(wire, clock.clone());
    let connector = TlsConnect::new(through, clock.clone());
    let client = Client::new(connector, clock.clone(), limits())?;
    let mut seed = [0; 32];
    random::fill(&mut seed)?;
    Ok(Agent::over(client).seed(seed))
}

/// What a handle keeps from one request to the next, besides its connections.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) jar: Jar,
    pub(crate) machine: Machine,
    pub(crate) trust: OwnTrust,
}

/// Answers IOCTL_WSKHTTP_QUERY_COOKIES.
fn cookies(front: Entry, jar: &mut Jar, now: Duration) -> Result<(NTSTATUS, usize), Error> {
    let mut text = Zeroizing::new(Vec::new());
    jar.write(&mut text, now)?;
    // SAFETY: the IRP stays pending until it is completed with what this gives.
    let out = unsafe { buffer(front) }?;
    let information = CookiesHeader::write(&text, out).ok_or(invalid("the output is too short"))?;
    let whole = size_of::<CookiesHeader>().saturating_add(text.len()) == information;
    Ok(match whole {
        true => (STATUS_SUCCESS, information),
        false => (STATUS_BUFFER_OVERFLOW, information),
    })
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
    response: HandleResponse<'c>,
    status: NTSTATUS,
    information: usize,
    flags: RequestFlags,
}

/// Waits for an IRP, and meanwhile closes connections that have been idle for too long or that the peer
/// has closed. `None` when the handle has ended.
async fn arrival(
    handle: &Handle,
    agent: Option<&HandleAgent>,
    idle: &mut Idle<'_>,
) -> Option<Entry> {
    loop {
        let client = agent.map(HandleAgent::client);
        idle.set(client.map_or(0, Client::idle));
        let Some(client) = client else {
            return handle.next().await;
        };
        match race(handle.next(), client.tend_idle()).await {
            Either::First(next) => return next,
            Either::Second(()) => {}
        }
    }
}

/// One request from SEND_REQUEST to the end of the body.
async fn request<'c>(
    handle: &Handle,
    agent: &'c HandleAgent,
    arrived: Duration,
    session: &mut Session,
) -> Result<Finished<'c>, Error> {
    let (mut response, flags) = respond_to(handle, agent, arrived, session).await?;
    let first_byte = handle.services.clock.now().saturating_sub(arrived);
    loop {
        let front = next(handle).await?;
        if !matches!(front.operation, Operation::Send | Operation::Receive) {
            handle.complete_front(STATUS_INVALID_DEVICE_STATE, 0).await;
            continue;
        }
        // SAFETY: the IRP stays pending until it is completed below.
        let out = unsafe { buffer(front) }?;
        match Reply::write(handle, &mut response, out, flags, arrived, first_byte).await? {
            Reply::Overflow {
                status,
                information,
            } => {
                handle.complete_front(status, information).await;
            }
            Reply::Head { information, late } => {
                handle.complete_front(STATUS_SUCCESS, information).await;
                return read(handle, response, flags, late).await;
            }
            Reply::Whole { information } => {
                return Ok(Finished {
                    response,
                    status: STATUS_SUCCESS,
                    information,
                    flags,
                });
            }
        }
    }
}

/// Sends the request, its body with it or streamed, and waits for the head of the final response.
async fn respond_to<'c>(
    handle: &Handle,
    agent: &'c HandleAgent,
    arrived: Duration,
    session: &mut Session,
) -> Result<(HandleResponse<'c>, RequestFlags), Error> {
    let first = next(handle).await?;
    // SAFETY: the IRP stays pending while the message is used: until the response is there, or until
    // it is completed below.
    let message = Request::parse(unsafe { control::input(first.irp.0) })
        .map_err(|_| invalid("the request message is malformed"))?;
    let flags = message.flags;
    handle.set_peer(Vec::new());
    handle.services.admission.admit(handle.process())?;
    if flags.contains(RequestFlags::NO_REUSE) {
        agent.client().drain_idle().await;
    }
    let plan = Plan::new(handle, &message, arrived, session)?;
    let by_own_roots = message.roots.is_empty();
    let jar = &mut session.jar;
    let sent = async {
        if flags.contains(RequestFlags::STREAM_BODY) {
            let call = plan.call(&message, Plan::streamed(&message), jar);
            let upload = agent.upload(call, plan.keys()).await?;
            handle.complete_front(STATUS_SUCCESS, 0).await;
            stream(handle, upload).await
        } else {
            let call = plan.call(&message, Plan::at_hand(&message), jar);
            agent.send(call, plan.keys()).await
        }
    };
    let sent = sent.await;
    let refused = plan.take_refused();
    if plan.keep_peer && sent.is_err() {
        handle.set_peer(refused);
    }
    let response = sent?;
    let full = |tls: TlsInfo| !tls.resumed;
    if by_own_roots && !response.reused() && response.info().tls.is_some_and(full) {
        handle.services.trust.note_time(&handle.services.clock);
    }
    if plan.keep_peer {
        handle.set_peer(reply::peer(&response)?);
    }
    Ok((response, flags))
}

/// Sends what is written until the response is asked for, which is then at the front of the queue.
async fn stream<'c>(
    handle: &Handle,
    mut upload: HandleUpload<'c, '_>,
) -> Result<HandleResponse<'c>, Error> {
    loop {
        let front = next(handle).await?;
        match front.operation {
            Operation::Write => {
                // SAFETY: the IRP stays pending until it is completed below.
                let data = unsafe { buffer(front) }?;
                let taken = write(&mut upload, data).await?;
                handle.complete_front(STATUS_SUCCESS, taken).await;
            }
            Operation::Receive => return upload.finish().await,
            _ => handle.complete_front(STATUS_INVALID_DEVICE_STATE, 0).await,
        }
    }
}

/// Sends all of `data`, or less because the response has come; gives how much.
async fn write(upload: &mut HandleUpload<'_, '_>, data: &[u8]) -> Result<usize, Error> {
    let mut taken = 0;
    while let Some(left @ [_, ..]) = data.get(taken..) {
        match upload.write_some(left).await? {
            0 => break,
            more => taken += more,
        }
    }
    Ok(taken)
}

/// Serves reads until the body ends, or has ended: with `late`, once its first bytes were delivered.
async fn read<'c>(
    handle: &Handle,
    mut response: HandleResponse<'c>,
    flags: RequestFlags,
    mut late: Option<Error>,
) -> Result<Finished<'c>, Error> {
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
        let filled = fill(handle, &mut response, out, Wait::Some).await?;
        late = filled.late;
        if filled.complete {
            return Ok(Finished {
                response,
                status: STATUS_SUCCESS,
                information: filled.bytes,
                flags,
            });
        }
        handle.complete_front(STATUS_SUCCESS, filled.bytes).await;
    }
}

async fn next(handle: &Handle) -> Result<Entry, Error> {
    handle.next().await.ok_or(Error::new(
        Phase::Request,
        Kind::Canceled,
        "the handle was closed",
    ))
}

/// A handle carries one request at a time, so it never has two active connections, whatever the bounds
/// of those, nor two idle ones to one origin. How many handles there are is bounded, too.
fn limits() -> Limits {
    Limits {
        idle_total: 4,
        idle_per_origin: 1,
        ..Limits::default()
    }
}

pub(crate) const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}
