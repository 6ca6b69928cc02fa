//! What the driver writes into a caller's output: responses, failures.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use wskhttp_abi::{Failure, ResponseHeader};
use wskhttp_core::io::{ConnectionInfo, Error};

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
