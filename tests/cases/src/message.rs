//! Request messages and raw operations.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use wskhttp_abi::{
    IOCTL_WSKHTTP_RECEIVE_RESPONSE, IOCTL_WSKHTTP_SEND_REQUEST, Request, RequestFlags,
    RequestHeader,
};
use wskhttp_client::{Completion, Device, Operation, Pending};

use crate::Context;

/// NTSTATUS values (ntstatus.h).
pub(crate) mod status {
    pub(crate) const SUCCESS: i32 = 0;
    pub(crate) const END_OF_FILE: i32 = error(0xC000_0011);
    pub(crate) const INVALID_HANDLE: i32 = error(0xC000_0008);
    pub(crate) const INVALID_DEVICE_REQUEST: i32 = error(0xC000_0010);
    pub(crate) const CANCELLED: i32 = error(0xC000_0120);
    pub(crate) const INVALID_DEVICE_STATE: i32 = error(0xC000_0184);
    pub(crate) const NOT_FOUND: i32 = error(0xC000_0225);
    pub(crate) use wskhttp_abi::{
        STATUS_BUFFER_OVERFLOW as BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL as BUFFER_TOO_SMALL,
        STATUS_INVALID_PARAMETER as INVALID_PARAMETER,
    };

    const fn error(value: u32) -> i32 {
        value.cast_signed()
    }
}

/// The longest that anything but a stall may take, on a busy machine and by a clock that is fast.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of the fixed part of a response.
pub(crate) const FIXED: usize = size_of::<wskhttp_abi::ResponseHeader>();

/// A GET of a path of the origin.
pub(crate) fn get(context: &Context, path: &str, flags: RequestFlags) -> Result<Vec<u8>> {
    message(context, "GET", &context.url(path), flags)
}

/// A request without a body; with `STREAM_BODY` with one of unknown length.
pub(crate) fn message(
    context: &Context,
    method: &str,
    url: &str,
    flags: RequestFlags,
) -> Result<Vec<u8>> {
    let streamed = flags.contains(RequestFlags::STREAM_BODY);
    encode(&Request {
        flags,
        method,
        url,
        roots: &context.roots()?,
        connect_timeout_ms: PATIENCE.as_millis() as u32,
        body_length: if streamed { RequestHeader::CHUNKED } else { 0 },
        ..Request::default()
    })
}

pub(crate) fn encode(request: &Request<'_>) -> Result<Vec<u8>> {
    let length = request.encoded_length().context("too long a message")?;
    let mut bytes = vec![0; length];
    request
        .write_to(&mut bytes)
        .map_err(|error| anyhow!("a message of ours: {error}"))?;
    Ok(bytes)
}

/// SEND_REQUEST with room for `output` bytes.
pub(crate) const fn send(input: Vec<u8>, output: Vec<u8>) -> Operation {
    Operation::Ioctl {
        code: IOCTL_WSKHTTP_SEND_REQUEST,
        input,
        output,
    }
}

/// RECEIVE_RESPONSE with room for `output` bytes.
pub(crate) const fn receive(output: Vec<u8>) -> Operation {
    Operation::Ioctl {
        code: IOCTL_WSKHTTP_RECEIVE_RESPONSE,
        input: Vec::new(),
        output,
    }
}

/// Runs an operation to its end, within [`PATIENCE`].
pub(crate) fn finish(device: &mut Device, operation: Operation) -> Result<Completion> {
    wait(&mut *device.start(operation)?)
}

/// Waits for an operation's end, within [`PATIENCE`].
pub(crate) fn wait(pending: &mut dyn Pending) -> Result<Completion> {
    let done = pending.wait(Some(PATIENCE));
    done.ok_or_else(|| anyhow!("no completion within {PATIENCE:?}"))
}

/// Checks a completion's status.
pub(crate) fn expect(done: &Completion, status: i32, what: &str) -> Result<()> {
    ensure!(
        done.status == status,
        "{what}: status 0x{:08X} instead of 0x{status:08X}",
        done.status
    );
    Ok(())
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    use std::fmt::Write;
    sha2::Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
