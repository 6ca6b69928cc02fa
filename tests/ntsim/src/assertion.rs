//! Assertions that fail in a simulated thread: what they say comes out, whatever the thread was doing.

use std::panic;
use std::sync::Once;

use corosensei::on_stack;
use corosensei::stack::DefaultStack;

use crate::state::{set_in_driver, try_with};

/// Readies this process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // From here on the memory is the host's, which lasts longer than the simulation.
            set_in_driver(false);
            let place = try_with(|s| {
                let thread = &s.threads[s.current?];
                let (seed, profile) = (s.seed, s.profile);
                let (name, level) = (&thread.name, thread.irql);
                Some(format!(
                    "seed {seed}, profile {profile:?} [thread {name}, IRQL {level}]"
                ))
            });
            // A backtrace needs more than is left of a system thread's.
            let stack = DefaultStack::new(STACK).expect("memory for a stack");
            on_stack(stack, || {
                if let Some(place) = place.flatten() {
                    eprintln!("{place}");
                }
                before(info);
            });
        }));
    });
}

const STACK: usize = 1024 * 1024;
