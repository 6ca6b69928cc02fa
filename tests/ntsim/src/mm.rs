//! Mm: MDLs, and routines that are found by name.

use std::ptr::null_mut;

use wdk_sys::{MDL, PVOID, UNICODE_STRING};

use crate::fault;
use crate::mdl::flag;
use crate::rule;
use crate::sched::{DISPATCH, PASSIVE, enter};
use crate::state::with;

/// What the simulator knows of an MDL.
pub(crate) struct MdlInfo {
    pub(crate) memory: Box<MDL>,
    /// Where its memory is.
    pub(crate) address: usize,
    pub(crate) len: usize,
    /// Built for nonpaged pool, or locked by the I/O manager.
    pub(crate) resident: bool,
    pub(crate) of_driver: bool,
}

pub(crate) fn new_mdl(address: usize, len: usize, of_driver: bool) -> *mut MDL {
    let mut memory = Box::new(MDL::default());
    memory.Size = size_of::<MDL>() as i16;
    memory.StartVa = std::ptr::with_exposed_provenance_mut(address & !0xFFF);
    memory.ByteOffset = (address & 0xFFF) as u32;
    memory.ByteCount = len as u32;
    if !of_driver {
        memory.MdlFlags = flag::PAGES_LOCKED | flag::WRITE_OPERATION;
    }
    let mdl = &raw mut *memory;
    let info = MdlInfo {
        memory,
        address,
        len,
        resident: !of_driver,
        of_driver,
    };
    with(|s| s.mdls.insert(mdl.addr(), info));
    mdl
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoAllocateMdl(
    address: PVOID,
    len: u32,
    _secondary: u8,
    _quota: u8,
    _irp: PVOID,
) -> *mut MDL {
    let _entry = enter("IoAllocateMdl", DISPATCH);
    if fault::fails("IoAllocateMdl") {
        return null_mut();
    }
    new_mdl(address.expose_provenance(), len as usize, true)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoFreeMdl(mdl: *mut MDL) {
    let _entry = enter("IoFreeMdl", DISPATCH);
    if with(|s| crate::wsk::uses_mdl(s, mdl.addr())) {
        rule::WSK_30.broken("the MDL of a pending request is freed");
    }
    match with(|s| s.mdls.remove(&mdl.addr())) {
        Some(info) if info.memory.MdlFlags & BEFORE_FREE != 0 && info.of_driver => {
            rule::WSK_34.broken("an MDL is freed that is locked, or mapped as a part of another")
        }
        Some(info) if info.of_driver => {}
        _ => rule::MDL_FREED.broken("an MDL is freed that is not there, or not the driver's"),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmBuildMdlForNonPagedPool(mdl: *mut MDL) {
    let _entry = enter("MmBuildMdlForNonPagedPool", DISPATCH);
    let good = with(|s| {
        let (address, len) = s
            .mdls
            .get(&mdl.addr())
            .map(|info| (info.address, info.len))?;
        crate::ex::is_nonpaged_pool(s, address, len).then_some(address)
    });
    let Some(address) = good else {
        rule::WSK_33.broken("MmBuildMdlForNonPagedPool of memory that is not nonpaged pool")
    };
    with(|s| {
        if let Some(info) = s.mdls.get_mut(&mdl.addr()) {
            info.resident = true;
        }
    });
    // SAFETY: an MDL that is there, looked up above.
    let mdl = unsafe { &mut *mdl };
    mdl.MdlFlags |= flag::SOURCE_IS_NONPAGED_POOL;
    mdl.MappedSystemVa = std::ptr::with_exposed_provenance_mut(address);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmMapLockedPagesSpecifyCache(
    mdl: *mut MDL,
    _mode: i8,
    _cache: u32,
    _base: PVOID,
    bugcheck: u32,
    _priority: u32,
) -> PVOID {
    let _entry = enter("MmMapLockedPagesSpecifyCache", DISPATCH);
    if bugcheck != 0 {
        rule::C4_82.broken("pages are mapped with BugCheckOnFailure");
    }
    let Some((address, true)) = with(|s| {
        s.mdls
            .get(&mdl.addr())
            .map(|info| (info.address, info.resident))
    }) else {
        rule::C4_7C.broken("pages are mapped that are not locked")
    };
    if fault::fails("MmMapLockedPagesSpecifyCache") {
        return null_mut();
    }
    let address = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: an MDL that is there.
    let mdl = unsafe { &mut *mdl };
    mdl.MdlFlags |= flag::MAPPED_TO_SYSTEM_VA;
    if mdl.MdlFlags & flag::PARTIAL != 0 {
        mdl.MdlFlags |= flag::PARTIAL_HAS_BEEN_MAPPED;
    }
    mdl.MappedSystemVa = address;
    address
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmGetSystemRoutineAddress(name: *mut UNICODE_STRING) -> PVOID {
    let _entry = enter("MmGetSystemRoutineAddress", PASSIVE);
    // SAFETY: a valid string by the contract.
    match unsafe { text(name) }.as_str() {
        "KeQuerySystemTime" => crate::ke::query_system_time as *mut _,
        // Never called: it tells that this is Wine.
        "wine_ntoskrnl_main_loop" if with(|s| s.profile.is_wine()) => {
            std::ptr::dangling_mut::<u8>().cast()
        }
        _ => null_mut(),
    }
}

/// # Safety
/// `name` is a valid string.
pub(crate) unsafe fn text(name: *const UNICODE_STRING) -> String {
    // SAFETY: by the contract.
    let name = unsafe { &*name };
    let hollow = name.Length > 0 && name.Buffer.is_null();
    if name.Length % 2 != 0 || name.Length > name.MaximumLength || hollow {
        let (len, most) = (name.Length, name.MaximumLength);
        rule::C4_E4.broken(format!(
            "a UNICODE_STRING of Length {len}, MaximumLength {most}"
        ));
    }
    if name.Length == 0 {
        return String::new();
    }
    // SAFETY: by the contract.
    let wide = unsafe { std::slice::from_raw_parts(name.Buffer, usize::from(name.Length) / 2) };
    String::from_utf16_lossy(wide)
}

/// Frees an MDL of the I/O manager.
pub(crate) fn free(mdl: *mut MDL) {
    with(|s| s.mdls.remove(&mdl.addr()).map(|info| drop(info.memory)));
}

/// What has to be undone before.
const BEFORE_FREE: i16 = flag::PAGES_LOCKED | flag::PARTIAL_HAS_BEEN_MAPPED;
