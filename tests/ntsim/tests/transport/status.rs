//! Whatever status a send or a receive ends with, the connection ends with the error for it.

use std::io::{Read, Write};
use std::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase, Transport, TransportExt};
use wskhttp_ntsim::{Profile, fault, listen, sleep};

use super::program::{Driver, drive, each, pattern, send};

/// Statuses of `IoStatus.Status`, and what they mean.
const STATUSES: [(u32, Kind); 12] = [
    (0xC000_0001, Kind::IoFailed),          // STATUS_UNSUCCESSFUL
    (0xC000_0005, Kind::IoFailed),          // STATUS_ACCESS_VIOLATION
    (0xC000_0008, Kind::ConnectionAborted), // STATUS_INVALID_HANDLE
    (0xC000_00B5, Kind::TimedOut),          // STATUS_IO_TIMEOUT
    (0xC000_00B6, Kind::ConnectionAborted), // STATUS_FILE_FORCED_CLOSED
    (0xC000_00BB, Kind::IoFailed),          // STATUS_NOT_SUPPORTED
    (0xC000_0120, Kind::Canceled),          // STATUS_CANCELLED
    (0xC000_014B, Kind::ConnectionReset),   // STATUS_PIPE_BROKEN
    (0xC000_020D, Kind::ConnectionReset),   // STATUS_CONNECTION_RESET
    (0xC000_023C, Kind::Unreachable),       // STATUS_NETWORK_UNREACHABLE
    (0xC000_0241, Kind::ConnectionAborted), // STATUS_CONNECTION_ABORTED
    (0xC0FF_EE00, Kind::IoFailed),          // one that nobody knows
];

/// Has each send or receive fail, after data has gone both ways, and gives the error of the first.
async fn fail(driver: Driver, name: &'static str, status: u32) -> Result<Error, Error> {
    let mut transport = driver.connect(80).await?;
    send(&mut transport, b"request").await?;
    transport.fill().await?;
    transport.consume(usize::MAX);
    fault::status_of(name, status.cast_signed());
    let error = match name {
        "WskSend" => loop {
            if let Err(error) = send(&mut transport, &pattern(1000)).await {
                break error;
            }
        },
        _ => loop {
            match transport.fill().await {
                Ok(n) => assert!(n > 0, "the peer has not ended"),
                Err(error) => break error,
            }
            transport.consume(usize::MAX);
        },
    };
    fault::relent();
    Ok(error)
}

#[test]
fn a_connection_ends_with_what_a_send_or_a_receive_ends_with() {
    for (name, phase) in [("WskSend", Phase::Send), ("WskReceive", Phase::Receive)] {
        for (status, kind) in STATUSES {
            each(2, &Profile::ALL, move || {
                listen(80, |mut stream| {
                    let _ = stream.read_exact(&mut [0; 7]);
                    // One receive may have begun before any fails.
                    while stream.write_all(b"more").is_ok() {
                        sleep(Duration::from_secs(1));
                    }
                });
                let program = async move |driver: Driver| fail(driver, name, status).await;
                drive(program, |done: Result<Error, Error>| {
                    let error = done.expect("connected");
                    assert_eq!((error.phase, error.kind), (phase, kind), "{status:#x}");
                    assert_eq!(error.raw_status.cast_unsigned(), status);
                });
            });
        }
    }
}
