//! The way of a response's body into the caller's buffer.

use core::future::Future;
use core::pin::pin;
use core::task::Poll;

use wskhttp_core::io::Error;

use crate::exchange::HandleResponse;
use crate::handle::Handle;

/// Copies bytes of the body to `out`: the one copy on their way.
pub(crate) async fn fill(
    handle: &Handle,
    response: &mut HandleResponse<'_>,
    out: &mut [u8],
    wait: Wait,
) -> Result<Filled, Error> {
    let mut filled = Filled::default();
    loop {
        core::future::poll_fn(|cx| handle.poll_turn(cx)).await;
        let room = out.get_mut(filled.bytes..).unwrap_or_default();
        let patient = match wait {
            Wait::Nothing => false,
            Wait::Some => filled.bytes == 0,
            Wait::All => true,
        };
        let data = if patient && !room.is_empty() {
            response.data().await?
        } else {
            match now(response.data()).await {
                Some(Ok(data)) => data,
                Some(Err(error)) => {
                    filled.late = Some(error);
                    return Ok(filled);
                }
                None => return Ok(filled),
            }
        };
        if data.is_empty() {
            filled.complete = true;
            return Ok(filled);
        }
        if room.is_empty() {
            return Ok(filled);
        }
        let copied = data.len().min(room.len());
        if let (Some(data), Some(room)) = (data.get(..copied), room.get_mut(..copied)) {
            room.copy_from_slice(data);
        }
        response.consume(copied);
        filled.bytes += copied;
    }
}

/// How long to wait for bytes of the body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Take what is there.
    Nothing,
    /// Wait for at least one byte.
    Some,
    /// Wait until the buffer is full or the body ends.
    All,
}

/// What became of an output buffer.
#[derive(Default)]
pub(crate) struct Filled {
    pub(crate) bytes: usize,
    pub(crate) complete: bool,
    /// An error met after some bytes, to be reported by the next read.
    pub(crate) late: Option<Error>,
}

/// Polls once: `None` if it is not ready. Dropping the future loses nothing.
async fn now<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    core::future::poll_fn(|cx| {
        Poll::Ready(match work.as_mut().poll(cx) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}
