//! BCrypt, as cng.sys exports it, over the crates of RustCrypto. A random number is by lot.
//!
//! The functions work outside of a simulation as well, without rules and faults: so the tests of
//! `wskhttp-tls` run on the driver's own way to CNG.

mod cipher;
mod curve;
mod hash;
mod rsa;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wdk_sys::{NTSTATUS, PCWSTR, PUCHAR, PVOID, ULONG};

use self::cipher::Aead;
use self::curve::{Pair, Point};
use self::hash::Running;
use crate::fault;
use crate::profile::Profile;
use crate::rule;
use crate::sched::{PASSIVE, enter};
use crate::state::{State, lot, simulator, try_with, with};

/// The machine has no algorithm called `id`, such as `RSA`, or no curve, such as `curve25519`.
pub fn without(id: &'static str) {
    simulator(|| with(|s| s.cng.without.insert(id)));
}

/// The private key of the next key pair that is made on this thread of the host.
pub fn set_private_key(key: &[u8]) {
    PRIVATE.set(Some(key.to_vec()));
}

/// What CNG has given out.
#[derive(Default)]
pub(crate) struct Cng {
    handles: BTreeSet<usize>,
    without: BTreeSet<&'static str>,
}

#[expect(clippy::large_enum_variant, reason = "each is in a box")]
enum Object {
    Algorithm(Algorithm),
    Hash(Running),
    Key(Aead),
    Pair(Pair),
    Point(Point),
    Rsa(::rsa::RsaPublicKey),
    Secret(Vec<u8>),
}

/// An algorithm provider.
#[derive(Clone)]
struct Algorithm {
    id: String,
    hmac: bool,
    /// The one property that it needs to be of use.
    property: Option<String>,
}

/// What a function of the simulator gives back.
type Done = Result<(), NTSTATUS>;

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptGenRandom(_: PVOID, buffer: PUCHAR, len: ULONG, _: ULONG) -> NTSTATUS {
    call("BCryptGenRandom", || {
        // SAFETY: a buffer of that length by the contract.
        unsafe { output(buffer, len) }.fill_with(random);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptOpenAlgorithmProvider(
    handle: *mut PVOID,
    id: PCWSTR,
    _: PCWSTR,
    flags: ULONG,
) -> NTSTATUS {
    call("BCryptOpenAlgorithmProvider", || {
        // SAFETY: by the contract.
        let id = unsafe { text(id) };
        let known = match id.as_str() {
            "SHA256" | "SHA384" | "SHA512" => flags & !HMAC == 0,
            "AES" | "CHACHA20_POLY1305" | "ECDH" | "RSA" => flags == 0,
            "ECDH_P256" | "ECDH_P384" | "ECDSA_P256" | "ECDSA_P384" => flags == 0,
            _ => false,
        };
        if !known || is_missing(&id) {
            return Err(NOT_FOUND);
        }
        // SAFETY: by the contract.
        unsafe {
            give(
                handle,
                Object::Algorithm(Algorithm {
                    id,
                    hmac: flags == HMAC,
                    property: None,
                }),
            )
        };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptCloseAlgorithmProvider(handle: PVOID, flags: ULONG) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe { destroy("BCryptCloseAlgorithmProvider", handle, flags) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn BCryptSetProperty(
    handle: PVOID,
    name: PCWSTR,
    value: PUCHAR,
    len: ULONG,
    _: ULONG,
) -> NTSTATUS {
    call("BCryptSetProperty", || {
        // SAFETY: by the contract.
        let algorithm = unsafe { algorithm(handle) }?;
        // SAFETY: by the contract.
        let (name, value) = unsafe { (text(name), text(value.cast())) };
        let fits = match (algorithm.id.as_str(), name.as_str()) {
            ("AES", "ChainingMode") => value == "ChainingModeGCM",
            ("CHACHA20_POLY1305", "ChainingMode") => value == "ChainingModeN/A",
            ("ECDH", "ECCCurveName") => value == "curve25519" && !is_missing("curve25519"),
            _ => false,
        };
        if !fits || len as usize != 2 * (value.len() + 1) {
            return Err(NOT_SUPPORTED);
        }
        algorithm.property = Some(value);
        Ok(())
    })
}

/// One call: in a simulation it may fail.
fn call(name: &'static str, body: impl FnOnce() -> Done) -> NTSTATUS {
    let work = || body().err().unwrap_or(0);
    match try_with(|_| ()) {
        Some(()) => fault::call(name, PASSIVE, work),
        None => work(),
    }
}

/// # Safety
/// `handle` is one of ours, or a breach.
unsafe fn destroy(name: &'static str, handle: PVOID, flags: ULONG) -> NTSTATUS {
    let simulated = try_with(|_| ()).is_some();
    let _entry = simulated.then(|| enter(name, PASSIVE));
    if simulated && !with(|s| s.cng.handles.remove(&handle.addr())) {
        rule::C4_3C.broken(format!("{name} is called for a handle that is not open"));
    }
    if flags != 0 {
        return INVALID_PARAMETER;
    }
    // SAFETY: made by `give`, and taken out of the table above.
    drop(unsafe { Box::from_raw(handle.cast::<Object>()) });
    0
}

/// # Safety
/// `to` is writable.
unsafe fn give(to: *mut PVOID, object: Object) {
    let handle = Box::into_raw(Box::new(object));
    try_with(|s| s.cng.handles.insert(handle.addr()));
    // SAFETY: by the contract.
    unsafe { to.write(handle.cast()) };
}

/// # Safety
/// `handle` is one of ours, or a breach.
unsafe fn object<'a>(handle: PVOID) -> &'a mut Object {
    if try_with(|s| s.cng.handles.contains(&handle.addr())) == Some(false) {
        rule::C4_3C.broken("a handle of BCrypt's is not open");
    }
    // SAFETY: made by `give`; one thread uses it at a time, by the contract.
    unsafe { &mut *handle.cast::<Object>() }
}

/// # Safety
/// As [`object`].
unsafe fn algorithm<'a>(handle: PVOID) -> Result<&'a mut Algorithm, NTSTATUS> {
    // SAFETY: by the contract.
    match unsafe { object(handle) } {
        Object::Algorithm(algorithm) => Ok(algorithm),
        _ => Err(INVALID_HANDLE),
    }
}

fn is_missing(name: &str) -> bool {
    // What Wine has not: measured.
    let wine = ["CHACHA20_POLY1305", "ECDH"];
    try_with(|s| {
        s.cng.without.contains(name) || (s.profile == Profile::Wine && wine.contains(&name))
    })
    .unwrap_or(false)
}

fn random() -> u8 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    if try_with(|_| ()).is_some() {
        return lot(256) as u8;
    }
    let z = NEXT
        .fetch_add(1, Relaxed)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((z ^ (z >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8
}

/// Handles that the driver has left.
pub(crate) fn left(s: &State) -> Option<String> {
    let left = s.cng.handles.len();
    (left != 0).then(|| format!("{left} handles of BCrypt's are open"))
}

/// # Safety
/// A string that ends with zero.
unsafe fn text(from: PCWSTR) -> String {
    let mut units = Vec::new();
    loop {
        // SAFETY: by the contract.
        match unsafe { from.add(units.len()).read_unaligned() } {
            0 => return String::from_utf16_lossy(&units),
            unit => units.push(unit),
        }
    }
}

/// # Safety
/// Readable for so long.
unsafe fn input<'a>(from: PUCHAR, len: ULONG) -> &'a [u8] {
    if from.is_null() {
        assert_eq!(len, 0, "no buffer has a length");
        return &[];
    }
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(from, len as usize) }
}

/// # Safety
/// Writable for so long.
unsafe fn output<'a>(to: PUCHAR, len: ULONG) -> &'a mut [u8] {
    if len == 0 {
        return &mut [];
    }
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts_mut(to, len as usize) }
}

thread_local! {
    static PRIVATE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

const HMAC: ULONG = 8;

const NOT_FOUND: NTSTATUS = 0xC000_0225_u32.cast_signed();
const NOT_SUPPORTED: NTSTATUS = 0xC000_00BB_u32.cast_signed();
const INVALID_HANDLE: NTSTATUS = 0xC000_0008_u32.cast_signed();
const INVALID_PARAMETER: NTSTATUS = 0xC000_000D_u32.cast_signed();
const BUFFER_TOO_SMALL: NTSTATUS = 0xC000_0023_u32.cast_signed();
const INVALID_SIGNATURE: NTSTATUS = 0xC000_A000_u32.cast_signed();
const AUTH_TAG_MISMATCH: NTSTATUS = 0xC000_A002_u32.cast_signed();
