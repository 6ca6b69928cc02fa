//! Ex: pool. Rust's allocations of the whole process come here, because the driver's global
//! allocator is linked in; those of the simulator and the tests are served by the system.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;

use wskhttp_core::nt::pool::usage;

use crate::asan;
use crate::fault;
use crate::paged;
use crate::rule;
use crate::sched::{APC, DISPATCH, enter, enter_quietly};
use crate::state::{State, in_driver, is_running, lot, with};
use crate::{dpc, timer, work_item};

/// A block of simulated pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) size: usize,
    paged: bool,
    tag: u32,
    number: u64,
}

/// What a run has used of the pool under one tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// Blocks that were allocated.
    pub allocated: u64,
    /// Blocks that were freed.
    pub freed: u64,
    /// Bytes that are in use.
    pub bytes: usize,
    /// Bytes that were in use at once.
    pub most: usize,
}

#[repr(C, align(16))]
struct Header {
    magic: u64,
    size: usize,
}

const HOST: u64 = 0x486F_7374_486F_7374;
const POOL: u64 = 0x506F_6F6C_506F_6F6C;
const FREED: u64 = 0xDDDD_DDDD_DDDD_DDDD;
const REDZONE: usize = 32;
const FENCE: u8 = 0xFD;
const POISON: u8 = 0xDD;
const POISONED: [u8; 4096] = [POISON; 4096];
const UNINITIALIZED: u64 = 2;
const EXECUTE: u64 = 0x80;
const PAGED: u64 = 0x100;
/// Freed blocks that are kept, to see whether they are written to. AddressSanitizer sees that itself.
const KEPT: usize = if asan::ON { 0 } else { 2048 };

#[unsafe(no_mangle)]
unsafe extern "C" fn ExAllocatePool2(flags: u64, size: u64, tag: u32) -> *mut u8 {
    let size = size as usize;
    if !in_driver() || std::thread::panicking() {
        // It is the simulator's or a test's, but the driver's allocator will count it.
        usage::given_back(size);
        // SAFETY: the size is not zero.
        return unsafe { raw(size, HOST) };
    }
    let paged = flags & PAGED != 0;
    let _entry = enter("ExAllocatePool2", if paged { APC } else { DISPATCH });
    if size == 0 || tag == 0 {
        rule::C4_00.broken("a pool allocation of zero bytes or without tag");
    }
    if flags & EXECUTE != 0 {
        rule::C4_2000.broken("executable pool is allocated");
    }
    if fault::fails("ExAllocatePool2") {
        return std::ptr::null_mut();
    }
    give(flags, size, tag)
}

/// A block of pool.
pub(crate) fn give(flags: u64, size: usize, tag: u32) -> *mut u8 {
    let paged = flags & PAGED != 0;
    let data = if paged {
        let base = with(|s| paged::allocate(s, size_of::<Header>() + size + REDZONE));
        // SAFETY: null, or as large as that.
        unsafe { place(base, size, POOL) }
    } else {
        // SAFETY: the size is not zero.
        unsafe { raw(size, POOL) }
    };
    if data.is_null() {
        return data;
    }
    let random = lot(256) as u8;
    // Wine's pool is as it was left.
    let zeroed = flags & UNINITIALIZED == 0 && !with(|s| s.profile.is_wine());
    let filling = if zeroed { 0 } else { random };
    // SAFETY: the block.
    unsafe { data.write_bytes(filling, size) };
    with(|s| {
        s.pool_calls += 1;
        let number = s.pool_calls;
        let block = Block {
            size,
            paged,
            tag,
            number,
        };
        s.pool.insert(data.addr(), block);
        let used = s.pool_use.entry(tag).or_default();
        used.allocated += 1;
        used.bytes += size;
        used.most = used.most.max(used.bytes);
    });
    data
}

/// What Rust does when an allocation fails whose caller cannot be told.
pub(crate) fn bugcheck(layout: Layout) {
    let entry = enter_quietly();
    if entry.is_of_driver() {
        let bytes = layout.size();
        rule::BUGCHECK.broken(format!(
            "nobody can be told that there are no {bytes} bytes"
        ));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ExFreePoolWithTag(data: *mut u8, tag: u32) {
    let block = with(|s| s.pool.get(&data.addr()).copied());
    if let Some(block) = block.filter(|block| ![0, block.tag].contains(&tag)) {
        let used = name(tag);
        rule::C2_0A.broken(format!("pool is freed with the tag {used}: {block:?}"));
    }
    // SAFETY: the contract is the same.
    unsafe { ExFreePool(data) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ExFreePool(data: *mut u8) {
    if in_driver() && with(|s| s.irps.contains_key(&data.addr())) {
        rule::C4_105.broken("an IRP is freed with ExFreePool");
    }
    if in_driver() && with(|s| paged::is_paged(s, data.addr())) {
        drop(enter("ExFreePool", APC));
    }
    // SAFETY: every block that was ever given out has a header, and freed ones are kept.
    let header = unsafe { data.cast::<Header>().sub(1) };
    // SAFETY: as above.
    if unsafe { (*header).magic } == HOST {
        // SAFETY: as above.
        usage::taken(unsafe { (*header).size });
        // SAFETY: a block of the system, freed once.
        unsafe { release(data) };
        return;
    }
    if !is_running() {
        // It is left of a simulation that has failed.
        return;
    }
    let _entry = if in_driver() {
        enter("ExFreePool", DISPATCH)
    } else {
        enter_quietly()
    };
    // SAFETY: as above.
    if unsafe { (*header).magic } == FREED {
        rule::C4_13.broken("pool is freed twice");
    }
    let Some(block) = with(|s| s.pool.remove(&data.addr())) else {
        rule::C4_10.broken("what is freed is no block of pool");
    };
    // SAFETY: as above.
    if unsafe { (*header).magic != POOL || (*header).size != block.size } {
        rule::C4_13A.broken(format!(
            "bytes before a block of pool were written: {block:?}"
        ));
    }
    with(|s| {
        let used = s.pool_use.entry(block.tag).or_default();
        used.freed += 1;
        used.bytes -= block.size;
    });
    check_fence(data, block);
    let within = data.addr()..data.addr() + block.size;
    if with(|s| s.locks.range(within.clone()).next().is_some()) {
        rule::C4_100B.broken("memory is freed with a spin lock in it that is held");
    }
    if with(|s| timer::set_within(s, within.clone()) || dpc::freed(s, within.clone())) {
        rule::C7.broken("memory is freed with a timer in it that is set, or a DPC that is queued");
    }
    work_item::check_freed(data.addr());
    with(|s| s.lock_order.retain(|lock, _| !within.contains(lock)));
    if let Some(rule) = with(|s| crate::wsk::needed(s, data.addr(), block.size)) {
        rule.broken(format!("memory is freed that is still needed: {block:?}"));
    }
    // SAFETY: the block is still there.
    let bytes = unsafe { std::slice::from_raw_parts(data, block.size) };
    with(|s| s.secret.look_in(bytes));
    // SAFETY: as above.
    unsafe { data.write_bytes(POISON, block.size) };
    // SAFETY: as above.
    unsafe { (*header).magic = FREED };
    let oldest = with(|s| {
        let range = data.addr()..data.addr() + block.size;
        let objects: Vec<_> = s.objects.range(range).map(|(at, _)| *at).collect();
        for object in objects {
            s.objects.remove(&object);
        }
        s.freed.push_back((data.expose_provenance(), block));
        if s.freed.len() > KEPT {
            s.freed.pop_front()
        } else {
            None
        }
    });
    if let Some((address, block)) = oldest {
        check_freed(address, block);
        forget(address, block);
    }
}

/// Gives a block that was kept back to the host.
fn forget(address: usize, block: Block) {
    if block.paged {
        // Paged pool is not used again.
        asan::forbid(std::ptr::with_exposed_provenance(address), block.size);
    } else {
        // SAFETY: kept since it was freed, and used no more.
        unsafe { release(std::ptr::with_exposed_provenance_mut(address)) };
    }
}

fn check_fence(data: *mut u8, block: Block) {
    // SAFETY: `raw` has put a fence behind the block.
    let fence = unsafe { data.add(block.size) };
    asan::allow(fence, REDZONE);
    // SAFETY: as above.
    let fence = unsafe { std::slice::from_raw_parts(fence, REDZONE) };
    if fence.iter().any(|byte| *byte != FENCE) {
        rule::C4_51.broken(format!(
            "bytes behind a block of pool were written: {block:?}"
        ));
    }
}

fn check_freed(address: usize, block: Block) {
    let data = std::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: the block is kept.
    let bytes = unsafe { std::slice::from_raw_parts(data, block.size) };
    // In pieces, because comparing them is fast without optimization too.
    let mut pieces = bytes.chunks(POISONED.len());
    if pieces.any(|piece| piece != &POISONED[..piece.len()]) {
        rule::CC.broken(format!("pool was written after it was freed: {block:?}"));
    }
}

/// What is not freed, and whether the freed was written to.
pub(crate) fn check_at_unload() {
    let freed = with(|s| std::mem::take(&mut s.freed));
    for (address, block) in freed {
        check_freed(address, block);
        forget(address, block);
    }
    if let Some(leak) = with(leaks) {
        rule::C4_62.broken(leak);
    }
}

fn leaks(s: &mut State) -> Option<String> {
    if s.pool.is_empty() {
        return None;
    }
    let list: Vec<_> = s
        .pool
        .values()
        .take(8)
        .map(|block| {
            format!(
                "{} bytes, tag {}, allocation {}",
                block.size,
                name(block.tag),
                block.number
            )
        })
        .collect();
    Some(format!(
        "{} blocks of pool are left at unload: {}\n  by tag: {:?}",
        s.pool.len(),
        list.join("; "),
        balance(s)
    ))
}

/// A tag as text.
fn name(tag: u32) -> String {
    String::from_utf8_lossy(&tag.to_le_bytes()).into_owned()
}

/// What the run has used under each tag.
pub(crate) fn balance(s: &State) -> BTreeMap<String, PoolUse> {
    let by_name = s.pool_use.iter().map(|(tag, used)| (name(*tag), *used));
    by_name.collect()
}

/// Whether the range lies in one block of the driver's pool.
pub(crate) fn is_pool(s: &State, address: usize, len: usize) -> bool {
    s.pool
        .range(..=address)
        .next_back()
        .is_some_and(|(start, block)| address + len <= start + block.size)
}

/// Whether the range lies in one block of nonpaged pool.
pub(crate) fn is_nonpaged_pool(s: &State, address: usize, len: usize) -> bool {
    is_pool(s, address, len) && !paged::is_paged(s, address)
}

/// # Safety
/// `size` is not so large that it overflows.
unsafe fn raw(size: usize, magic: u64) -> *mut u8 {
    let header = size_of::<Header>();
    let Ok(layout) = Layout::from_size_align(header + size + REDZONE, 16) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the size is not zero.
    let base = unsafe { System.alloc(layout) };
    // SAFETY: null, or as large as that.
    unsafe { place(base, size, magic) }
}

/// A block with its header and its fence, at `base`; gives its data.
///
/// # Safety
/// Null, or room for all that.
unsafe fn place(base: *mut u8, size: usize, magic: u64) -> *mut u8 {
    if base.is_null() {
        return base;
    }
    let header = size_of::<Header>();
    // SAFETY: fresh memory.
    unsafe { base.cast::<Header>().write(Header { magic, size }) };
    // SAFETY: within the allocation.
    let data = unsafe { base.add(header) };
    // SAFETY: within the allocation.
    let fence = unsafe { data.add(size) };
    // SAFETY: within the allocation.
    unsafe { fence.write_bytes(FENCE, REDZONE) };
    asan::forbid(fence, REDZONE);
    data
}

/// # Safety
/// `data` came from [`raw`], and is used no more.
unsafe fn release(data: *mut u8) {
    // SAFETY: the header lies before it.
    let base = unsafe { data.cast::<Header>().sub(1) };
    // SAFETY: as above.
    let size = unsafe { (*base).size };
    let total = size_of::<Header>() + size + REDZONE;
    // SAFETY: the layout it was allocated with.
    unsafe { System.dealloc(base.cast(), Layout::from_size_align_unchecked(total, 16)) };
}
