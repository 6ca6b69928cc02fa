//! What the driver writes into a caller's output: responses, failures.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use wskhttp_abi::{Failure, ResponseHeader};
use wskhttp_core::io::{ConnectionInfo, Error};
use wskhttp_core::nt::pool::NO_MEMORY;

use crate::exchange::HandleResponse;

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
pub(crate) fn connection(header: &mut ResponseHeader, info: &ConnectionInfo, reused: bool) {
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
pub(crate) fn micros(time: Duration) -> u32 {
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
