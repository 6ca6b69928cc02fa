//! Names: rules 86 to 91.

use std::ptr::null_mut;

use wdk_sys::UNICODE_STRING;
use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool};
use wskhttp_core::nt::irp;
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
    frees_the_name_during_a_look_up breaks WSK_90 {
        frees_the_name();
    }
}

proofs! {
    the_name_may_go_if_that_rule_is_off shows WSK_90 {
        rule::WSK_90.switch_off();
        frees_the_name();
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
