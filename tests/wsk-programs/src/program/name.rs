//! Names.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::ptr::null_mut;

use wdk_sys::UNICODE_STRING;
use wskhttp_core::wsk::sys::{ADDRINFOEXW, AF_INET, PADDRINFOEXW, SOCKADDR_IN};

use crate::Bench;
use crate::client::table;
use crate::request::Request;

/// Looks a name up, asking for IPv4, and does something meanwhile.
pub(super) fn look_up(bench: &Bench, name: &str, meanwhile: impl FnOnce(&Request<'_>)) {
    let functions = table(&bench.npi);
    let look_up = functions.WskGetAddressInfo.expect("WskGetAddressInfo");
    let mut wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let bytes = (wide.len() * 2) as u16;
    let mut string = Box::new(UNICODE_STRING {
        Length: bytes - 2,
        MaximumLength: bytes,
        Buffer: wide.as_mut_ptr(),
    });
    let mut hints = Box::new(ADDRINFOEXW {
        ai_family: AF_INET.into(),
        ..ADDRINFOEXW::ZEROED
    });
    let mut list: Box<PADDRINFOEXW> = Box::new(null_mut());
    // SAFETY: captured; name, hints and result stay until the request has ended.
    let request = Request::start(bench, "WskGetAddressInfo", |irp| unsafe {
        look_up(
            bench.npi.Client,
            &raw mut *string,
            null_mut(),
            0,
            null_mut(),
            &raw mut *hints,
            &raw mut *list,
            null_mut(),
            null_mut(),
            irp,
        )
    });
    meanwhile(&request);
    let end = request.end();
    if end.status < 0 {
        return;
    }
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut at: PADDRINFOEXW = *list;
    while !at.is_null() {
        // SAFETY: an element of the list.
        let info = unsafe { &*at };
        if info.ai_family == i32::from(AF_INET) {
            // SAFETY: an address of that family, every byte of which is defined by each view.
            let bits = unsafe { (*info.ai_addr.cast::<SOCKADDR_IN>()).sin_addr.S_un.S_addr };
            let address = Ipv4Addr::from_bits(u32::from_be(bits));
            found.insert(format!("{address}, {} bytes", info.ai_addrlen));
        } else {
            found.insert(format!("family {}", info.ai_family));
        }
        at = info.ai_next;
    }
    for address in found {
        bench.say(address);
    }
    let free = functions.WskFreeAddressInfo.expect("WskFreeAddressInfo");
    // SAFETY: the provider's, freed once.
    unsafe { free(bench.npi.Client, *list) };
}

pub(super) fn localhost(bench: &Bench) {
    look_up(bench, "localhost", |_| {});
}

pub(super) fn digits(bench: &Bench) {
    look_up(bench, "127.0.0.2", |_| {});
}

/// Nobody answers for names below this one (RFC 6761).
pub(super) fn unknown(bench: &Bench) {
    look_up(bench, "nobody.invalid", |_| {});
}
