//! Which transports the network stack has: early in boot it may be there before TCP is.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::ptr::null_mut;
use core::task::Poll;
use core::time::Duration;

use wdk_sys::{GUID, NTSTATUS, PIRP};

use super::client_control::{Buffers, control};
use super::op::{Counted, Op, Payload};
use super::provider::Provider;
use super::quirks::Function;
use super::sys::{SOCK_STREAM, WSK_TRANSPORT, WSK_TRANSPORT_LIST_CHANGE, WSK_TRANSPORT_LIST_QUERY};
use crate::io::{Clock, Error, Kind, Phase};
use crate::nt::shared::Shared;

/// Waits until there is a transport for streams. A provider that does not say what it has is taken to
/// have one, as is one that has none for [`LONGEST_WAIT`].
///
/// # Errors
/// Phase `Wait`: `Kind::TimedOut` at `until`; the provider is not there any more; no memory.
pub(super) async fn streams(
    provider: &Shared<Provider>,
    until: Option<Duration>,
) -> Result<(), Error> {
    if has_streams(provider)? {
        return Ok(());
    }
    let clock = provider.clock();
    let longest = clock.now().saturating_add(LONGEST_WAIT);
    let at = until.map_or(longest, |at| at.min(longest));
    let mut late = pin!(clock.sleep_until(at));
    let mut change = Op::try_new(provider, Change)?;
    loop {
        // Before the list is looked at, so that no change comes between.
        start(&mut change)?;
        if has_streams(provider)? {
            return Ok(());
        }
        let changed = poll_fn(|cx| match change.poll(cx) {
            Poll::Ready(done) => Poll::Ready(done.is_success()),
            Poll::Pending => late.as_mut().poll(cx).map(|()| false),
        });
        if changed.await {
            // While no request is in flight that whoever succeeds would leave behind.
            if has_streams(provider)? {
                return Ok(());
            }
            continue;
        }
        if until.is_some_and(|until| until < longest && clock.now() >= until) {
            return Err(LATE);
        }
        provider.found_streams();
        return Ok(());
    }
}

/// Payload of a request that completes when the list changes.
struct Change;

impl Payload for Change {
    const CANCEL: bool = true;
    // It is cancelled then (`network/wsk-transport-list-change`), and perhaps only then.
    const ENDS_WITH_REGISTRATION: bool = true;
}

/// Starts to wait for a change (`network/wsk-transport-list-change`).
fn start(change: &mut Op<Change>) -> Result<(), Error> {
    // Before the provider is looked at, so that it stays during the call.
    let _counted = Counted::new(change.provider().clone());
    let npi = change.provider().npi()?;
    let call = |irp: PIRP, _: &Change| {
        // SAFETY: captured, and counted.
        let function = unsafe { (*npi.Dispatch).WskControlClient }?;
        let none = null_mut();
        // SAFETY: captured; the request has neither input nor output.
        Some(unsafe {
            function(
                npi.Client,
                WSK_TRANSPORT_LIST_CHANGE,
                0,
                none,
                0,
                none,
                null_mut(),
                irp,
            )
        })
    };
    // SAFETY: the IRP is passed once, and nothing else.
    unsafe { change.submit(Function::ControlClient, call) };
    Ok(())
}

/// Looks at the list (`network/wsk-transport-list-query`), unless streams were found before.
fn has_streams(provider: &Shared<Provider>) -> Result<bool, Error> {
    if provider.has_streams() {
        return Ok(true);
    }
    // Before the provider is looked at, so that it stays.
    let _counted = Counted::new(provider.clone());
    let npi = provider.npi()?;
    let mut buffers = Buffers {
        input: (),
        output: [NONE; MOST],
        written: 0,
    };
    // SAFETY: captured, and counted; the output is an array of transports.
    let status = unsafe { control(&npi, WSK_TRANSPORT_LIST_QUERY, &mut buffers, true) };
    let number = buffers.written / size_of::<WSK_TRANSPORT>();
    let mut list = buffers.output.iter().take(number);
    // An error, as that there are more than MOST, says nothing about streams.
    let there = status != STATUS_SUCCESS || list.any(|one| one.SocketType == SOCK_STREAM);
    if there {
        provider.found_streams();
    }
    Ok(there)
}

const NONE: WSK_TRANSPORT = WSK_TRANSPORT {
    Version: 0,
    SocketType: 0,
    Protocol: 0,
    AddressFamily: 0,
    ProviderId: GUID {
        Data1: 0,
        Data2: 0,
        Data3: 0,
        Data4: [0; 8],
    },
};
/// Windows has six: TCP, UDP and raw, over IPv4 and IPv6.
const MOST: usize = 24;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

const LATE: Error = Error::new(
    Phase::Wait,
    Kind::TimedOut,
    "the network stack had no TCP in time",
);

const STATUS_SUCCESS: NTSTATUS = 0;
