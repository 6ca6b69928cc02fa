//! Verifier: MDLs.

use std::ptr::null_mut;

use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateMdl, IoFreeMdl, MmMapLockedPagesSpecifyCache,
    MmProbeAndLockPages, MmUnlockPages,
};
use wskhttp_ntsim::image_gone;

use crate::client::*;

mutants! {
    frees_twice breaks MDL_FREED {
        let mdl = IoAllocateMdl(null_mut(), 16, 0, 0, null_mut());
        IoFreeMdl(mdl);
        IoFreeMdl(mdl);
    }
    leaves_an_mdl breaks MDL_FREED {
        buffer(16);
        image_gone();
    }
    leaves_an_mdl_that_it_never_built breaks MDL_FREED {
        IoAllocateMdl(null_mut(), 16, 0, 0, null_mut());
        image_gone();
    }
    leaves_an_mdl_that_it_has_unlocked breaks MDL_FREED {
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        let mdl = IoAllocateMdl(memory, 16, 0, 0, null_mut());
        MmProbeAndLockPages(mdl, 0, 0);
        MmUnlockPages(mdl);
        ExFreePool(memory);
        image_gone();
    }
    maps_or_stops_the_machine breaks C4_82 {
        let (_, mdl) = buffer(16);
        MmMapLockedPagesSpecifyCache(mdl, 0, 1, null_mut(), 1, 16);
    }
    unlocks_what_is_not_locked breaks C4_7C {
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        MmUnlockPages(IoAllocateMdl(memory, 16, 0, 0, null_mut()));
    }
    maps_what_is_not_locked breaks C4_7C {
        let memory = ExAllocatePool2(NON_PAGED, 16, TAG);
        let mdl = IoAllocateMdl(memory, 16, 0, 0, null_mut());
        MmMapLockedPagesSpecifyCache(mdl, 0, 1, null_mut(), 0, 16);
    }
}
