//! BCrypt: random numbers, from the seed.

use wdk_sys::{NTSTATUS, PVOID};

use crate::fault;
use crate::sched::PASSIVE;
use crate::state::lot;

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptGenRandom(_: PVOID, buffer: *mut u8, len: u32, _: u32) -> NTSTATUS {
    fault::call("BCryptGenRandom", PASSIVE, || {
        for i in 0..len as usize {
            // SAFETY: a buffer of that length by the contract.
            unsafe { buffer.add(i).write(lot(256) as u8) };
        }
        0
    })
}
