//! The wall clock.

use std::time::Duration;

use wskhttp_core::io::Kind;
use wskhttp_tls::{ClockPolicy, Policy, Roots};

use crate::support::HOST;
use crate::support::certificates::params;
use crate::support::platform::{NOW, WALL};

use super::{expect, handshake, leaf, root};

#[test]
fn a_clock_that_is_not_set() {
    let root = root();
    let mut policy = Policy::new(Roots::Only(&root.der));
    let server = || leaf(params(HOST), &root, &[]);
    let year = Duration::from_secs(365 * 24 * 3600);
    WALL.set(Duration::from_secs(1));
    policy.clock = ClockPolicy::Strict(NOW - year);
    expect(
        handshake(server(), &policy),
        Kind::TlsInternal,
        "the wall clock is not set",
    );
    policy.clock = ClockPolicy::Floor(NOW - year);
    handshake(server(), &policy).expect("good at the floor");
    policy.clock = ClockPolicy::Floor(NOW + 10 * year);
    expect(
        handshake(server(), &policy),
        Kind::CertificateExpired,
        "the certificate has expired",
    );
    WALL.set(NOW);
    policy.clock = ClockPolicy::Strict(NOW - year);
    handshake(server(), &policy).expect("a clock that is right");
    WALL.set(Duration::ZERO);
    policy.clock = ClockPolicy::Floor(Duration::ZERO);
    expect(
        handshake(server(), &policy),
        Kind::TlsInternal,
        "the wall clock is not set",
    );
    WALL.set(NOW);
}
