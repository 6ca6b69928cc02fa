//! Requests brought to a known phase, with an operation pending that nothing will complete.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use wskhttp_abi::{RequestFlags, Response};
use wskhttp_client::{Device, Operation, Pending};

use crate::Context;
use crate::message::{FIXED, PATIENCE, expect, finish, get, message, send, status};
use crate::observer::until;

/// Where a request stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The DNS server does not answer: name look-up.
    LookUp,
    /// The server's host does not answer a SYN: TCP connect.
    Connect,
    /// The server accepts and says nothing: TLS handshake.
    Tls,
    /// The server has the request and does not answer.
    Head,
    /// As much of the body as will come has been read.
    Body,
    /// The server reads nothing, its window is closed.
    Upload,
}

/// A request that stands still.
pub(crate) struct Stalled {
    pub(crate) device: Device,
    pub(crate) pending: Box<dyn Pending>,
    phase: Phase,
    tag: String,
    accepted: u64,
}

impl Phase {
    /// All but [`Phase::LookUp`], which outlasts the request until the resolver gives it up.
    pub(crate) const ALL: [Self; 5] = [
        Self::Connect,
        Self::Tls,
        Self::Head,
        Self::Body,
        Self::Upload,
    ];

    /// Brings a request on a new handle there.
    pub(crate) fn reach(self, context: &Context, tag: &str) -> Result<Stalled> {
        let tag = format!("{tag}-{self:?}");
        let accepted = context.accepted()?;
        let mut device = context.device()?;
        let pending = match self {
            Self::LookUp => {
                let host = context.stalled_host.as_deref();
                let host = host.context("no host was given whose look-up stalls")?;
                unanswered(context, &mut device, &format!("https://{host}/"))?
            }
            Self::Connect => {
                let url = context.url_on(context.full_port()?);
                unanswered(context, &mut device, &url)?
            }
            Self::Tls => {
                let url = context.url_on(context.silent_port()?);
                let input = message(context, "GET", &url, RequestFlags::empty())?;
                let pending = device.start(send(input, vec![0; 4096]))?;
                until("a silent connection", || {
                    Ok(!context.seen_silent(accepted)?.is_empty())
                })?;
                pending
            }
            Self::Head => {
                let path = format!("/stall/head?tag={tag}");
                let input = get(context, &path, RequestFlags::empty())?;
                let pending = device.start(send(input, vec![0; 4096]))?;
                until("the request at the server", || {
                    Ok(!context.seen(&tag)?.is_empty())
                })?;
                pending
            }
            Self::Body => body(context, &mut device, &tag)?,
            Self::Upload => upload(context, &mut device, &tag)?,
        };
        Ok(Stalled {
            device,
            pending,
            phase: self,
            tag,
            accepted,
        })
    }
}

impl Stalled {
    /// Waits until the server has seen the connection end.
    pub(crate) fn wait_for_end(&self, context: &Context) -> Result<()> {
        wait_for_end(context, self.phase, &self.tag, self.accepted)
    }
}

fn wait_for_end(context: &Context, phase: Phase, tag: &str, accepted: u64) -> Result<()> {
    until(
        &format!("the connection's end at the server, {phase:?}"),
        || {
            let seen = match phase {
                // It has not seen the begin.
                Phase::LookUp | Phase::Connect => return Ok(true),
                Phase::Tls => context.seen_silent(accepted)?,
                Phase::Upload => {
                    context.release()?;
                    context.seen(tag)?
                }
                _ => context.seen(tag)?,
            };
            ensure!(!seen.is_empty(), "the server's log lost a connection");
            Ok(seen.iter().all(|connection| connection.end.is_some()))
        },
    )
}

/// A request that no server gets to see.
fn unanswered(context: &Context, device: &mut Device, url: &str) -> Result<Box<dyn Pending>> {
    let input = message(context, "GET", url, RequestFlags::empty())?;
    let mut pending = device.start(send(input, vec![0; 4096]))?;
    if let Some(done) = pending.wait(Some(UNDER_WAY)) {
        bail!("{url}: ended with status 0x{:08X}", done.status);
    }
    Ok(pending)
}

fn body(context: &Context, device: &mut Device, tag: &str) -> Result<Box<dyn Pending>> {
    let path = format!("/stall/body?tag={tag}");
    let input = get(context, &path, RequestFlags::empty())?;
    let done = finish(device, send(input, vec![0; FIXED + 700]))?;
    expect(&done, status::SUCCESS, "the head before the stall")?;
    let mut got = Response::parse(done.bytes())
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .body
        .len();
    while got < STALLED_AFTER {
        let done = finish(device, Operation::Read(vec![0; 600]))?;
        expect(&done, status::SUCCESS, "the body before the stall")?;
        ensure!(done.information > 0, "the body ended after {got} bytes");
        got += done.information;
    }
    ensure!(got == STALLED_AFTER, "{got} bytes came before the stall");
    Ok(device.start(Operation::Read(vec![0; 600]))?)
}

fn upload(context: &Context, device: &mut Device, tag: &str) -> Result<Box<dyn Pending>> {
    let url = context.url(&format!("/stall/upload?tag={tag}"));
    let input = message(context, "POST", &url, RequestFlags::STREAM_BODY)?;
    let done = finish(device, send(input, Vec::new()))?;
    expect(&done, status::SUCCESS, "the upload's begin")?;
    until("the upload at the server", || {
        if context.seen(tag)?.is_empty() {
            // The head may wait in a buffer for the first bytes of the body.
            let done = finish(device, Operation::Write(vec![1; 1024]))?;
            expect(&done, status::SUCCESS, "the upload's first bytes")?;
            return Ok(false);
        }
        Ok(true)
    })?;
    // More than a window and the buffers on the way take, so that nothing but a cancel ends it.
    let mut pending = device.start(Operation::Write(vec![2; WINDOW_MOST << 20]))?;
    if let Some(done) = pending.wait(Some(FILLED)) {
        let status = done.status;
        bail!("{WINDOW_MOST} MiB that nobody reads ended with status 0x{status:08X}");
    }
    Ok(pending)
}

/// Bytes of body that `/stall/body` sends.
const STALLED_AFTER: usize = 1000;
/// MiB that a window and the buffers on the way may take.
const WINDOW_MOST: usize = 64;
/// After this, a request whose server is not there has come to look for it.
const UNDER_WAY: Duration = Duration::from_millis(500);
/// By now, a server that reads nothing has most likely closed its window.
const FILLED: Duration = Duration::from_secs(2);

/// Ends of all connections with a tag, of a process that may be gone.
pub(crate) fn all_ended(context: &Context, tag: &str) -> Result<()> {
    until("the connections' ends at the server", || {
        context.release()?;
        let seen = context.seen(tag)?;
        Ok(seen.iter().all(|connection| connection.end.is_some()))
    })
    .with_context(|| format!("within {PATIENCE:?}"))
}
