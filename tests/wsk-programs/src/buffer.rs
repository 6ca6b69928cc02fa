//! Memory for data.

use alloc::vec::Vec;
use core::ptr::null_mut;

use wdk_sys::MDL;
use wdk_sys::ntddk::{
    ExAllocatePool2, ExFreePool, IoAllocateMdl, IoFreeMdl, MmBuildMdlForNonPagedPool,
};
use wskhttp_core::wsk::sys::WSK_BUF;

/// Nonpaged pool, described by a chain of MDLs. What a request uses is kept until that has ended.
pub(crate) struct Buffer(Vec<Part>);

struct Part {
    memory: *mut u8,
    len: usize,
    mdl: *mut MDL,
}

impl Buffer {
    /// One MDL for each length.
    pub(crate) fn new(lengths: &[usize]) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for &len in lengths {
            // SAFETY: a size and a tag; nonpaged pool of that size.
            unsafe {
                let memory = ExAllocatePool2(POOL_FLAG_NON_PAGED, len as _, TAG).cast::<u8>();
                // Wine's is not zeroed.
                memory.write_bytes(0, len);
                let mdl = IoAllocateMdl(memory.cast(), len as _, 0, 0, null_mut());
                MmBuildMdlForNonPagedPool(mdl);
                if let Some(last) = parts.last() {
                    (*last.mdl).Next = mdl;
                }
                parts.push(Part { memory, len, mdl });
            }
        }
        Self(parts)
    }

    /// One MDL, with `data`.
    pub(crate) fn of(data: &[u8]) -> Self {
        let buffer = Self::new(&[data.len()]);
        // SAFETY: as much memory as that.
        unsafe {
            buffer.0[0]
                .memory
                .copy_from_nonoverlapping(data.as_ptr(), data.len())
        };
        buffer
    }

    /// What is in it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in &self.0 {
            // SAFETY: the part's memory.
            bytes.extend_from_slice(unsafe { core::slice::from_raw_parts(part.memory, part.len) });
        }
        bytes
    }

    /// The bytes from `offset` on.
    pub(crate) fn part(&self, offset: u32, len: usize) -> WSK_BUF {
        WSK_BUF {
            Mdl: self.0[0].mdl,
            Offset: offset,
            Length: len as _,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        for part in &self.0 {
            // SAFETY: ours, and used by no request.
            unsafe {
                IoFreeMdl(part.mdl);
                ExFreePool(part.memory.cast());
            }
        }
    }
}

/// Eight bits of what a byte stream adds up to.
pub(crate) fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

const POOL_FLAG_NON_PAGED: u64 = 0x40;
const TAG: u32 = u32::from_le_bytes(*b"WskP");
