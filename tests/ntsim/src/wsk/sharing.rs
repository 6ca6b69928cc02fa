//! Which sockets share a local address (rule 47): the table of `network/sharing-transport-addresses`.

use wskhttp_core::wsk::sys::{SO_EXCLUSIVEADDRUSE, SO_REUSEADDR, SOL_SOCKET};

use super::*;

/// What a socket is in the table: its option, and whether its address is the wildcard.
fn place(socket: &Socket, local: SocketAddr) -> usize {
    let is_set = |option| {
        let value = socket.options.get(&(SOL_SOCKET, option));
        value.is_some_and(|value| value.iter().any(|byte| *byte != 0))
    };
    let option = match (is_set(SO_REUSEADDR), is_set(SO_EXCLUSIVEADDRUSE)) {
        (false, false) => 0,
        (true, false) => 1,
        (_, true) => 2,
    };
    option * 2 + usize::from(!local.ip().is_unspecified())
}

/// Why the socket at `at` cannot be bound to `local`; 0 if it can.
pub(super) fn status(s: &State, at: usize, local: SocketAddr) -> NTSTATUS {
    if local.port() == 0 {
        return 0;
    }
    let second = place(&s.wsk.sockets[&at], local);
    let others = s.wsk.sockets.iter().filter(|(other, _)| **other != at);
    let mut statuses = others.filter_map(|(_, socket)| {
        let bound = socket.local.filter(|_| socket.link.is_none())?;
        if bound.port() != local.port() {
            return None;
        }
        if s.profile.is_wine() {
            return Some(STATUS_ADDRESS_ALREADY_ASSOCIATED);
        }
        let first = place(socket, bound);
        let apart = first % 2 == 1 && second % 2 == 1 && bound.ip() != local.ip();
        let meets = bound.is_ipv4() == local.is_ipv4() && !apart;
        meets.then(|| TABLE[second][first])
    });
    statuses.find(|status| *status != 0).unwrap_or(0)
}

const GOOD: NTSTATUS = 0;
const IN_USE: NTSTATUS = STATUS_ADDRESS_ALREADY_EXISTS;
const DENIED: NTSTATUS = STATUS_ACCESS_DENIED;
/// An access check, with the descriptor that a socket has by default: it permits no sharing. Other
/// descriptors are not looked into here.
const CHECK: NTSTATUS = DENIED;

/// By the second socket, and by the first: without option, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, each for
/// the wildcard and for a specific address.
const TABLE: [[NTSTATUS; 6]; 6] = [
    [IN_USE, GOOD, IN_USE, GOOD, IN_USE, GOOD],
    [CHECK, IN_USE, CHECK, DENIED, DENIED, IN_USE],
    [DENIED, GOOD, GOOD, GOOD, DENIED, GOOD],
    [CHECK, DENIED, GOOD, GOOD, DENIED, DENIED],
    [IN_USE; 6],
    [CHECK, IN_USE, CHECK, IN_USE, DENIED, IN_USE],
];
