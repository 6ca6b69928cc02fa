//! Requests: from the call that begins one to the completion of its IRP.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Bind,
    Connect,
    /// WskSocketConnect.
    SocketConnect,
    Listen,
    Accept,
    /// Options, controls and addresses.
    Control,
    /// Waits for the list of transports to change.
    Change,
    Send,
    Receive,
    Disconnect,
    Close,
    Resolve,
}

/// A request with its IRP.
pub(crate) struct Op {
    pub(super) irp: usize,
    pub(super) name: &'static str,
    /// What the IRP has to stay like (rule 18).
    fixed: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) socket: usize,
    pub(super) flags: u32,
    pub(super) chain: Chain,
    /// What the provider writes at the end: where, and how many bytes.
    pub(super) out: (usize, usize),
    /// What a look-up has found.
    pub(super) addresses: Vec<std::net::IpAddr>,
    pub(super) result: Option<(NTSTATUS, usize)>,
    /// What is read until the end: where, and how many bytes.
    pub(super) strings: Vec<(usize, usize)>,
    /// What is written at the end, besides.
    pub(super) outputs: Vec<Output>,
    /// Context and table for a socket that is accepted.
    pub(super) client: (usize, usize),
    /// The event callback that is disabled when it has returned.
    pub(super) disables: u32,
    /// A graceful disconnect that hangs until it is forced.
    pub(super) stuck: bool,
    /// The end is not before.
    pub(super) not_before: u64,
    /// Left to the provider's threads.
    pub(super) posted: bool,
    /// What its call has returned.
    pub(super) returned: NTSTATUS,
}

/// Memory of the client, and what is written to it when the request succeeds.
pub(crate) struct Output {
    address: usize,
    size: usize,
    pub(super) data: Vec<u8>,
}

impl Output {
    pub(super) fn new(address: *mut u8, size: usize) -> Self {
        Self {
            address: address.expose_provenance(),
            size,
            data: Vec::new(),
        }
    }

    /// Nothing is written to it, but it has to stay.
    pub(super) fn pinning(self, size: usize) -> Self {
        Self { size, ..self }
    }

    fn write(&self) {
        let n = self.data.len().min(self.size);
        if self.address != 0 {
            let to: *mut u8 = std::ptr::with_exposed_provenance_mut(self.address);
            // SAFETY: rules 46 and 81: memory that stays until the request is over.
            unsafe { to.copy_from_nonoverlapping(self.data.as_ptr(), n) };
        }
    }

    /// Whether it meets the range.
    pub(super) fn overlaps(&self, address: usize, len: usize) -> bool {
        self.address != 0 && self.address < address + len && address < self.address + self.size
    }
}

impl Op {
    /// Decides it, unless it was decided before.
    pub(super) fn decide(&mut self, status: NTSTATUS, information: usize) {
        self.result.get_or_insert((status, information));
    }

    /// Decides it now, for later.
    pub(super) fn decide_at(&mut self, time: u64, status: NTSTATUS) {
        self.not_before = time;
        self.decide(status, 0);
    }
}

/// A request for an IRP, after the rules for IRPs. On a socket that is forced closed it is decided.
///
/// # Safety
/// `irp` is null or what a driver takes for an IRP.
pub(super) unsafe fn begin(name: &'static str, irp: *mut IRP, kind: Kind, socket: usize) -> u64 {
    let nested = with(|s| s.current.map_or(0, |id| s.threads[id].completing));
    rule::WSK_20.demand(nested == 0, || {
        format!("{name} in a completion routine ({nested} deep)")
    });
    match state_of(irp) {
        None => breach(&format!("rule 14: {name} with an IRP that is not there")),
        Some((_, IrpState::Flight)) => breach(&format!("rule 17: {name} with an IRP in flight")),
        Some((true, IrpState::Completed)) => breach(&format!(
            "rule 17: {name} with a completed IRP that IoReuseIrp has not seen"
        )),
        Some(_) => {}
    }
    // SAFETY: looked up above.
    unsafe {
        if (*irp).CurrentLocation <= 1 {
            breach(&format!(
                "rule 14: {name} with an IRP without free stack location"
            ));
        }
        let next = &*path::next_stack(irp);
        if next.CompletionRoutine.is_none() || next.Control & 0xE0 != 0xE0 {
            breach(&format!(
                "rule 15: {name} with an IRP without completion routine for success, error and cancel"
            ));
        }
        if with(|s| crate::paged::is_paged(s, next.Context.addr())) {
            rule::WSK_21.broken(format!("{name} with a context in pageable memory"));
        }
        if state_of(irp).is_some_and(|(of_driver, _)| of_driver) && tamper::is_filled(irp) {
            rule::WSK_18.broken(format!("{name} with an IRP that has more than its routine"));
        }
        advance(irp);
    }
    set_state(irp, IrpState::Flight);
    // SAFETY: looked up above.
    let fixed = unsafe { tamper::fixed(irp) };
    // Rule 67: a close cannot fail.
    let fault = match kind {
        Kind::Close => None,
        _ => fault::status(name),
    };
    with(|s| {
        let id = s.number();
        let dead = s.wsk.sockets.get(&socket).is_some_and(|socket| socket.dead);
        let lost = socket == 0 && s.wsk.lost;
        let result = match (dead && kind != Kind::Close, lost) {
            (true, _) => Some((status_of_dead(s), 0)),
            (_, true) => Some((STATUS_DEVICE_NOT_READY, 0)),
            _ => fault.map(|status| (status, 0)),
        };
        let delay = if s.profile.is_hostile() && s.lot(8) == 0 {
            s.lot(500_000)
        } else {
            0
        };
        let op = Op {
            irp: irp.expose_provenance(),
            name,
            fixed,
            kind,
            socket,
            flags: 0,
            chain: Chain::default(),
            out: (0, 0),
            addresses: Vec::new(),
            result,
            strings: Vec::new(),
            outputs: Vec::new(),
            client: (0, 0),
            disables: 0,
            stuck: false,
            not_before: s.now + delay,
            posted: false,
            returned: STATUS_PENDING,
        };
        s.wsk.ops.insert(id, op);
        id
    })
}

/// What a request on a dead socket fails with: always the same, as long as rule 55 is on.
pub(super) fn status_of_dead(s: &mut State) -> NTSTATUS {
    match rule::WSK_55.is_off(s) {
        false => STATUS_FILE_FORCED_CLOSED,
        true => DEAD[s.lot(DEAD.len() as u64) as usize],
    }
}

/// Decides a request, unless it was decided before.
pub(super) fn decide(id: u64, status: NTSTATUS, information: usize) {
    with(|s| {
        if let Some(op) = s.wsk.ops.get_mut(&id) {
            op.decide(status, information);
        }
    });
}

/// Whether a request is there, and not decided.
pub(crate) fn is_undecided(id: u64) -> bool {
    with(|s| s.wsk.ops.get(&id).is_some_and(|op| op.result.is_none()))
}

/// What succeeds completes in order, for requests of one kind on one socket (rule 56).
pub(super) fn is_next(s: &State, id: u64) -> bool {
    let op = &s.wsk.ops[&id];
    let in_order = op.socket != 0 && matches!(op.kind, Kind::Send | Kind::Receive | Kind::Accept);
    let succeeds = |op: &Op| op.result.is_some_and(|(status, _)| status >= 0);
    !in_order
        || !succeeds(op)
        || !s
            .wsk
            .ops
            .range(..id)
            .any(|(_, other)| other.socket == op.socket && other.kind == op.kind && succeeds(other))
}

/// Completes a request, at `level` if that is higher than the thread's.
pub(super) fn complete(id: u64, level: u8) {
    let op = with(|s| s.wsk.ops.remove(&id)).expect("completed once");
    let (status, information) = op.result.expect("decided before");
    with(|s| {
        if status == STATUS_FILE_FORCED_CLOSED {
            socket::tell_dead(s, op.socket, rule::WSK_55);
        }
        if op.kind == Kind::Close {
            if let Some(mut socket) = s.wsk.sockets.remove(&op.socket) {
                socket.object.Dispatch = std::ptr::null();
            }
        } else if op.kind == Kind::SocketConnect && status < 0 {
            let socket = s.wsk.sockets.remove(&op.socket);
            if let Some((connection, side)) = socket.and_then(|socket| socket.link) {
                s.net.connections[connection].reset(side, false);
            }
        } else if let (Some(socket), true) = (s.wsk.sockets.get_mut(&op.socket), status >= 0) {
            match op.kind {
                Kind::Bind if socket.category == Category::Listen => {
                    socket.phase = Phase::Listening;
                }
                Kind::Bind => socket.phase = Phase::Bound,
                Kind::Listen => socket.phase = Phase::Listening,
                Kind::Connect | Kind::SocketConnect => socket.phase = Phase::Connected,
                _ => {}
            }
        }
    });
    if status >= 0 {
        op.outputs.iter().for_each(Output::write);
    }
    if op.kind == Kind::Resolve && status >= 0 {
        let list = names::list(&op.addresses);
        let out: *mut PADDRINFOEXW = std::ptr::with_exposed_provenance_mut(op.out.0);
        // SAFETY: rule 90: valid until now.
        unsafe { out.write(list) };
    }
    let irp: *mut IRP = std::ptr::with_exposed_provenance_mut(op.irp);
    // SAFETY: the provider's IRP.
    if unsafe { tamper::fixed(irp) } != op.fixed {
        rule::WSK_18.broken(format!("the IRP of {} was written meanwhile", op.name));
    }
    if !rule::WSK_31.is_on() && !op.chain.is_described() {
        rule::WSK_30.broken(format!("the WSK_BUF of {} was changed meanwhile", op.name));
    }
    if op.chain.is_changed() {
        rule::C4_1010.broken(format!("what {} sends was changed meanwhile", op.name));
    }
    let old = set_irql(level.max(irql()));
    // SAFETY: the provider's IRP, completed once.
    unsafe {
        path::set_status(irp, status, information);
        unwind(irp);
    }
    set_irql(old);
    settle(op.socket);
}

/// Completes what is decided of a socket's requests, but for `id`, in their order.
pub(super) fn complete_others(id: u64, socket: usize) {
    let next = |s: &mut State| {
        let mut ops = s.wsk.ops.iter();
        let other =
            |(other, op): &(&u64, &Op)| **other != id && op.socket == socket && op.result.is_some();
        ops.find(other).map(|(other, _)| *other)
    };
    while let Some(other) = with(next) {
        complete(other, irql());
    }
}

/// Cancels the request of an IRP, unless it is decided already.
pub(crate) fn cancel(irp: *mut IRP) -> bool {
    let socket = with(|s| {
        let cancels = !s.profile.is_wine();
        let op = s.wsk.ops.values_mut().find(|op| op.irp == irp.addr())?;
        let lasts = match op.kind {
            Kind::Close | Kind::Create => true,
            Kind::Change => s.wsk.lasting_changes,
            _ => false,
        };
        if !cancels || op.result.is_some() || lasts {
            return None;
        }
        op.decide(STATUS_CANCELLED, 0);
        Some(op.socket)
    });
    if let Some(socket) = socket {
        settle(socket);
    }
    socket.is_some()
}

/// What requests on a dead socket fail with, if no rule says it.
const DEAD: [NTSTATUS; 3] = [
    STATUS_FILE_FORCED_CLOSED,
    STATUS_INVALID_DEVICE_STATE,
    STATUS_UNSUCCESSFUL,
];
