//! Calls into the kernel and out of it, and the IRQL at which they are made.

use super::{SCALE, SPARE, point, suspend};
use crate::paged;
use crate::rule::{self, Rule};
use crate::stack;
use crate::state::{State, driver, set_in_driver, with};
use crate::wsk;

pub(crate) const PASSIVE: u8 = 0;
pub(crate) const APC: u8 = 1;
pub(crate) const DISPATCH: u8 = 2;
pub(crate) const HIGH: u8 = 15;

/// A call into the kernel: from here on the simulator runs.
pub(crate) struct Entry {
    of_driver: bool,
    switches: bool,
}

/// The beginning of every kernel routine that may be called at up to `highest`.
pub(crate) fn enter(name: &str, highest: u8) -> Entry {
    let mut entry = enter_quietly();
    entry.switches = true;
    let level = irql();
    if level > highest {
        rule::for_irql(name, highest).broken(format!(
            "{name} is called at {level}, allowed is at most {highest}"
        ));
    }
    let here = std::ptr::from_ref(&entry).addr();
    let preempt = with(|s| {
        check_left(s, here);
        s.now += 1;
        s.calls += 1;
        s.note(name, 0);
        if let Some(id) = s.current
            && !stack::PAINTED
        {
            let thread = &s.threads[id];
            let depth = thread.base.wrapping_sub(here);
            if depth > thread.room.saturating_sub(SPARE) * SCALE {
                let how = format!(
                    "{depth} bytes of stack are in use, of {}",
                    thread.room * SCALE
                );
                rule::WSK_93.fail(s, how);
            }
        }
        s.lot(3) == 0
    });
    if point() || preempt {
        suspend();
    }
    entry
}

/// Frames that the thread has left, below `here` on its stack, hold nothing that is still needed.
pub(super) fn check_left(s: &mut State, here: usize) {
    let Some(thread) = s.current.map(|id| &s.threads[id]) else {
        return;
    };
    let (limit, base) = (thread.limit, thread.base);
    if (limit..=base).contains(&here)
        && let Some(rule) = wsk::needed(s, limit, here - limit)
    {
        rule.fail(s, "a stack frame is left that is still needed");
    }
}

/// Whether the address lies on the stack of the thread that runs.
pub(crate) fn on_own_stack(address: usize) -> bool {
    let here = std::ptr::from_ref(&address).addr();
    let base = with(|s| s.current.map_or(0, |id| s.threads[id].base));
    (here..base).contains(&address)
}

/// As [`enter`], for what must not switch threads.
pub(crate) fn enter_quietly() -> Entry {
    let of_driver = set_in_driver(false);
    if of_driver {
        stack::look();
    }
    Entry {
        of_driver,
        switches: false,
    }
}

impl Entry {
    /// Whether it was the driver that called.
    pub(crate) fn is_of_driver(&self) -> bool {
        self.of_driver
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The driver does not go on.
            return;
        }
        let completes = |s: &mut State| s.current.is_some_and(|id| s.threads[id].completing > 0);
        if self.switches && with(|s| s.slow_completions && completes(s)) {
            suspend();
        }
        if self.of_driver {
            stack::repaint();
        }
        set_in_driver(self.of_driver);
    }
}

/// [`Rule::broken`] for a text that begins with the rule's name and a colon.
///
/// [`Rule::broken`]: rule::Rule::broken
pub(crate) fn breach(what: &str) -> ! {
    let (id, how) = what.split_once(": ").expect("the name of a rule");
    let rule = rule::find(id).unwrap_or_else(|| panic!("no rule is called {id}"));
    rule.broken(how)
}

pub(crate) fn irql() -> u8 {
    with(|s| s.current.map_or(PASSIVE, |id| s.threads[id].irql))
}

pub(crate) fn set_irql(level: u8) -> u8 {
    with(|s| {
        let id = s.current.expect("a simulated thread");
        let old = std::mem::replace(&mut s.threads[id].irql, level);
        paged::follow(s);
        old
    })
}

/// Calls a routine of the driver at `level`, at which it has to return.
///
/// A breach of that is one of `rule`.
pub(crate) fn call_at<R>(level: u8, rule: &Rule, what: &str, call: impl FnOnce() -> R) -> R {
    let old = set_irql(level);
    let result = driver(call);
    if irql() != level {
        rule.broken(format!(
            "{what} returned at another IRQL than it was called"
        ));
    }
    set_irql(old);
    result
}
