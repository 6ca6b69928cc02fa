//! Registration and the provider: rules 1 to 13.

use std::ptr::null_mut;

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool};
use wskhttp_core::wsk::sys::*;
use wskhttp_ntsim::{as_driver, at_irql, image_gone, spawn};

use crate::client::*;

static RESERVED: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    Reserved: 1,
    ..DISPATCH
};

unsafe extern "C" fn event(_: wdk_sys::PVOID, _: u32, _: wdk_sys::PVOID, _: u64) -> i32 {
    0
}

static EVENTS: WSK_CLIENT_DISPATCH = WSK_CLIENT_DISPATCH {
    WskClientEvent: Some(event),
    ..DISPATCH
};

mutants! {
    registers_twice breaks WSK_1 {
        let registration = register(&raw const DISPATCH);
        register_at(&raw const DISPATCH, registration);
    }
    deregisters_twice breaks WSK_1 {
        let registration = register(&raw const DISPATCH);
        WskDeregister(registration);
        WskDeregister(registration);
    }
    captures_unregistered breaks WSK_1 {
        capture_of(&raw mut *Box::leak(Box::new(WSK_REGISTRATION::ZEROED)));
    }
    asks_for_versions_unregistered breaks WSK_1 {
        let registration = &raw mut *Box::leak(Box::new(WSK_REGISTRATION::ZEROED));
        let mut versions = WSK_PROVIDER_CHARACTERISTICS::default();
        WskQueryProviderCharacteristics(registration, &raw mut versions);
    }
    registers_at_dispatch breaks WSK_1 {
        at_irql(2, || register(&raw const DISPATCH));
    }
    frees_its_registration breaks WSK_2 {
        let memory = ExAllocatePool2(NON_PAGED, 64, TAG);
        register_at(&raw const DISPATCH, memory.cast());
        ExFreePool(memory);
    }
    frees_its_table breaks WSK_2 {
        let memory = ExAllocatePool2(NON_PAGED, 64, TAG);
        memory.cast::<WSK_CLIENT_DISPATCH>().write(DISPATCH);
        register(memory.cast());
        ExFreePool(memory);
    }
    writes_to_its_registration breaks WSK_2 {
        let registration = register(&raw const DISPATCH);
        (*registration).ReservedRegistrationState = 0;
        capture_of(registration);
    }
    frees_its_registration_while_it_deregisters breaks WSK_11 {
        let memory = ExAllocatePool2(NON_PAGED, 64, TAG);
        register_at(&raw const DISPATCH, memory.cast());
        capture_of(memory.cast());
        let address = memory.expose_provenance();
        let other = spawn("deregisters", move || as_driver(|| {
            WskDeregister(std::ptr::with_exposed_provenance_mut(address));
        }));
        a_while();
        ExFreePool(memory);
        other.join();
    }
    has_events breaks WSK_3 {
        register(&raw const EVENTS);
    }
    uses_the_reserved_member breaks WSK_3 {
        register(&raw const RESERVED);
    }
    waits_for_the_provider_at_dispatch breaks WSK_4 {
        let registration = register(&raw const DISPATCH);
        let mut npi = WSK_PROVIDER_NPI::ZEROED;
        at_irql(2, || WskCaptureProviderNPI(registration, 100, &raw mut npi));
    }
    releases_without_a_capture breaks WSK_8 {
        let registration = register(&raw const DISPATCH);
        WskReleaseProviderNPI(registration);
    }
    releases_twice breaks WSK_8 {
        let registration = register(&raw const DISPATCH);
        capture_of(registration);
        WskReleaseProviderNPI(registration);
        WskReleaseProviderNPI(registration);
    }
    calls_after_release breaks WSK_9 {
        let registration = register(&raw const DISPATCH);
        let npi = capture_of(registration);
        WskReleaseProviderNPI(registration);
        start_create(&npi, new_irp());
    }
    calls_for_another_client breaks WSK_9 {
        let mut npi = capture();
        npi.Client = null_mut();
        start_create(&npi, new_irp());
    }
    deregisters_with_a_capture breaks WSK_10 {
        let registration = register(&raw const DISPATCH);
        capture_of(registration);
        WskDeregister(registration);
    }
    deregisters_with_a_socket breaks WSK_10 {
        let registration = register(&raw const DISPATCH);
        let npi = capture_of(registration);
        create(&npi, new_irp());
        WskReleaseProviderNPI(registration);
        WskDeregister(registration);
    }
    unloads_registered breaks WSK_12 {
        register(&raw const DISPATCH);
        image_gone();
    }
}

proofs! {
    a_socket_outlives_the_capture shows WSK_9 {
        let registration = register(&raw const DISPATCH);
        let npi = capture_of(registration);
        let irp = new_irp();
        let socket = create(&npi, irp);
        WskReleaseProviderNPI(registration);
        bind(socket, irp);
        reuse(irp);
        close(socket, irp);
        WskDeregister(registration);
    }
}
