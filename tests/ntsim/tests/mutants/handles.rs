//! Verifier: threads, handles, objects and strings.

use std::ffi::c_void;
use std::ptr::null_mut;

use wdk_sys::ntddk::{
    KeDelayExecutionThread, MmGetSystemRoutineAddress, ObReferenceObjectByHandle,
    ObfDereferenceObject, PsCreateSystemThread, ZwClose,
};
use wdk_sys::{HANDLE, LARGE_INTEGER, UNICODE_STRING};
use wskhttp_core::nt::cng::sys::{
    BCRYPT_SHA256_ALGORITHM, BCryptCloseAlgorithmProvider, BCryptCreateHash,
    BCryptOpenAlgorithmProvider,
};
use wskhttp_ntsim::image_gone;

use crate::client::*;

unsafe extern "C" fn ends(_: *mut c_void) {}

unsafe extern "C" fn stays(_: *mut c_void) {
    let mut time = LARGE_INTEGER {
        QuadPart: -3600 * 10_000_000,
    };
    // SAFETY: at PASSIVE_LEVEL.
    let _ = unsafe { KeDelayExecutionThread(0, 0, &raw mut time) };
}

fn thread(start: unsafe extern "C" fn(*mut c_void)) -> HANDLE {
    let mut thread = null_mut();
    let to = &raw mut thread;
    // SAFETY: as PsCreateSystemThread asks for.
    let status = unsafe {
        let (attributes, client) = (null_mut(), null_mut());
        PsCreateSystemThread(
            to,
            0,
            attributes,
            null_mut(),
            client,
            Some(start),
            null_mut(),
        )
    };
    assert_eq!(status, 0);
    thread
}

/// A provider of SHA-256.
fn algorithm() -> *mut c_void {
    let mut algorithm = null_mut();
    let (to, id) = (&raw mut algorithm, BCRYPT_SHA256_ALGORITHM.as_ptr());
    // SAFETY: a string that ends with zero, and room for a handle.
    let status = unsafe { BCryptOpenAlgorithmProvider(to, id, null_mut(), 0) };
    assert_eq!(status, 0);
    algorithm
}

/// A thread's object, referenced.
fn object(handle: HANDLE) -> *mut c_void {
    let mut object = null_mut();
    let to = &raw mut object;
    // SAFETY: an open handle, or not.
    let status = unsafe { ObReferenceObjectByHandle(handle, 0, null_mut(), 0, to, null_mut()) };
    assert_eq!(status, 0);
    object
}

fn look_up(length: u16, most: u16) {
    let mut text = *b"K\0e\0";
    let mut name = UNICODE_STRING {
        Length: length,
        MaximumLength: most,
        Buffer: text.as_mut_ptr().cast(),
    };
    // SAFETY: what is wrong is seen first.
    unsafe { MmGetSystemRoutineAddress(&raw mut name) };
}

mutants! {
    leaves_a_thread_running breaks CE {
        let _ = ZwClose(thread(stays));
        image_gone();
    }
    leaves_a_handle_open breaks HANDLE_LEFT {
        thread(ends);
        a_while();
        image_gone();
    }
    keeps_a_reference breaks HANDLE_LEFT {
        let handle = thread(ends);
        object(handle);
        let _ = ZwClose(handle);
        a_while();
        image_gone();
    }
    gives_a_reference_back_twice breaks C4_3F {
        let object = object(thread(ends));
        ObfDereferenceObject(object);
        ObfDereferenceObject(object);
    }
    leaves_an_algorithm_open breaks HANDLE_LEFT {
        let _ = algorithm();
        image_gone();
    }
    leaves_a_digest breaks HANDLE_LEFT {
        let algorithm = algorithm();
        let mut digest = null_mut();
        let to = &raw mut digest;
        let _ = BCryptCreateHash(algorithm, to, null_mut(), 0, null_mut(), 0, 0);
        let _ = BCryptCloseAlgorithmProvider(algorithm, 0);
        image_gone();
    }
    closes_an_algorithm_twice breaks C4_3C {
        let algorithm = algorithm();
        let _ = BCryptCloseAlgorithmProvider(algorithm, 0);
        let _ = BCryptCloseAlgorithmProvider(algorithm, 0);
    }
    hashes_with_a_closed_algorithm breaks C4_3C {
        let algorithm = algorithm();
        let _ = BCryptCloseAlgorithmProvider(algorithm, 0);
        let mut digest = null_mut();
        let to = &raw mut digest;
        let _ = BCryptCreateHash(algorithm, to, null_mut(), 0, null_mut(), 0, 0);
    }
    references_by_a_null_handle breaks C4_3C {
        object(null_mut());
    }
    references_by_a_closed_handle breaks C4_3C {
        let handle = thread(ends);
        let _ = ZwClose(handle);
        object(handle);
    }
    closes_twice breaks ZW_CLOSE {
        let handle = thread(ends);
        let _ = ZwClose(handle);
        let _ = ZwClose(handle);
    }
    a_string_of_half_characters breaks C4_E4 {
        look_up(3, 4);
    }
    a_string_longer_than_its_buffer breaks C4_E4 {
        look_up(4, 2);
    }
}
