//! TLS: what a server sends, the certificates in it, and what a policy is made of.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls_pki_types::ServerName;
use wskhttp_tls::{Identity, Platform, Policy, Revocation, Roots, Session, Step, TlsConfig};

/// A session that is fed anything, cut anywhere, ends without a panic, and reads the same whatever the
/// cuts. Randomness and time are fixed, so the seeds are flights of real servers.
pub fn tls_session(data: &[u8]) {
    let Some((&cut, flight)) = data.split_first() else {
        return;
    };
    let whole = play(flight, flight.len().max(1));
    let parts = play(flight, usize::from(cut).max(1));
    assert_eq!(whole, parts, "the cuts show");
}

/// What a session makes of `flight`: plaintext, and how it ends.
fn play(flight: &[u8], step: usize) -> (Vec<u8>, Option<&'static str>) {
    let name = ServerName::try_from("example.test").expect("a name");
    let mut session = Session::new(&CONFIG, name, 443).expect("a session");
    let mut input: Vec<u8> = Vec::new();
    let mut plain = Vec::new();
    let mut left = flight;
    loop {
        match session.step(&mut input) {
            Ok((used, done)) => {
                if let Step::Data { start, length } = done {
                    plain.extend_from_slice(&input[start..start + length]);
                }
                input.drain(..used);
                match done {
                    Step::Closed => return (plain, None),
                    Step::NeedOutput => drain(&mut session),
                    Step::NeedInput if left.is_empty() => return (plain, None),
                    Step::NeedInput => {
                        drain(&mut session);
                        let (now, later) = left.split_at(step.min(left.len()));
                        input.extend_from_slice(now);
                        left = later;
                    }
                    Step::Again | Step::Data { .. } => {}
                }
            }
            Err(error) => return (plain, Some(error.cause)),
        }
        assert!(session.outgoing().len() < 1 << 17, "it says too much");
    }
}

fn drain(session: &mut Session) {
    let length = session.outgoing().len();
    session.sent(length);
}

/// Certificates, one after the other: the first is the server's, the last the root.
pub fn tls_chain(data: &[u8]) {
    let certificates = split(data);
    let [leaf, others @ .., root] = certificates.as_slice() else {
        return;
    };
    for roots in [Roots::Only(root), Roots::BuiltInAnd(root)] {
        let Ok(config) = TlsConfig::with_policy(&PLATFORM, &Policy::new(roots)) else {
            return;
        };
        for host in [Some("example.test"), Some("127.0.0.1"), None] {
            let judged = config.verify_chain(leaf, others, host, NOW);
            if host.is_none() && judged.is_err() {
                // No name can make a chain good.
                let named = config.verify_chain(leaf, others, Some("example.test"), NOW);
                assert!(named.is_err());
            }
        }
    }
}

/// Roots, revocation lists, and client certificates, in DER or PEM.
pub fn tls_policy(data: &[u8]) {
    let Some((&kind, bytes)) = data.split_first() else {
        return;
    };
    let mut policy = Policy::new(Roots::BuiltIn);
    match kind % 4 {
        0 => policy.roots = Roots::Only(bytes),
        1 => policy.revocation = Revocation::Soft(bytes),
        2 => policy.revocation = Revocation::Hard(bytes),
        _ => {
            let (chain, key) = bytes.split_at(bytes.len() / 2);
            policy.identity = Some(Identity { chain, key });
        }
    }
    let _ = TlsConfig::with_policy(&PLATFORM, &policy);
}

/// DER values, one after the other, by their lengths alone; the rest is the last.
fn split(mut data: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let [0x30, 0x82, a, b, ..] = data {
        let length = 4 + usize::from(u16::from_be_bytes([*a, *b]));
        let (one, rest) = data.split_at(length.min(data.len()));
        all.push(one);
        data = rest;
    }
    if !data.is_empty() {
        all.push(data);
    }
    all
}

pub(crate) const NOW: Duration = Duration::from_secs(1_767_225_600);

pub(crate) static PLATFORM: Platform = Platform::new(
    |bytes| {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = (place % 251) as u8 + 1;
        }
        Ok(())
    },
    || NOW,
);

static CONFIG: LazyLock<Arc<TlsConfig>> = LazyLock::new(|| {
    let root = include_bytes!("../seeds/tls_root.der");
    TlsConfig::new(&PLATFORM, Roots::Only(root)).expect("a configuration")
});
