//! Faults of the processor that are breaches of a rule: pageable memory at DISPATCH_LEVEL, the end of
//! a stack, a call of a function that the provider has not.

use std::cell::Cell;
use std::ffi::c_int;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::OnceLock;

use libc::{siginfo_t, ucontext_t};

use crate::rule::{self, Rule};
use crate::sim::Replay;
use crate::state;

/// What was there before, for faults that are none of ours.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

thread_local! {
    static CAUSE: Cell<(&'static Rule, usize)> = const { Cell::new((rule::DEADLOCK, 0)) };
    /// What runs on when a stack is at its end.
    static EMERGENCY: Cell<*mut u8> = const { Cell::new(null_mut()) };
}

const SIGNAL_STACK: usize = 256 * 1024;
const EMERGENCY_STACK: usize = 256 * 1024;

/// Readies this thread of the host.
pub(crate) fn install() {
    if EMERGENCY.get().is_null() {
        let stack = Box::leak(vec![0u128; EMERGENCY_STACK / 16].into_boxed_slice());
        EMERGENCY.set(stack.as_mut_ptr_range().end.cast());
        give_signals_a_stack();
    }
    BEFORE.get_or_init(|| {
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: zero is a valid value, and the handler is made for SA_SIGINFO.
        unsafe {
            let new = action.assume_init_mut();
            new.sa_sigaction = handle as *const () as usize;
            new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigaction(libc::SIGSEGV, new, before.as_mut_ptr());
            before.assume_init()
        }
    });
}

/// The standard library's has 8 KiB, which with AddressSanitizer are not enough to write a line. Pages
/// of their own, as whoever ends the thread may give them back.
fn give_signals_a_stack() {
    // SAFETY: new pages; a valid stack_t.
    unsafe {
        let pages = libc::mmap(
            null_mut(),
            SIGNAL_STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(pages, libc::MAP_FAILED, "no memory for a stack");
        let stack = libc::stack_t {
            ss_sp: pages,
            ss_flags: 0,
            ss_size: SIGNAL_STACK,
        };
        libc::sigaltstack(&raw const stack, null_mut());
    }
}

extern "C" fn handle(_: c_int, info: *mut siginfo_t, context: *mut ucontext_t) {
    // SAFETY: of the kernel, for this call.
    let (address, registers) = unsafe {
        let registers = &mut (*context).uc_mcontext.gregs;
        ((*info).si_addr().addr(), registers)
    };
    let counter = registers[libc::REG_RIP as usize] as usize;
    let stack = registers[libc::REG_RSP as usize] as usize;
    let Some((rule, at_its_end)) = which(address, counter) else {
        say(address);
        // Once more, for whom it concerned before.
        if let Some(before) = BEFORE.get() {
            // SAFETY: what was installed before.
            unsafe { libc::sigaction(libc::SIGSEGV, before, null_mut()) };
        }
        return;
    };
    CAUSE.set((rule, address));
    // As a call from where it was leaves it, past what a function may have below its stack pointer.
    let free = if at_its_end {
        EMERGENCY.get().addr()
    } else {
        stack - 256
    };
    registers[libc::REG_RSP as usize] = (free & !15) as i64 - 8;
    registers[libc::REG_RIP as usize] = breach as *const () as usize as i64;
}

/// Writes how the run is repeated that such a fault ends, without memory of the heap, which may be in
/// whatever state.
fn say(address: usize) {
    let mut text = [0_u8; 512];
    let mut room = &mut text[..];
    let _ = state::try_with(|s| {
        let thread = &s.threads[s.current?];
        let (seed, profile) = (s.seed, s.profile);
        let (name, level) = (&thread.name, thread.irql);
        let place = format_args!("[thread {name}, IRQL {level}]");
        let how = format_args!("an access to {address:#x} {place}");
        let replay = Replay(seed, profile);
        writeln!(room, "seed {seed}, profile {profile:?}: {how}\n{replay}").ok()
    });
    let left = room.len();
    let used = text.len() - left;
    // SAFETY: bytes of the array; `write` may be called in a handler.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), used) };
}

/// What a fault breaks, and whether the stack is at its end; `None` if it is none of a driver's.
fn which(address: usize, counter: usize) -> Option<(&'static Rule, bool)> {
    state::try_with(|s| {
        let thread = &s.threads[s.current?];
        if crate::paged::is_paged(s, address) {
            return Some((rule::D1, false));
        }
        if counter == 0 {
            return Some((rule::WSK_13, false));
        }
        thread.is_guard(address).then_some((rule::WSK_93, true))
    })?
}

/// Where a thread goes on after such a fault.
extern "C" fn breach() -> ! {
    let (rule, address) = CAUSE.get();
    rule.broken(format_args!("an access to {address:#x}"))
}
