//! The WSK provider: registration, sockets and names over the network in memory.
//!
//! Every function begins with `enter`, then makes an [`Op`] for its IRP by [`begin`], and ends with
//! [`end()`]. In between, an op gets a result; what depends on data is decided by [`data::settle`].
//! Ops that were not completed inside the call are completed by the provider's threads.

mod address;
mod chain;
mod client;
mod connect;
mod control;
mod data;
mod end;
mod events;
mod indication;
mod listen;
mod names;
mod op;
mod registration;
mod sharing;
mod socket;
mod stream;
mod tables;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::c_void;
use std::net::SocketAddr;

use wdk_sys::{IRP, NTSTATUS, UNICODE_STRING};
use wskhttp_core::nt::irp as path;
use wskhttp_core::wsk::sys::{
    ADDRINFOEXW, AF_INET, AF_INET6, IPPROTO_TCP, PADDRINFOEXW, PSOCKADDR, PWSK_BUF, PWSK_CLIENT,
    PWSK_CLIENT_NPI, PWSK_PROVIDER_NPI, PWSK_REGISTRATION, PWSK_SOCKET, SOCK_STREAM, SOCKADDR_IN,
    SOCKADDR_IN6, SOCKADDR_INET, WSK_CLIENT_DISPATCH, WSK_FLAG_ABORTIVE,
    WSK_FLAG_CONNECTION_SOCKET, WSK_FLAG_DRAIN, WSK_FLAG_NODELAY, WSK_FLAG_WAITALL,
    WSK_PROVIDER_BASIC_DISPATCH, WSK_PROVIDER_CONNECTION_DISPATCH, WSK_PROVIDER_DISPATCH,
    WSK_REGISTRATION, WSK_SOCKET,
};

use chain::Chain;
use end::end;
pub(crate) use end::taken;
use events::Events;
use indication::List;
use listen::settle_accept;
use names::Info;
use op::{Kind, Op, Output, begin, decide};
use registration::{Captured, Registration};
use socket::{Call, Category, Phase, Socket, new_socket};

pub use client::{
    change_transports, make_changes_last, set_transports, socket_security, waits_for_changes,
};
pub(crate) use connect::{connected, failed, is_used};
pub use control::socket_options;
pub use data::{end_closes, hang_closes, set_ideal_backlog};
pub(crate) use data::{pump, settle};
pub(crate) use events::in_callback;
pub use indication::kept_lists;
pub(crate) use listen::{incoming, listener};
pub(crate) use names::found;
pub(crate) use op::{cancel, is_undecided};
pub(crate) use registration::check_at_unload;
pub(crate) use socket::next_deadline;
pub(crate) use worker::worker;

use crate::fault;
use crate::io::{IrpState, advance, set_state, state_of, unwind};
use crate::mm::text;
use crate::net;
use crate::profile::{Profile, Ready};
use crate::rule;
use crate::sched::{
    DISPATCH, PASSIVE, block, block_by, breach, enter, enter_quietly, irql, set_irql,
};
use crate::sched::{spawn, switch};
use crate::state::{State, lot, simulator, with};
use crate::tamper;

/// What the provider knows.
#[derive(Default)]
pub(crate) struct Wsk {
    registrations: BTreeMap<usize, Registration>,
    sockets: BTreeMap<usize, Socket>,
    ops: BTreeMap<u64, Op>,
    #[expect(clippy::vec_box, reason = "pointers to them are given out")]
    infos: BTreeMap<usize, Vec<Box<Info>>>,
    /// When it can be captured.
    ready_at: u64,
    lost: bool,
    /// Lowest and highest.
    versions: (u16, u16),
    /// Event callbacks that are enabled on every socket.
    static_events: u32,
    had_sockets: bool,
    /// There is no transport yet.
    no_transports: bool,
    /// What waits for the list of transports to change is not cancelled but by WskDeregister.
    lasting_changes: bool,
    /// Closes may hang until they are forced to end.
    closes_hang: bool,
    /// The ideal send backlog of new sockets, if it was set.
    ideal_backlog: Option<usize>,
    /// Security descriptors that are cached.
    descriptors: BTreeSet<usize>,
    /// Whether each socket that was asked for has one.
    secured: Vec<bool>,
    /// Lists of data that the client keeps, by their heads, and those that it kept.
    retained: BTreeMap<usize, List>,
    released: Vec<List>,
    /// Threads that call the client's event callbacks.
    in_callback: BTreeSet<usize>,
    /// The last port that was given to a socket.
    port: u16,
}

/// How many sockets there are that are not closed to the end.
#[must_use]
pub fn sockets() -> usize {
    with(|s| s.wsk.sockets.len())
}

impl Wsk {
    /// The sockets, by their numbers.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Socket)> {
        let mut sockets: Vec<_> = self.sockets.iter().map(|(at, one)| (*at, one)).collect();
        sockets.sort_unstable_by_key(|(_, socket)| socket.number);
        sockets.into_iter()
    }

    fn is_ready(&self, now: u64) -> bool {
        now >= self.ready_at && !self.lost
    }
}

/// Decides when the provider is ready, and what it has.
pub(crate) fn start(s: &mut State, ready: Ready, versions: (u16, u16)) {
    s.wsk.versions = versions;
    let latest = match (s.profile.is_wine(), s.profile.is_hostile()) {
        (true, _) => 0,
        (_, true) => 5_000_000 * u64::from(s.lot(2) == 0) * 10,
        _ => 1_000_000 * u64::from(s.lot(8) == 0),
    };
    s.wsk.ready_at = match ready {
        Ready::Never => u64::MAX,
        Ready::After(time) => s.now + (time.as_nanos() / 100) as u64,
        Ready::Profile => s.now + s.lot(latest + 1),
    };
}

/// Takes the provider away: every socket is forced closed, now and for good, and none is made
/// until [`restore_provider`].
pub fn lose_provider() {
    simulator(lose);
}

fn lose() {
    with(|s| {
        s.wsk.lost = true;
        for socket in s.wsk.sockets.values_mut() {
            socket.dead = true;
            if let Some((connection, side)) = socket.link {
                s.net.connections[connection].reset(side, false);
            }
        }
    });
    let sockets: Vec<usize> = with(|s| s.wsk.in_order().map(|(at, _)| at).collect());
    sockets.into_iter().for_each(settle);
}

/// The provider is back: new sockets can be made.
pub fn restore_provider() {
    simulator(|| with(|s| s.wsk.lost = false));
}

/// Which rule is broken if the memory is freed now, or its stack frame left.
pub(crate) fn needed(s: &State, address: usize, len: usize) -> Option<&'static rule::Rule> {
    let meets = |at: usize, size: usize| at != 0 && at < address + len && address < at + size;
    for (at, registration) in &s.wsk.registrations {
        if meets(*at, size_of::<WSK_REGISTRATION>()) {
            return Some(registration.while_it_lasts());
        }
        if meets(registration.dispatch, size_of::<WSK_CLIENT_DISPATCH>()) {
            return Some(rule::WSK_2);
        }
    }
    for socket in s.wsk.sockets.values() {
        let (context, table) = socket.events.client();
        if meets(context, 1) {
            return Some(rule::WSK_67);
        }
        if meets(table, 1) && !rule::WSK_36.is_off(s) {
            return Some(rule::WSK_36);
        }
    }
    for op in s.wsk.ops.values() {
        let (out, size) = op.out;
        let resolves = meets(out, size) || op.strings.iter().any(|(at, len)| meets(*at, *len));
        if resolves && !rule::WSK_90.is_off(s) {
            return Some(rule::WSK_90);
        }
        if op
            .outputs
            .iter()
            .any(|output| output.overlaps(address, len))
        {
            let address = op.name.starts_with("WskGet");
            return Some(if address { rule::WSK_46 } else { rule::WSK_81 });
        }
    }
    pins(s, address, len).then_some(rule::WSK_30)
}

/// Whether a pending request uses a part of the range.
pub(crate) fn pins(s: &State, address: usize, len: usize) -> bool {
    s.wsk.ops.values().any(|op| {
        let (out, size) = op.out;
        let writes = out != 0 && out < address + len && address < out + size;
        let outputs = op
            .outputs
            .iter()
            .any(|output| output.overlaps(address, len));
        writes || outputs || op.chain.overlaps(address, len)
    })
}

/// Whether a pending request uses the MDL.
pub(crate) fn uses_mdl(s: &State, mdl: usize) -> bool {
    s.wsk.ops.values().any(|op| op.chain.has(mdl))
}

/// A port at which connects neither succeed nor fail.
pub const BLACK_HOLE: u16 = 9;

/// The ideal send backlog of a new socket, in bytes.
const IDEAL_BACKLOG: usize = 64 * 1024;

const STATUS_PENDING: NTSTATUS = 0x103;
const STATUS_EVENT_PENDING: NTSTATUS = 0x4000_0013;
const STATUS_BUFFER_OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();
const STATUS_INVALID_PARAMETER: NTSTATUS = 0xC000_000D_u32.cast_signed();
const STATUS_INVALID_DEVICE_STATE: NTSTATUS = 0xC000_0184_u32.cast_signed();
const STATUS_REQUEST_NOT_ACCEPTED: NTSTATUS = 0xC000_00D0_u32.cast_signed();
const STATUS_ADDRESS_ALREADY_EXISTS: NTSTATUS = 0xC000_020A_u32.cast_signed();
const STATUS_DATA_NOT_ACCEPTED: NTSTATUS = 0xC000_021B_u32.cast_signed();
const STATUS_UNSUCCESSFUL: NTSTATUS = 0xC000_0001_u32.cast_signed();
const STATUS_NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32.cast_signed();
const STATUS_ACCESS_DENIED: NTSTATUS = 0xC000_0022_u32.cast_signed();
const STATUS_NO_MEMORY: NTSTATUS = 0xC000_0017_u32.cast_signed();
const STATUS_DEVICE_NOT_READY: NTSTATUS = 0xC000_00A3_u32.cast_signed();
const STATUS_FILE_FORCED_CLOSED: NTSTATUS = 0xC000_00B6_u32.cast_signed();
const STATUS_NOT_SUPPORTED: NTSTATUS = 0xC000_00BB_u32.cast_signed();
const STATUS_CANCELLED: NTSTATUS = 0xC000_0120_u32.cast_signed();
const STATUS_CONNECTION_RESET: NTSTATUS = 0xC000_020D_u32.cast_signed();
const STATUS_NOT_FOUND: NTSTATUS = 0xC000_0225_u32.cast_signed();
const STATUS_CONNECTION_REFUSED: NTSTATUS = 0xC000_0236_u32.cast_signed();
const STATUS_ADDRESS_ALREADY_ASSOCIATED: NTSTATUS = 0xC000_0238_u32.cast_signed();
const STATUS_CONNECTION_ABORTED: NTSTATUS = 0xC000_0241_u32.cast_signed();
const STATUS_NO_MATCH: NTSTATUS = 0xC000_0272_u32.cast_signed();
const STATUS_NOINTERFACE: NTSTATUS = 0xC000_02B9_u32.cast_signed();
