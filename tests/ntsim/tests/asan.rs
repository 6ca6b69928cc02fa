//! AddressSanitizer sees what code of the driver does to pool that is not its own: each test runs
//! itself in a process that does it, and which has to die of that.
#![cfg(feature = "asan")]

#[path = "support/child.rs"]
mod child;

use wdk_sys::ntddk::{ExAllocatePool2, ExFreePool};
use wskhttp_ntsim::{as_driver, run};

/// A read of pool that is freed.
#[test]
fn sees_a_read_after_free() {
    dies_of("heap-use-after-free", "sees_a_read_after_free", || {
        let memory = pool();
        // SAFETY: allocated above.
        unsafe { ExFreePool(memory.cast()) };
        // SAFETY: none; it is what this is about.
        unsafe { memory.read_volatile() }
    });
}

/// A read behind a block, in the simulator's fence.
#[test]
fn sees_a_read_behind_a_block() {
    dies_of("use-after-poison", "sees_a_read_behind_a_block", || {
        let memory = pool();
        // SAFETY: none; it is what this is about.
        unsafe { memory.add(SIZE as usize).read_volatile() }
    });
}

/// A read of a page of paged pool that is freed.
#[test]
fn sees_a_read_of_freed_paged_pool() {
    dies_of(
        "use-after-poison",
        "sees_a_read_of_freed_paged_pool",
        || {
            let memory = paged_pool();
            // SAFETY: allocated above.
            unsafe { ExFreePool(memory.cast()) };
            // SAFETY: none; it is what this is about.
            unsafe { memory.read_volatile() }
        },
    );
}

#[track_caller]
fn dies_of(report: &str, test: &str, client: fn() -> u8) {
    let inside = || {
        run(1, move || {
            as_driver(client);
        });
    };
    let Some(said) = child::fails(test, inside) else {
        return;
    };
    assert!(
        said.contains(&format!("AddressSanitizer: {report}")),
        "{said}"
    );
}

fn pool() -> *mut u8 {
    // SAFETY: a size and a tag; nonpaged.
    unsafe { ExAllocatePool2(0x40, SIZE, TAG) }.cast()
}

fn paged_pool() -> *mut u8 {
    // SAFETY: as above; paged.
    unsafe { ExAllocatePool2(0x100, SIZE, TAG) }.cast()
}

const SIZE: u64 = 40;
const TAG: u32 = u32::from_le_bytes(*b"Test");
