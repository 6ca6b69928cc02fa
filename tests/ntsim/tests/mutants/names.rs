//! Names: rules 86 to 91.

use std::ptr::null_mut;

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool, KeInitializeEvent};
use wdk_sys::{DEVICE_OBJECT, IRP, KEVENT, NTSTATUS, PVOID, UNICODE_STRING};
use wskhttp_core::nt::irp;
use wskhttp_core::wsk::sys::{PADDRINFOEXW, WSK_PROVIDER_NPI, WskReleaseProviderNPI};
use wskhttp_ntsim::{at_irql, rule};

use crate::client::*;

mutants! {
    frees_addresses_at_apc breaks WSK_86 {
        let npi = capture();
        let free = (*npi.Dispatch).WskFreeAddressInfo.expect("there");
        at_irql(1, || free(npi.Client, null_mut()));
    }
    frees_no_addresses breaks WSK_87 {
        let npi = capture();
        (*npi.Dispatch).WskFreeAddressInfo.expect("there")(npi.Client, null_mut());
    }
    frees_a_list_twice breaks WSK_87 {
        let npi = capture();
        let free = (*npi.Dispatch).WskFreeAddressInfo.expect("there");
        let (_, list) = look_up(&npi, "localhost");
        free(npi.Client, list);
        free(npi.Client, list);
    }
    releases_the_provider_with_a_list breaks WSK_87 {
        let registration = register(&raw const DISPATCH);
        look_up(&capture_of(registration), "localhost");
        WskReleaseProviderNPI(registration);
    }
    frees_the_name_during_a_look_up breaks WSK_90 {
        frees_the_name();
    }
    leaves_the_frame_of_a_look_up breaks WSK_90 {
        looks_up_deep_down();
        KeInitializeEvent(Box::leak(Box::new(KEVENT::default())), 0, 0);
    }
}

proofs! {
    the_name_may_go_if_that_rule_is_off shows WSK_90 {
        rule::WSK_90.switch_off();
        frees_the_name();
    }
    a_name_may_take_for_ever shows WSK_91 {
        assert_eq!(look_up(&capture(), "slow.test").0, None);
    }
    a_name_takes_no_time_if_that_rule_is_off shows WSK_91 {
        rule::WSK_91.switch_off();
        let no_match = 0xC000_0272_u32.cast_signed();
        assert_eq!(look_up(&capture(), "slow.test").0, Some(no_match));
    }
    a_thread_needs_its_process shows WSK_88 {
        let npi = capture();
        let mut text: Vec<u16> = "localhost".encode_utf16().collect();
        let mut name = UNICODE_STRING {
            Length: text.len() as u16 * 2,
            MaximumLength: text.len() as u16 * 2,
            Buffer: text.as_mut_ptr(),
        };
        let (mut result, irp) = (null_mut(), new_irp());
        let look_up = (*npi.Dispatch).WskGetAddressInfo.expect("there");
        let (service, provider, hints) = (null_mut(), null_mut(), null_mut());
        let thread = std::ptr::dangling_mut::<u128>().cast();
        let result = &raw mut result;
        let process = null_mut();
        look_up(
            npi.Client, &raw mut name, service, 0, provider, hints, result, process, thread, irp,
        );
        a_while();
        assert_eq!(irp::status(irp), 0xC000_000D_u32.cast_signed());
    }
}

/// Looks up `name`: how that has ended, if it has, and with which list.
fn look_up(npi: &WSK_PROVIDER_NPI, name: &str) -> (Option<NTSTATUS>, PADDRINFOEXW) {
    let text: &[u16] = name.encode_utf16().collect::<Vec<_>>().leak();
    let len = text.len() as u16 * 2;
    let name = Box::leak(Box::new(UNICODE_STRING {
        Length: len,
        MaximumLength: len,
        Buffer: text.as_ptr().cast_mut(),
    }));
    let result = &raw mut *Box::leak(Box::new(null_mut()));
    let ended = &raw mut *Box::leak(Box::new(None));
    let irp = new_irp();
    // SAFETY: a string and a place that stay.
    unsafe {
        irp::set_completion_routine(irp, Some(notes), ended.cast());
        let look_up = (*npi.Dispatch).WskGetAddressInfo.expect("there");
        let (service, provider, hints) = (null_mut(), null_mut(), null_mut());
        let (process, thread) = (null_mut(), null_mut());
        let _ = look_up(
            npi.Client, name, service, 0, provider, hints, result, process, thread, irp,
        );
        a_while();
        (ended.read_volatile(), result.read_volatile())
    }
}

/// Notes the status.
unsafe extern "C" fn notes(_: *mut DEVICE_OBJECT, irp: *mut IRP, to: PVOID) -> NTSTATUS {
    // SAFETY: in the routine the IRP is ours; the context that was set.
    unsafe {
        to.cast::<Option<NTSTATUS>>()
            .write_volatile(Some(irp::status(irp)))
    };
    MORE_PROCESSING_REQUIRED
}

/// Looks up a name that nobody answers for, with the result at the far end of a large frame.
#[inline(never)]
fn looks_up_deep_down() {
    let npi = capture();
    let text = Box::leak("slow.test".encode_utf16().collect::<Box<[u16]>>());
    let len = text.len() as u16 * 2;
    let name = Box::leak(Box::new(UNICODE_STRING {
        Length: len,
        MaximumLength: len,
        Buffer: text.as_mut_ptr(),
    }));
    let mut result = [null_mut(); 1024];
    // SAFETY: as WskGetAddressInfo asks for, as long as this frame is there.
    unsafe {
        let look_up = (*npi.Dispatch).WskGetAddressInfo.expect("there");
        let (service, provider, hints) = (null_mut(), null_mut(), null_mut());
        let (process, thread) = (null_mut(), null_mut());
        let result = result.as_mut_ptr();
        let irp = new_irp();
        let _ = look_up(
            npi.Client, name, service, 0, provider, hints, result, process, thread, irp,
        );
    }
}

/// Looks up a name that nobody answers for, and frees the string meanwhile.
fn frees_the_name() {
    let npi = capture();
    let text: Vec<u16> = "slow.test".encode_utf16().collect();
    let len = text.len() as u16 * 2;
    // SAFETY: a string of pool; the result stays.
    unsafe {
        let memory = ExAllocatePool2(NON_PAGED, u64::from(len), TAG).cast::<u16>();
        memory.copy_from_nonoverlapping(text.as_ptr(), text.len());
        let name = Box::leak(Box::new(UNICODE_STRING {
            Length: len,
            MaximumLength: len,
            Buffer: memory,
        }));
        let result = Box::leak(Box::new(null_mut()));
        let look_up = (*npi.Dispatch).WskGetAddressInfo.expect("there");
        let (service, provider, hints) = (null_mut(), null_mut(), null_mut());
        let (process, thread) = (null_mut(), null_mut());
        let _ = look_up(
            npi.Client,
            name,
            service,
            0,
            provider,
            hints,
            result,
            process,
            thread,
            new_irp(),
        );
        ExFreePool(memory.cast());
    }
}
