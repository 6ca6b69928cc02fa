//! Mm: pages that a driver locks itself, and MDLs of parts of others. `wskhttp.sys` does neither; the
//! rules for them are here for other clients.

use wdk_sys::{MDL, PVOID};

use crate::mm::MdlInfo;
use crate::paged;
use crate::rule;
use crate::sched::{APC, DISPATCH, enter, irql};
use crate::state::with;

/// What `MdlFlags` says.
pub(crate) mod flag {
    pub(crate) const MAPPED_TO_SYSTEM_VA: i16 = 0x01;
    pub(crate) const PAGES_LOCKED: i16 = 0x02;
    pub(crate) const SOURCE_IS_NONPAGED_POOL: i16 = 0x04;
    pub(crate) const PARTIAL: i16 = 0x10;
    pub(crate) const PARTIAL_HAS_BEEN_MAPPED: i16 = 0x20;
    pub(crate) const WRITE_OPERATION: i16 = 0x80;
}

/// Looks at an MDL that has to be there.
fn look<R>(name: &str, mdl: *mut MDL, look: impl FnOnce(&mut MdlInfo) -> R) -> R {
    match with(|s| s.mdls.get_mut(&mdl.addr()).map(look)) {
        Some(result) => result,
        None => rule::MDL_FREED.broken(format!("{name} for an MDL that is not there")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmProbeAndLockPages(mdl: *mut MDL, _mode: i8, operation: u32) {
    let _entry = enter("MmProbeAndLockPages", DISPATCH);
    let flags = look("MmProbeAndLockPages", mdl, |info| info.memory.MdlFlags);
    if flags & (flag::PAGES_LOCKED | flag::SOURCE_IS_NONPAGED_POOL | flag::PARTIAL) != 0 {
        rule::WSK_32.broken("pages are locked that are locked, nonpaged, or a part of others");
    }
    let address = look("MmProbeAndLockPages", mdl, |info| info.address);
    if irql() > APC && with(|s| paged::is_paged(s, address)) {
        rule::WSK_32.broken("pageable memory is locked at DISPATCH_LEVEL");
    }
    look("MmProbeAndLockPages", mdl, |info| {
        info.memory.MdlFlags |= flag::PAGES_LOCKED;
        if operation != 0 {
            info.memory.MdlFlags |= flag::WRITE_OPERATION;
        }
        info.resident = true;
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmUnlockPages(mdl: *mut MDL) {
    let _entry = enter("MmUnlockPages", DISPATCH);
    let flags = look("MmUnlockPages", mdl, |info| info.memory.MdlFlags);
    if flags & flag::SOURCE_IS_NONPAGED_POOL != 0 {
        rule::WSK_33.broken("an MDL of nonpaged pool is unlocked");
    }
    if flags & flag::PARTIAL != 0 {
        rule::WSK_34.broken("an MDL of a part of another is unlocked");
    }
    if flags & flag::PAGES_LOCKED == 0 {
        rule::C4_7C.broken("pages are unlocked that are not locked");
    }
    if with(|s| crate::wsk::uses_mdl(s, mdl.addr())) {
        rule::WSK_30.broken("the MDL of a pending request is unlocked");
    }
    look("MmUnlockPages", mdl, |info| {
        let gone = flag::PAGES_LOCKED | flag::WRITE_OPERATION | flag::MAPPED_TO_SYSTEM_VA;
        info.memory.MdlFlags &= !gone;
        info.resident = false;
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IoBuildPartialMdl(source: *mut MDL, target: *mut MDL, from: PVOID, len: u32) {
    let _entry = enter("IoBuildPartialMdl", DISPATCH);
    let (address, room, resident) = look("IoBuildPartialMdl", source, |info| {
        (info.address, info.len, info.resident)
    });
    let from = from.expose_provenance();
    let len = if len == 0 {
        (address + room).saturating_sub(from)
    } else {
        len as usize
    };
    if from < address || from + len > address + room {
        rule::WSK_34.broken("an MDL of more than its source has");
    }
    let mapped = look("IoBuildPartialMdl", target, |info| {
        info.memory.MdlFlags & flag::PARTIAL_HAS_BEEN_MAPPED != 0
    });
    if mapped {
        rule::WSK_34.broken("a mapped MDL is built anew, without MmPrepareMdlForReuse");
    }
    look("IoBuildPartialMdl", target, |info| {
        info.memory.MdlFlags |= flag::PARTIAL;
        info.memory.ByteCount = len as u32;
        (info.address, info.len, info.resident) = (from, len, resident);
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MmUnmapLockedPages(_base: PVOID, mdl: *mut MDL) {
    let _entry = enter("MmUnmapLockedPages", DISPATCH);
    let flags = look("MmUnmapLockedPages", mdl, |info| info.memory.MdlFlags);
    if flags & flag::SOURCE_IS_NONPAGED_POOL != 0 {
        rule::WSK_33.broken("an MDL of nonpaged pool is unmapped");
    }
    if flags & flag::MAPPED_TO_SYSTEM_VA == 0 {
        rule::C4_7C.broken("an MDL is unmapped that is not mapped");
    }
    look("MmUnmapLockedPages", mdl, |info| {
        info.memory.MdlFlags &= !(flag::MAPPED_TO_SYSTEM_VA | flag::PARTIAL_HAS_BEEN_MAPPED);
    });
}
