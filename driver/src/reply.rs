//! What the driver writes into a caller's output: responses, failures.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use wdk_sys::NTSTATUS;
use wskhttp_abi::{Failure, RequestFlags, ResponseFlags, ResponseHeader, WriteError};
use wskhttp_core::io::{Clock, ConnectionInfo, Error};
use wskhttp_core::nt::pool::NO_MEMORY;

use crate::body::{Filled, Wait, fill};
use crate::exchange::{HandleResponse, invalid};
use crate::handle::Handle;

/// What became of an output buffer for a response.
pub(crate) enum Reply {
    /// The head does not fit.
    Overflow {
        status: NTSTATUS,
        information: usize,
    },
    /// The head, and the beginning of the body; behind it, an error.
    Head {
        information: usize,
        late: Option<Error>,
    },
    /// Everything.
    Whole { information: usize },
}

impl Reply {
    /// Writes the response message into `out`.
    pub(crate) async fn write(
        handle: &Handle,
        response: &mut HandleResponse<'_>,
        out: &mut [u8],
        flags: RequestFlags,
        arrived: Duration,
        first_byte: Duration,
    ) -> Result<Self, Error> {
        let mut header = ResponseHeader::default();
        let head = response.head();
        header.status = head.status();
        header.minor_version = head.minor_version().into();
        header.content_length = head
            .content_length()
            .filter(|_| !response.is_decoded())
            .unwrap_or(ResponseHeader::UNKNOWN_LENGTH);
        header.first_byte_us = micros(first_byte);
        let begun = header.begin(out, head.reason(), head.header_lines());
        connection(&mut header, response.info(), response.reused());
        let at = match begun {
            Ok(at) => at,
            Err(error) => {
                let information = match error {
                    WriteError::Overflow(written) => written,
                    WriteError::TooSmall => 0,
                };
                return Ok(Self::Overflow {
                    status: error.status(),
                    information,
                });
            }
        };
        let whole = flags.contains(RequestFlags::WHOLE_BODY);
        let wait = if whole { Wait::All } else { Wait::Nothing };
        let filled = match out.get_mut(at..) {
            Some(room) => fill(handle, response, room, wait).await?,
            None => Filled::default(),
        };
        if let Some(error) = filled.late.filter(|_| whole) {
            return Err(error);
        }
        let mut known = ResponseFlags::empty();
        known.set(ResponseFlags::BODY_COMPLETE, filled.complete);
        known.set(ResponseFlags::REUSED, response.reused());
        known.set(ResponseFlags::DECODED, response.is_decoded());
        let resumed = response.info().tls.is_some_and(|tls| tls.resumed);
        known.set(ResponseFlags::RESUMED, resumed);
        header.flags = known.bits();
        header.total_us = micros(handle.services.clock.now().saturating_sub(arrived));
        let information = header
            .finish(out, filled.bytes)
            .map_err(|_| invalid("the output buffer is too small"))?;
        Ok(if filled.complete {
            Self::Whole { information }
        } else {
            Self::Head {
                information,
                late: filled.late,
            }
        })
    }
}

/// The record of a failed request.
pub(crate) fn failure(error: &Error) -> Failure {
    Failure::new(
        error.phase as u16,
        error.kind as u16,
        error.fault() as u16,
        error.status(),
        error.cause,
    )
}

/// Fills in what is known about the connection.
fn connection(header: &mut ResponseHeader, info: &ConnectionInfo, reused: bool) {
    if !reused {
        header.resolve_us = micros(info.resolve);
        header.connect_us = micros(info.connect);
        header.tls_us = micros(info.handshake);
    }
    if let Some(remote) = info.remote {
        address(header, remote);
    }
    if let Some(tls) = info.tls {
        header.tls_version = tls.version;
        header.tls_suite = tls.suite;
        header.tls_group = tls.group;
    }
}

/// Microseconds, as many as fit.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn address(header: &mut ResponseHeader, remote: SocketAddr) {
    header.remote_port = remote.port();
    match remote.ip() {
        IpAddr::V4(ip) => {
            header.remote_family = 4;
            for (slot, byte) in header.remote_address.iter_mut().zip(ip.octets()) {
                *slot = byte;
            }
        }
        IpAddr::V6(ip) => {
            header.remote_family = 6;
            header.remote_address = ip.octets();
        }
    }
}

/// The certificates of the server that answered, DER one after the other.
pub(crate) fn peer(response: &HandleResponse<'_>) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    if let Some(session) = response.transport().session() {
        let bytes = session.peer_certificates().map(<[u8]>::len).sum();
        all.try_reserve_exact(bytes).map_err(|_| NO_MEMORY)?;
        for certificate in session.peer_certificates() {
            all.extend_from_slice(certificate);
        }
    }
    Ok(all)
}
