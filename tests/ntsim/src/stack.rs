//! How much stack the driver uses.
//!
//! Where the kernel calls the driver, and where it goes back from a call of its, the free part of the
//! stack is painted. Where the driver calls the kernel, or goes back to it, the lowest place without
//! paint is how deep the driver was, with every frame that made no call. Of code that is not optimized,
//! whose frames are several times as large, only [`crate::sched::enter`] looks at the depth.

use crate::asan;
use crate::rule;
use crate::sched::{GUARD, KERNEL_STACK, SIMULATOR, SPARE};
use crate::state::{State, set_in_driver, try_with};

/// Whether the driver's code is like that of wskhttp.sys.
pub(crate) const PAINTED: bool = !cfg!(debug_assertions) && !asan::ON;

/// A call of the driver by the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Where it begins, and the end of what is painted.
    top: usize,
    bottom: usize,
    /// The lowest place that it has touched.
    low: usize,
    /// Bytes that it has.
    room: usize,
}

/// How much stack a kind of thread uses, of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Bytes that the driver used at most.
    pub used: usize,
    /// Bytes that Windows gives.
    pub room: usize,
}

/// Runs code of the driver, whose stack begins here.
pub(crate) fn gauge<R>(call: impl FnOnce() -> R) -> R {
    if !PAINTED {
        return call();
    }
    let outer = try_with(|s| begin(s, here())).flatten();
    repaint();
    let result = call();
    look();
    try_with(|s| end(s, outer));
    result
}

/// The driver has called the kernel.
pub(crate) fn look() {
    if PAINTED {
        let old = set_in_driver(false);
        try_with(|s| {
            let Some(mut call) = current(s) else { return };
            call.low = lowest(call);
            set(s, Some(call));
            note(s, call);
        });
        set_in_driver(old);
    }
}

/// The kernel goes back to the driver.
#[inline(never)]
pub(crate) fn repaint() {
    if PAINTED && let Some(Some(call)) = try_with(current) {
        let end = call.low.min(here() - OWN);
        for address in (lowest(call)..end).step_by(WORD) {
            // SAFETY: of this stack, which is mapped, and below every frame on it.
            unsafe { std::ptr::with_exposed_provenance_mut::<u64>(address).write_volatile(PAINT) };
        }
    }
}

fn begin(s: &mut State, top: usize) -> Option<Call> {
    let thread = &mut s.threads[s.current?];
    let room = match thread.expanded {
        0 => KERNEL_STACK,
        _ => thread.room,
    };
    let bottom = top.saturating_sub(room + SIMULATOR);
    let call = Call {
        top,
        bottom: bottom.max(thread.limit + GUARD).next_multiple_of(WORD),
        low: top & !(WORD - 1),
        room,
    };
    thread.call.replace(call)
}

/// Goes back to the call within which another one was.
fn end(s: &mut State, outer: Option<Call>) {
    let Some(inner) = current(s) else { return };
    let outer = outer.map(|mut outer| {
        if (outer.bottom..outer.low).contains(&inner.low) {
            outer.low = inner.low;
        }
        outer
    });
    set(s, outer);
}

/// The lowest place that has no paint, above which the call has been already.
fn lowest(call: Call) -> usize {
    let touched = |address: &usize| {
        // SAFETY: of this stack, which is mapped.
        let word = unsafe { std::ptr::with_exposed_provenance::<u64>(*address).read_volatile() };
        word != PAINT
    };
    let mut painted = (call.bottom..call.low).step_by(WORD);
    painted.find(touched).unwrap_or(call.low)
}

fn note(s: &mut State, call: Call) {
    let Some(id) = s.current else { return };
    let thread = &s.threads[id];
    let name = thread
        .name
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let kind = match thread.expanded {
        0 => name.to_owned(),
        1 => format!("{name}, expanded"),
        _ => format!("{name}, expanded again"),
    };
    let used = call.top - call.low;
    let room = call.room;
    let depth = s.depths.entry(kind.clone()).or_default();
    *depth = Depth {
        used: depth.used.max(used),
        room,
    };
    if used > room - SPARE {
        let how = format!("{kind}: the driver has used {used} bytes of stack, of {room}");
        rule::WSK_93.fail(s, how);
    }
}

fn current(s: &mut State) -> Option<Call> {
    s.threads[s.current?].call
}

fn set(s: &mut State, call: Option<Call>) {
    if let Some(id) = s.current {
        s.threads[id].call = call;
    }
}

/// An address in the caller's frame, or close.
#[inline(always)]
fn here() -> usize {
    let place = 0_u8;
    std::hint::black_box(&raw const place).expose_provenance()
}

const PAINT: u64 = 0x7374_6163_6B5F_6F6B;
const WORD: usize = 8;
/// What the frame of `repaint` and of what it calls takes.
const OWN: usize = 512;
