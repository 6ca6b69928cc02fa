//! A server that says nothing is not waited for without a bound.

use std::time::Duration;

use rcgen::PKCS_ECDSA_P256_SHA256;
use wskhttp_core::io::{Kind, Phase, Target};

use crate::support::certificates::Authority;
use crate::support::wire::{Peer, Wire};
use crate::support::{HOST, connect, target, trusting, try_run};

/// Takes what comes, and says nothing.
struct Mute;

impl Peer for Mute {
    fn receive(&mut self, _: &[u8], _: &mut Vec<u8>) {}
}

/// How a handshake with it ends at one second of the clock; `None`: it goes on.
fn ends(deadline: Option<u64>, handshake: Option<u64>) -> Option<(Phase, Kind)> {
    let target = Target {
        deadline: deadline.map(Duration::from_secs),
        handshake: handshake.map(Duration::from_secs),
        ..target(HOST)
    };
    let config = trusting(&Authority::new(&PKCS_ECDSA_P256_SHA256));
    let (done, _) = try_run(connect(Wire::new(Mute), &config, target))?;
    let error = done.err().expect("no connection");
    Some((error.phase, error.kind))
}

#[test]
fn a_handshake_has_a_time_of_its_own() {
    let late = Some((Phase::Tls, Kind::TimedOut));
    assert_eq!(ends(None, Some(0)), late);
    assert_eq!(ends(None, Some(1)), None);
    // The connection's deadline counts, too, whichever is first.
    assert_eq!(ends(Some(1), Some(60)), late);
    assert_eq!(ends(Some(60), Some(0)), late);
    assert_eq!(ends(Some(60), Some(60)), None);
    assert_eq!(ends(None, None), None);
}
