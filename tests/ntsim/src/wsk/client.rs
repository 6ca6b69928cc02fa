//! WskControlClient.

use wskhttp_core::wsk::sys::{
    SOCK_DGRAM, WSK_CACHE_SD, WSK_EVENT_CALLBACK_CONTROL, WSK_RELEASE_SD,
    WSK_SET_STATIC_EVENT_CALLBACKS, WSK_TDI_BEHAVIOR, WSK_TRANSPORT, WSK_TRANSPORT_LIST_CHANGE,
    WSK_TRANSPORT_LIST_QUERY,
};

use super::*;

pub(super) unsafe extern "C" fn control_client(
    client: PWSK_CLIENT,
    code: u32,
    input_size: u64,
    input: *mut c_void,
    output_size: u64,
    output: *mut c_void,
    returned: *mut u64,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskControlClient", DISPATCH);
    let _captured = Captured::new(client, "WskControlClient");
    match with(|s| s.profile) {
        Profile::Wine => return STATUS_NOT_IMPLEMENTED,
        Profile::Viosock if irp.is_null() => return STATUS_NOT_IMPLEMENTED,
        _ => {}
    }
    let waits = code == WSK_TRANSPORT_LIST_CHANGE;
    if waits == irp.is_null() {
        rule::WSK_84.broken(format!(
            "WskControlClient, code {code}, {} IRP",
            if waits { "without" } else { "with" }
        ));
    }
    if waits {
        // SAFETY: the contract is the same.
        let id = unsafe { begin("WskControlClient", irp, Kind::Change, 0) };
        if with(|s| s.profile) == Profile::Viosock {
            decide(id, STATUS_NOT_IMPLEMENTED, 0);
        }
        return end(id);
    }
    if let Some(status) = fault::status("WskControlClient") {
        return status;
    }
    match code {
        // SAFETY: the contract is the same.
        WSK_TRANSPORT_LIST_QUERY => unsafe {
            let list = transports();
            if !returned.is_null() {
                returned.write(size_of_val(list.as_slice()) as u64);
            }
            if (output_size as usize) < size_of_val(list.as_slice()) {
                // Rule 85.
                return STATUS_BUFFER_OVERFLOW;
            }
            let to = output.cast::<WSK_TRANSPORT>();
            to.copy_from_nonoverlapping(list.as_ptr(), list.len());
            0
        },
        WSK_SET_STATIC_EVENT_CALLBACKS => {
            check_size(input_size, size_of::<WSK_EVENT_CALLBACK_CONTROL>());
            // SAFETY: readable by the contract.
            let control = unsafe { *input.cast::<WSK_EVENT_CALLBACK_CONTROL>() };
            if with(|s| s.wsk.had_sockets) {
                rule::WSK_71.broken("static event callbacks are set after the first socket");
            }
            events::check_npi(&control);
            with(|s| s.wsk.static_events = control.EventMask);
            0
        }
        WSK_TDI_BEHAVIOR => {
            check_size(input_size, 4);
            if with(|s| s.wsk.had_sockets) {
                rule::WSK_85.broken("WSK_TDI_BEHAVIOR after the first socket");
            }
            0
        }
        WSK_CACHE_SD => {
            check_size(output_size, size_of::<usize>());
            let cached = with(|s| {
                let cached = CACHED_SD + s.number() as usize * 16;
                s.wsk.descriptors.insert(cached);
                cached
            });
            // SAFETY: writable by the contract.
            unsafe { output.cast::<usize>().write(cached) };
            0
        }
        WSK_RELEASE_SD => {
            check_size(input_size, size_of::<usize>());
            // SAFETY: readable by the contract.
            let cached = unsafe { input.cast::<usize>().read() };
            let needs = |op: &Op| op.strings.contains(&(cached, 1));
            if with(|s| s.wsk.ops.values().any(needs)) {
                rule::WSK_40.broken("a security descriptor is released before its socket is made");
            }
            if !with(|s| s.wsk.descriptors.remove(&cached)) {
                rule::WSK_40.broken("a security descriptor is released that is not cached");
            }
            0
        }
        _ => STATUS_NOT_SUPPORTED,
    }
}

fn check_size(size: u64, right: usize) {
    if size as usize != right {
        rule::WSK_84.broken(format!("a buffer of {size} bytes in place of {right}"));
    }
}

/// Rule 40: the descriptor of a new socket is cached.
pub(super) fn check_security(security: *mut c_void) {
    with(|s| s.wsk.secured.push(!security.is_null()));
    if !security.is_null() && !with(|s| s.wsk.descriptors.contains(&security.addr())) {
        rule::WSK_40.broken("a socket with a security descriptor that is not cached");
    }
}

/// The descriptor of a new socket is needed until request `id` is over.
pub(super) fn need_security(id: u64, security: *mut c_void) {
    with(|s| {
        let op = s.wsk.ops.get_mut(&id).filter(|_| !security.is_null());
        op.map(|op| op.strings.push((security.addr(), 1)))
    });
}

/// For each socket that was asked for so far, whether it has a security descriptor.
#[must_use]
pub fn socket_security() -> Vec<bool> {
    simulator(|| with(|s| s.wsk.secured.clone()))
}

/// TCP and UDP, over IPv4 and IPv6.
fn transports() -> Vec<WSK_TRANSPORT> {
    let mut list = Vec::new();
    if with(|s| s.wsk.no_transports) {
        return list;
    }
    for family in [AF_INET, AF_INET6] {
        for (kind, protocol) in [(SOCK_STREAM, IPPROTO_TCP), (SOCK_DGRAM, 17)] {
            list.push(WSK_TRANSPORT {
                Version: 2,
                SocketType: kind,
                Protocol: protocol,
                AddressFamily: family,
                ProviderId: wdk_sys::GUID::default(),
            });
        }
    }
    list
}

/// Has transports, or none as early in boot, which is a change of the list.
pub fn set_transports(there: bool) {
    with(|s| s.wsk.no_transports = !there);
    change_transports();
}

/// Whoever waits for the list of transports to change cannot be cancelled from now on but by
/// WskDeregister, which is all that the documents promise.
pub fn make_changes_last() {
    with(|s| s.wsk.lasting_changes = true);
}

/// How many wait for the list of transports to change.
#[must_use]
pub fn waits_for_changes() -> usize {
    let waits = |op: &&Op| op.kind == Kind::Change && op.result.is_none();
    with(|s| s.wsk.ops.values().filter(waits).count())
}

/// The list of transports has changed: completes what waits for that.
pub fn change_transports() {
    simulator(|| {
        with(|s| {
            for op in s.wsk.ops.values_mut().filter(|op| op.kind == Kind::Change) {
                op.decide(0, 0);
            }
        });
    });
}

/// Where descriptors seem to be cached; nobody may look there.
const CACHED_SD: usize = 0x5D00_0000;
