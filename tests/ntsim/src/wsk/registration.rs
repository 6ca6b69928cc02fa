//! Registration of clients, and the captured provider.

use wskhttp_core::wsk::sys::PWSK_PROVIDER_CHARACTERISTICS;

use super::*;
use crate::sched::call_at;

/// What the system writes into a registration block.
const OURS: u64 = 0x5753_4B52_4547_4953;

/// A live registration.
#[derive(Default)]
pub(crate) struct Registration {
    captures: u32,
    /// Calls through the provider's table that have not returned.
    calls: u32,
    going: bool,
    /// The version that the client asks for.
    version: u16,
    /// The client's table, and what it was.
    pub(super) dispatch: usize,
    table: Vec<u8>,
    /// What the block was made.
    block: Vec<u8>,
}

impl Registration {
    /// Which rule keeps the block from being freed.
    pub(super) fn while_it_lasts(&self) -> &'static rule::Rule {
        if self.going {
            rule::WSK_11
        } else {
            rule::WSK_2
        }
    }
}

/// Rule 2: neither the block nor the client's table has changed.
fn check_unchanged(key: usize) {
    let good = with(|s| {
        let registration = s.wsk.registrations.get(&key)?;
        // SAFETY: both are there until WskDeregister, or rule 2 is broken before.
        let same = unsafe {
            bytes_at(key, registration.block.len()) == registration.block
                && bytes_at(registration.dispatch, registration.table.len()) == registration.table
        };
        Some(same)
    });
    if good == Some(false) {
        rule::WSK_2.broken("WSK_REGISTRATION or WSK_CLIENT_DISPATCH has changed");
    }
}

/// # Safety
/// Readable.
unsafe fn bytes_at(address: usize, len: usize) -> Vec<u8> {
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(address), len) }.to_vec()
}

/// Rule 3: there are no events for a client.
fn check_event(dispatch: &WSK_CLIENT_DISPATCH, context: *mut c_void) {
    let Some(event) = dispatch.WskClientEvent else {
        return;
    };
    let none = std::ptr::null_mut();
    // SAFETY: the client's function.
    let status = call_at(DISPATCH, rule::C4_FA, "WskClientEvent", || unsafe {
        event(context, 0, none, 0)
    });
    if status != STATUS_NOT_IMPLEMENTED {
        rule::WSK_3.broken(format!("WskClientEvent has returned {status:#x}"));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WskRegister(
    client: PWSK_CLIENT_NPI,
    registration: PWSK_REGISTRATION,
) -> NTSTATUS {
    let _entry = enter("WskRegister", PASSIVE);
    // SAFETY: readable by the contract.
    let dispatch = unsafe { &*(*client).Dispatch };
    if dispatch.Reserved != 0 {
        breach("rule 3: WSK_CLIENT_DISPATCH.Reserved is not zero");
    }
    if let Some(status) = fault::status("WskRegister") {
        return status;
    }
    // SAFETY: readable by the contract.
    check_event(dispatch, unsafe { (*client).ClientContext });
    let key = registration.expose_provenance();
    let table = std::ptr::from_ref(dispatch).expose_provenance();
    if with(|s| s.wsk.registrations.contains_key(&key)) {
        rule::WSK_1.broken("a live WSK_REGISTRATION is registered again");
    }
    // SAFETY: writable by the contract.
    unsafe {
        (*registration).ReservedRegistrationState = OURS;
        (*registration).ReservedRegistrationContext = std::ptr::without_provenance_mut(key);
    }
    // SAFETY: both are there.
    let (block, bytes) = unsafe {
        (
            bytes_at(key, size_of::<WSK_REGISTRATION>()),
            bytes_at(table, size_of::<WSK_CLIENT_DISPATCH>()),
        )
    };
    let new = Registration {
        version: dispatch.Version,
        dispatch: table,
        table: bytes,
        block,
        ..Registration::default()
    };
    with(|s| {
        // What is static is so for one client, and there is one at a time.
        s.wsk.had_sockets = false;
        s.wsk.static_events = 0;
        s.wsk.registrations.insert(key, new)
    });
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WskCaptureProviderNPI(
    registration: PWSK_REGISTRATION,
    wait: u32,
    npi: PWSK_PROVIDER_NPI,
) -> NTSTATUS {
    let highest = if wait == 0 { DISPATCH } else { PASSIVE };
    let _entry = enter("WskCaptureProviderNPI", highest);
    let key = registration.addr();
    if !with(|s| s.wsk.registrations.contains_key(&key)) {
        breach("rule 1: a provider is captured without registration");
    }
    check_unchanged(key);
    if wait != 0 {
        let in_entry = with(|s| {
            s.current
                .is_some_and(|id| s.threads[id].name == "DriverEntry")
        });
        if in_entry {
            breach("rule 7: DriverEntry waits for the provider");
        }
        wait_for_provider(key, wait);
    }
    if let Some(status) = fault::status("WskCaptureProviderNPI") {
        return status;
    }
    let ready = with(|s| s.wsk.is_ready(s.now) && !s.wsk.registrations[&key].going);
    if !ready {
        return STATUS_DEVICE_NOT_READY;
    }
    let supported = |s: &mut State| {
        let (lowest, highest) = s.wsk.versions;
        // Wine does not look at it.
        s.profile.is_wine() || (lowest..=highest).contains(&s.wsk.registrations[&key].version)
    };
    if !with(supported) {
        return STATUS_NOINTERFACE;
    }
    with(|s| {
        if let Some(registration) = s.wsk.registrations.get_mut(&key) {
            registration.captures += 1;
        }
    });
    // SAFETY: writable by the contract.
    unsafe {
        (*npi).Client = registration.cast();
        (*npi).Dispatch = tables::provider();
    }
    0
}

/// Waits up to `wait` milliseconds, or without bound.
fn wait_for_provider(key: usize, wait: u32) {
    let (now, ready_at) = with(|s| (s.now, s.wsk.ready_at));
    let bound = match wait {
        u32::MAX => u64::MAX,
        wait => now + u64::from(wait) * 10_000,
    };
    let until = Some(bound.min(ready_at)).filter(|until| *until < u64::MAX);
    block("the provider of WSK", until, move |s| {
        s.wsk.is_ready(s.now) || s.wsk.registrations[&key].going
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WskQueryProviderCharacteristics(
    registration: PWSK_REGISTRATION,
    characteristics: PWSK_PROVIDER_CHARACTERISTICS,
) -> NTSTATUS {
    let _entry = enter("WskQueryProviderCharacteristics", DISPATCH);
    if !with(|s| s.wsk.registrations.contains_key(&registration.addr())) {
        breach("rule 1: a provider is asked for its versions without registration");
    }
    if !with(|s| s.wsk.is_ready(s.now)) {
        return STATUS_DEVICE_NOT_READY;
    }
    let (lowest, highest) = with(|s| s.wsk.versions);
    // SAFETY: writable by the contract.
    unsafe {
        (*characteristics).HighestVersion = highest;
        (*characteristics).LowestVersion = lowest;
    }
    0
}

#[unsafe(no_mangle)]
extern "C" fn WskReleaseProviderNPI(registration: PWSK_REGISTRATION) {
    let _entry = enter("WskReleaseProviderNPI", DISPATCH);
    let good = with(
        |s| match s.wsk.registrations.get_mut(&registration.addr()) {
            Some(registration) if registration.captures > 0 => {
                registration.captures -= 1;
                true
            }
            _ => false,
        },
    );
    if !good {
        breach("rule 8: WskReleaseProviderNPI without a capture");
    }
    check_unchanged(registration.addr());
    let last = with(|s| s.wsk.registrations[&registration.addr()].captures == 0);
    if last && with(|s| !s.wsk.infos.is_empty()) {
        breach("rule 87: an address list is not freed when the provider is released");
    }
}

#[unsafe(no_mangle)]
extern "C" fn WskDeregister(registration: PWSK_REGISTRATION) {
    let _entry = enter("WskDeregister", PASSIVE);
    let key = registration.addr();
    let found = with(|s| s.wsk.registrations.get_mut(&key).map(|r| r.going = true));
    if found.is_none() {
        breach("rule 1: WskDeregister without WskRegister");
    }
    check_unchanged(key);
    with(|s| {
        // Rule 84.
        for op in s.wsk.ops.values_mut().filter(|op| op.kind == Kind::Change) {
            op.decide(STATUS_CANCELLED, 0);
        }
    });
    if with(|s| !s.wsk.descriptors.is_empty()) {
        rule::WSK_40.broken("a cached security descriptor is not released at WskDeregister");
    }
    let what = with(|s| {
        let r = &s.wsk.registrations[&key];
        format!(
            "WskDeregister: {} captures, {} sockets, {} requests",
            r.captures,
            s.wsk.sockets.len(),
            s.wsk.ops.len()
        )
    });
    block_by(rule::WSK_10, what, None, move |s| {
        let r = &s.wsk.registrations[&key];
        r.captures == 0 && r.calls == 0 && s.wsk.sockets.is_empty() && s.wsk.ops.is_empty()
    });
    with(|s| s.wsk.registrations.remove(&key));
}

/// Whether the driver may unload.
pub(crate) fn check_at_unload() {
    if with(|s| !s.wsk.registrations.is_empty()) {
        breach("rule 12: unloaded while registered with WSK");
    }
}

/// A call through the provider's table, until it is dropped. Rule 9: only while captured.
pub(super) struct Captured(usize);

impl Captured {
    pub(super) fn new(client: PWSK_CLIENT, name: &str) -> Self {
        let good = with(|s| match s.wsk.registrations.get_mut(&client.addr()) {
            Some(registration) if registration.captures > 0 => {
                registration.calls += 1;
                true
            }
            _ => false,
        });
        if !good {
            breach(&format!(
                "rule 9: {name} while the provider is not captured"
            ));
        }
        Self(client.addr())
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        with(|s| {
            if let Some(registration) = s.wsk.registrations.get_mut(&self.0) {
                registration.calls -= 1;
            }
        });
    }
}
