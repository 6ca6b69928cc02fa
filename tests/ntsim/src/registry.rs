//! Zw: the registry, empty but for what a test puts there. Paths and names are told apart without
//! regard to case.

use std::collections::BTreeMap;

use wdk_sys::{HANDLE, NTSTATUS, OBJECT_ATTRIBUTES, PVOID, UNICODE_STRING};

use crate::fault;
use crate::rule;
use crate::sched::PASSIVE;
use crate::state::with;

/// The key of the driver's service.
pub const SERVICE: &str = r"\Registry\Machine\System\CurrentControlSet\Services\wskhttp";

/// REG_BINARY.
pub const BINARY: u32 = 3;
/// REG_DWORD.
pub const DWORD: u32 = 4;

/// Writes a value, and makes its key, and those above it, if need be.
///
/// # Panics
/// Outside a simulation.
pub fn set(path: &str, name: &str, kind: u32, data: &[u8]) {
    with(|s| {
        let now = s.now;
        let mut above = String::new();
        for part in path.split('\\').skip(1) {
            s.registry.touch(&above, now, part);
            above = format!("{above}\\{part}");
            s.registry.keys.entry(upper(&above)).or_default();
        }
        s.registry.write(path, name, kind, data, now);
    });
}

/// What a value holds.
///
/// # Panics
/// Outside a simulation.
#[must_use]
pub fn get(path: &str, name: &str) -> Option<Vec<u8>> {
    with(|s| {
        let key = s.registry.keys.get(&upper(path))?;
        Some(key.values.get(&upper(name))?.data.clone())
    })
}

/// Removes a key and all below it.
///
/// # Panics
/// Outside a simulation.
pub fn remove(path: &str) {
    with(|s| {
        let (path, now) = (upper(path), s.now);
        let below = format!("{path}\\");
        s.registry
            .keys
            .retain(|key, _| *key != path && !key.starts_with(&below));
        if let Some((above, name)) = path.rsplit_once('\\')
            && let Some(key) = s.registry.keys.get_mut(above)
        {
            key.below.remove(name);
            key.written = now;
        }
    });
}

/// All keys.
#[derive(Default)]
pub(crate) struct Registry {
    keys: BTreeMap<String, Key>,
    /// The path of each handle.
    open: BTreeMap<usize, String>,
}

#[derive(Default)]
struct Key {
    values: BTreeMap<String, Value>,
    /// The names of those below, as they were first written.
    below: BTreeMap<String, String>,
    written: u64,
}

struct Value {
    name: String,
    kind: u32,
    data: Vec<u8>,
}

impl Registry {
    /// A key below `path` is made.
    fn touch(&mut self, path: &str, now: u64, name: &str) {
        if let Some(key) = self.keys.get_mut(&upper(path))
            && !key.below.contains_key(&upper(name))
        {
            key.below.insert(upper(name), name.to_owned());
            key.written = now;
        }
    }

    fn write(&mut self, path: &str, name: &str, kind: u32, data: &[u8], now: u64) {
        let key = self.keys.entry(upper(path)).or_default();
        let value = Value {
            name: name.to_owned(),
            kind,
            data: data.to_vec(),
        };
        key.values.insert(upper(name), value);
        key.written = now;
    }
}

fn upper(text: &str) -> String {
    text.to_uppercase()
}

/// # Safety
/// A valid string.
unsafe fn text(string: *const UNICODE_STRING) -> String {
    // SAFETY: by the contract.
    let string = unsafe { &*string };
    let length = usize::from(string.Length / 2);
    if length == 0 {
        return String::new();
    }
    // SAFETY: a valid string has so many units.
    String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(string.Buffer, length) })
}

/// # Safety
/// Those of ZwOpenKey.
unsafe fn open(handle: *mut HANDLE, attributes: *const OBJECT_ATTRIBUTES, make: bool) -> NTSTATUS {
    // SAFETY: by the contract.
    let attributes = unsafe { &*attributes };
    if attributes.Attributes & OBJ_KERNEL_HANDLE == 0 {
        rule::HANDLE_LEFT.broken("a key is opened without OBJ_KERNEL_HANDLE");
    }
    // SAFETY: by the contract.
    let path = unsafe { text(attributes.ObjectName) };
    let opened = with(|s| {
        let upper = upper(&path);
        if !s.registry.keys.contains_key(&upper) {
            let (above, name) = path.rsplit_once('\\')?;
            if !make || !s.registry.keys.contains_key(&self::upper(above)) {
                return None;
            }
            let now = s.now;
            s.registry.touch(above, now, name);
            s.registry.keys.insert(upper.clone(), Key::default());
        }
        let number = 0x7300_0000 + s.number() as usize * 16;
        s.handles.insert(number, number);
        s.registry.open.insert(number, upper);
        Some(number)
    });
    let Some(number) = opened else {
        return NOT_FOUND;
    };
    // SAFETY: writable by the contract.
    unsafe { handle.write(std::ptr::without_provenance_mut(number)) };
    0
}

/// What `look` makes of an open key.
fn with_key<T>(handle: HANDLE, look: impl FnOnce(&Key) -> T) -> Option<T> {
    with(|s| {
        if !s.handles.contains_key(&handle.addr()) {
            return Some(None);
        }
        let path = s.registry.open.get(&handle.addr())?;
        Some(s.registry.keys.get(path).map(look))
    })
    .unwrap_or_else(|| rule::C4_3C.broken("a handle is used that is no key's"))
}

/// Copies `bytes`, of which `fixed` have to fit.
///
/// # Safety
/// `to` has `length` bytes, `needed` is writable.
unsafe fn give(bytes: &[u8], fixed: usize, to: PVOID, length: u32, needed: *mut u32) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe { needed.write(bytes.len() as u32) };
    let length = length as usize;
    if length < fixed {
        return TOO_SMALL;
    }
    let part = bytes.len().min(length);
    // SAFETY: by the contract.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to.cast(), part) };
    if part < bytes.len() { OVERFLOW } else { 0 }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn basic(name: &str, written: u64) -> Vec<u8> {
    let name = wide(name);
    let mut bytes = written.to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend(name);
    bytes
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwOpenKey(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    fault::call("ZwOpenKey", PASSIVE, || {
        // SAFETY: the contract is the same.
        unsafe { open(handle, attributes, false) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwCreateKey(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    _title: u32,
    _class: PVOID,
    _options: u32,
    _disposition: *mut u32,
) -> NTSTATUS {
    fault::call("ZwCreateKey", PASSIVE, || {
        // SAFETY: the contract is the same.
        unsafe { open(handle, attributes, true) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwQueryKey(
    handle: HANDLE,
    _class: i32,
    to: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    fault::call("ZwQueryKey", PASSIVE, || {
        match with_key(handle, |key| basic("", key.written)) {
            // SAFETY: the contract is the same.
            Some(bytes) => unsafe { give(&bytes, 16, to, length, needed) },
            None => DELETED,
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwEnumerateKey(
    handle: HANDLE,
    index: u32,
    _class: i32,
    to: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    fault::call("ZwEnumerateKey", PASSIVE, || {
        let found = with(|s| {
            let path = s.registry.open.get(&handle.addr())?;
            let (upper, name) = s
                .registry
                .keys
                .get(path)?
                .below
                .iter()
                .nth(index as usize)?;
            let below = s.registry.keys.get(&format!("{path}\\{upper}"))?;
            Some(basic(name, below.written))
        });
        match found {
            // SAFETY: the contract is the same.
            Some(bytes) => unsafe { give(&bytes, 16, to, length, needed) },
            None => NO_MORE,
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwQueryValueKey(
    handle: HANDLE,
    name: *const UNICODE_STRING,
    _class: i32,
    to: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    fault::call("ZwQueryValueKey", PASSIVE, || {
        // SAFETY: a valid string by the contract.
        let name = upper(&unsafe { text(name) });
        let found = with_key(handle, |key| {
            let value = key.values.get(&name)?;
            let mut bytes = vec![0; 4];
            bytes.extend(value.kind.to_le_bytes());
            bytes.extend((value.data.len() as u32).to_le_bytes());
            bytes.extend(&value.data);
            Some(bytes)
        });
        match found.flatten() {
            // SAFETY: the contract is the same.
            Some(bytes) => unsafe { give(&bytes, 12, to, length, needed) },
            None => NOT_FOUND,
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwEnumerateValueKey(
    handle: HANDLE,
    index: u32,
    _class: i32,
    to: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    fault::call("ZwEnumerateValueKey", PASSIVE, || {
        let found = with_key(handle, |key| {
            let value = key.values.values().nth(index as usize)?;
            let name = wide(&value.name);
            let start = (20 + name.len()).next_multiple_of(8);
            let mut bytes = vec![0; 4];
            for number in [value.kind, start as u32, value.data.len() as u32] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend(name);
            bytes.resize(start, 0);
            bytes.extend(&value.data);
            Some(bytes)
        });
        match found.flatten() {
            // SAFETY: the contract is the same.
            Some(bytes) => unsafe { give(&bytes, 20, to, length, needed) },
            None => NO_MORE,
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwSetValueKey(
    handle: HANDLE,
    name: *const UNICODE_STRING,
    _title: u32,
    kind: u32,
    data: PVOID,
    length: u32,
) -> NTSTATUS {
    fault::call("ZwSetValueKey", PASSIVE, || {
        // SAFETY: a valid string by the contract.
        let name = unsafe { text(name) };
        // SAFETY: readable memory of that length by the contract.
        let data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length as usize) };
        with(|s| {
            if let Some(path) = s.registry.open.get(&handle.addr()).cloned() {
                let now = s.now;
                s.registry.write(&path, &name, kind, data, now);
            }
        });
        0
    })
}

const OBJ_KERNEL_HANDLE: u32 = 0x200;

const OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();
const NO_MORE: NTSTATUS = 0x8000_001A_u32.cast_signed();
const TOO_SMALL: NTSTATUS = 0xC000_0023_u32.cast_signed();
const NOT_FOUND: NTSTATUS = 0xC000_0034_u32.cast_signed();
const DELETED: NTSTATUS = 0xC000_017C_u32.cast_signed();
