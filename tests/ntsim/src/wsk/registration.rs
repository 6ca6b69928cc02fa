//! Registration of clients, and the captured provider.

use wskhttp_core::wsk::sys::PWSK_PROVIDER_CHARACTERISTICS;

use super::*;

/// A live registration.
#[derive(Default)]
pub(crate) struct Registration {
    captures: u32,
    /// Calls through the provider's table that have not returned.
    calls: u32,
    going: bool,
    /// The version that the client asks for.
    version: u16,
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
    let new = Registration {
        version: dispatch.Version,
        ..Registration::default()
    };
    let old = with(|s| s.wsk.registrations.insert(registration.addr(), new));
    if old.is_some() {
        breach("rule 1: a live WSK_REGISTRATION is registered again");
    }
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
        (lowest..=highest).contains(&s.wsk.registrations[&key].version)
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
