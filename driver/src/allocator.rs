//! The global allocator: `wdk_alloc` with the alignment kept, the bytes counted, the stack's depth
//! sampled, and the reserve for when pool fails.

use core::alloc::{GlobalAlloc, Layout};

use wdk_alloc::WdkAllocator;
use wskhttp_core::nt::pool::usage;
use wskhttp_core::nt::stack;

use crate::reserve;

/// Nonpaged pool for Rust. IRQL <= DISPATCH_LEVEL.
///
/// What is freed is overwritten: libraries leave keys, tickets and credentials in buffers of theirs.
///
/// `WdkAllocator` ignores `Layout::align`; pool gives [`POOL_ALIGNMENT`]. A stricter request gets a
/// larger block, and the address of the block in the word before what the caller sees.
pub(crate) struct Allocator;

// SAFETY: blocks come from pool or the reserve, neither of which unwinds; `alloc` gives the size and
// the alignment that was asked for, and `dealloc` hands back the block that `alloc` got to where it
// came from.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        stack::sample();
        let Some(block) = block_layout(layout) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the layout's size is not zero, the caller's duty carried on.
        let mut base = unsafe { WdkAllocator.alloc(block) };
        if base.is_null() {
            base = reserve::take(block);
            if base.is_null() {
                return base;
            }
        } else {
            usage::taken(block.size());
        }
        if layout.align() <= POOL_ALIGNMENT {
            return base;
        }
        let offset = size_of::<usize>()
            + (base as usize + size_of::<usize>()).wrapping_neg() % layout.align();
        // SAFETY: offset <= size_of::<usize>() + align - 1, which `block_layout` added.
        let user = unsafe { base.add(offset) };
        // SAFETY: the word before `user` lies in the block, and `user` is aligned to more than a word.
        let word = unsafe { user.cast::<*mut u8>().sub(1) };
        // SAFETY: as above; nobody else knows the block yet.
        unsafe { word.write(base) };
        user
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's block, of that size, and nobody uses it any more.
        unsafe { ptr.write_bytes(0, layout.size()) };
        let mut base = ptr;
        if layout.align() > POOL_ALIGNMENT {
            // SAFETY: `alloc` wrote the block's address in the word before `ptr`.
            let word = unsafe { ptr.cast::<*mut u8>().sub(1) };
            // SAFETY: as above.
            base = unsafe { word.read() };
        }
        let block = block_layout(layout).unwrap_or(layout);
        // SAFETY: allocated with this layout, and freed once.
        if unsafe { reserve::give_back(base, block) } {
            return;
        }
        usage::given_back(block.size());
        // SAFETY: not of the reserve, so it came from `WdkAllocator::alloc`, and is freed once.
        unsafe { WdkAllocator.dealloc(base, block) };
    }
}

/// What to ask of the pool for `layout`; `None` if the size overflows.
fn block_layout(layout: Layout) -> Option<Layout> {
    let size = if layout.align() <= POOL_ALIGNMENT {
        layout.size()
    } else {
        layout
            .size()
            .checked_add(layout.align())?
            .checked_add(size_of::<usize>())?
    };
    Layout::from_size_align(size, POOL_ALIGNMENT).ok()
}

/// What ExAllocatePool2 aligns a block below a page to, on 64-bit Windows.
const POOL_ALIGNMENT: usize = 16;
