//! How servers are judged: by what the registry says, and by what a request says.

use alloc::vec::Vec;

use wskhttp_abi::{Tls, TlsFlags, TlsHeader};
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::pool;
use wskhttp_tls::{
    ClockPolicy, Identity, Policy, Revocation, Roots, Stapling, Versions, each_list,
};

use super::machine::{BUILT_IN, Machine};
use super::{Base, PLATFORM};

/// The roots of the driver's own.
pub(super) fn roots(machine: &Machine) -> Roots<'_> {
    if machine.trust & BUILT_IN == 0 {
        Roots::Only(&machine.roots)
    } else if machine.roots.is_empty() {
        Roots::BuiltIn
    } else {
        Roots::BuiltInAnd(&machine.roots)
    }
}

/// What holds whatever the roots are.
pub(super) fn restrict<'a>(policy: &mut Policy<'a>, machine: &'a Machine, clock: ClockPolicy) {
    policy.disallowed = &machine.disallowed;
    policy.disallowed_sha1 = &machine.disallowed_sha1;
    policy.disallowed_keys = &machine.disallowed_keys;
    policy.intermediates = &machine.intermediates;
    policy.clock = clock;
    policy.revocation = match machine.revocation {
        0 => Revocation::Off,
        1 => Revocation::Soft(&machine.lists),
        _ => Revocation::Hard(&machine.lists),
    };
    policy.stapling = match machine.stapling {
        0 => Stapling::Off,
        1 => Stapling::Soft,
        _ => Stapling::Hard,
    };
}

/// What a policy borrows that neither the driver nor a request has as it must be.
#[derive(Default)]
pub(super) struct Room {
    /// The roots of both sides, and the revocation lists.
    roots: Vec<u8>,
    lists: Vec<u8>,
    groups: [u16; TlsHeader::MAX_GROUPS / TlsHeader::GROUP],
}

/// The policy of a request that brings `roots` (DER, one after the other) and says `tls`.
pub(super) fn policy<'a>(
    base: &'a Base,
    roots: &'a [u8],
    tls: &Tls<'a>,
    room: &'a mut Room,
) -> Result<Policy<'a>, Error> {
    let machine = &base.machine;
    let mut policy = Policy::new(if roots.is_empty() {
        self::roots(machine)
    } else if tls.flags.contains(TlsFlags::ADD_ROOTS) {
        pool::try_extend(&mut room.roots, &machine.roots)?;
        pool::try_extend(&mut room.roots, roots)?;
        match machine.trust & BUILT_IN {
            0 => Roots::Only(&room.roots),
            _ => Roots::BuiltInAnd(&room.roots),
        }
    } else {
        Roots::Only(roots)
    });
    restrict(&mut policy, machine, base.clock);
    (policy.pins, _) = tls.pins.as_chunks::<{ TlsHeader::PIN }>();
    // The stricter of both, by the lists of both.
    if tls.flags.contains(TlsFlags::REVOCATION_HARD) {
        policy.revocation = Revocation::Hard(lists(machine, tls, &mut room.lists)?);
    } else if tls.flags.contains(TlsFlags::REVOCATION_SOFT) {
        let lists = lists(machine, tls, &mut room.lists)?;
        policy.revocation = match policy.revocation {
            Revocation::Hard(_) => Revocation::Hard(lists),
            Revocation::Off | Revocation::Soft(_) => Revocation::Soft(lists),
        };
    }
    if tls.flags.contains(TlsFlags::STAPLING_HARD) {
        policy.stapling = Stapling::Hard;
    } else if tls.flags.contains(TlsFlags::STAPLING_SOFT) {
        policy.stapling = policy.stapling.max(Stapling::Soft);
    }
    policy.identity = (!tls.key.is_empty()).then_some(Identity {
        chain: tls.certificate,
        key: tls.key,
    });
    let (groups, _) = tls.groups.as_chunks();
    for (to, from) in room.groups.iter_mut().zip(groups) {
        *to = u16::from_le_bytes(*from);
    }
    policy.protocol.groups = room.groups.get(..groups.len()).unwrap_or_default();
    policy.protocol.versions = match (tls.min_version, tls.max_version) {
        (TLS13, _) => Versions::Tls13,
        (_, TLS12) => Versions::Tls12,
        (0 | TLS12, 0 | TLS13) => Versions::All,
        _ => return Err(UNKNOWN_VERSION),
    };
    Ok(policy)
}

/// The revocation lists of the machine and of a request.
fn lists<'a>(
    machine: &'a Machine,
    tls: &Tls<'a>,
    room: &'a mut Vec<u8>,
) -> Result<&'a [u8], Error> {
    if machine.lists.is_empty() {
        return Ok(tls.revocation_lists);
    }
    pool::try_extend(room, &machine.lists)?;
    if each_list(&PLATFORM, tls.revocation_lists, |der| {
        pool::try_extend(room, der)
    })? || tls.revocation_lists.is_empty()
    {
        Ok(room)
    } else {
        // They are refused where they are loaded.
        Ok(tls.revocation_lists)
    }
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

const UNKNOWN_VERSION: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "a version of TLS is not known",
);
