//! Simulated threads: coroutines on one thread of the host, chosen by lot at every kernel call.

mod entry;

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::asan;
use crate::host;
use crate::paged;
use crate::rule::{self, Rule};
use crate::stack;
use crate::state::{State, set_in_driver, with};

pub(crate) use entry::{
    APC, DISPATCH, HIGH, PASSIVE, breach, call_at, enter, enter_quietly, irql, on_own_stack,
    set_irql,
};

/// Bytes of a system thread's stack on x64 Windows.
pub(crate) const KERNEL_STACK: usize = 24 * 1024;
/// Of a thread that runs code of a test.
pub(crate) const TEST_STACK: usize = 256 * 1024;
/// Room for the simulator's own frames, which on Windows are on nobody's stack.
pub(crate) const SIMULATOR: usize = 64 * 1024;
/// What has to be left of it at every kernel call.
pub(crate) const SPARE: usize = 4096;
/// Code that is not optimized needs several times the stack, and more with AddressSanitizer's zones.
const SCALE: usize = match stack::PAINTED {
    true => 1,
    false if asan::ON => 48,
    false => 12,
};

/// Kernel calls of a run after which it is taken for endless.
const ENDLESS: u64 = 2_000_000;

type Routine = Coroutine<(), (), (), DefaultStack>;

/// A simulated thread. Each has a processor to itself, as far as IRQL goes.
pub(crate) struct Thread {
    pub(crate) name: String,
    routine: Option<Routine>,
    yielder: *const Yielder<(), ()>,
    pub(crate) irql: u8,
    waiting: Option<Wait>,
    /// Where its stack begins, and how far down a kernel call was made.
    base: usize,
    /// Where its guard page begins.
    pub(crate) limit: usize,
    /// Bytes of stack that Windows would give it.
    pub(crate) room: usize,
    /// Within how many callouts it is, each on a stack of its own.
    pub(crate) expanded: usize,
    /// What it runs of the driver.
    pub(crate) call: Option<stack::Call>,
    pub(crate) held: Vec<usize>,
    /// Completion routines that it runs, one in the other.
    pub(crate) completing: u32,
    pub(crate) ended: bool,
    /// Made by the driver.
    pub(crate) of_driver: bool,
}

impl Thread {
    /// Whether a fault at `address` is the end of its stack.
    pub(crate) fn is_guard(&self, address: usize) -> bool {
        (self.limit..self.limit + GUARD).contains(&address)
    }
}

/// A page that nobody may touch ends each stack.
pub(crate) const GUARD: usize = 4096;

type Ready = Box<dyn FnMut(&mut State) -> bool>;

struct Wait {
    what: String,
    /// What is broken if it never ends.
    rule: &'static Rule,
    ready: Ready,
    until: Option<u64>,
    late: bool,
}

/// Makes a thread that runs `body`, and gives its number.
pub(crate) fn spawn(
    name: String,
    stack: usize,
    of_driver: bool,
    body: impl FnOnce() + 'static,
) -> usize {
    let room = stack;
    let stack = DefaultStack::new(stack * SCALE + SIMULATOR).expect("memory for a stack");
    let (base, limit) = (stack.base().get(), stack.limit().get());
    let id = with(|s| s.threads.len());
    let routine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
        with(|s| s.threads[id].yielder = yielder);
        body();
        with(|s| {
            check_end(s, id);
            s.threads[id].ended = true;
        });
    });
    with(|s| {
        s.threads.push(Thread {
            name,
            routine: Some(routine),
            yielder: std::ptr::null(),
            irql: PASSIVE,
            waiting: None,
            base,
            limit,
            room,
            expanded: 0,
            call: None,
            held: Vec::new(),
            completing: 0,
            ended: false,
            of_driver,
        });
    });
    id
}

/// Runs threads until thread `main` has ended, or something is wrong.
pub(crate) fn run(main: usize) -> Result<(), String> {
    loop {
        if let Some(failure) = with(|s| s.failure.take()) {
            return Err(failure);
        }
        if with(|s| s.threads[main].ended) {
            return Ok(());
        }
        if with(|s| s.host.is_none() && s.calls > ENDLESS) {
            return Err(with(|s| {
                format!(
                    "no end in sight after {ENDLESS} kernel calls\n{}",
                    report(s)
                )
            }));
        }
        host::pass();
        let Some(next) = with(pick)? else { continue };
        let mut routine = with(|s| {
            s.current = Some(next);
            paged::follow(s);
            s.threads[next].routine.take()
        })
        .expect("a thread that is not running has a routine");
        if let CoroutineResult::Yield(()) = routine.resume(()) {
            with(|s| s.threads[next].routine = Some(routine));
        }
        set_in_driver(false);
        with(|s| s.current = None);
    }
}

/// Chooses who runs next; lets time pass if nobody can.
fn pick(s: &mut State) -> Result<Option<usize>, String> {
    let mut able = Vec::new();
    let mut earliest: Option<u64> = None;
    for id in 0..s.threads.len() {
        if s.threads[id].ended {
            continue;
        }
        let Some(mut wait) = s.threads[id].waiting.take() else {
            able.push(id);
            continue;
        };
        let is_ready = (wait.ready)(s);
        wait.late = !is_ready && wait.until.is_some_and(|until| until <= s.now);
        if is_ready || wait.late {
            able.push(id);
        } else if let Some(until) = wait.until {
            earliest = Some(earliest.map_or(until, |other| other.min(until)));
        }
        s.threads[id].waiting = Some(wait);
    }
    if s.slow_completions && able.iter().any(|id| s.threads[*id].completing == 0) {
        able.retain(|id| s.threads[*id].completing == 0);
    }
    if able.is_empty() {
        let due = [crate::io::next_deadline(s), crate::wsk::next_deadline(s)];
        if s.failure.is_some() {
            return Ok(None);
        }
        let earliest = due.into_iter().chain([earliest]).flatten().min();
        if let Some(host) = &mut s.host {
            host.sleep(earliest);
            return Ok(None);
        }
        let Some(until) = earliest else {
            let report = report(s);
            let mut waits = s.threads.iter().filter_map(|t| t.waiting.as_ref());
            let rule = waits.find(|wait| wait.rule != rule::DEADLOCK);
            let rule = rule.map_or(rule::DEADLOCK, |wait| wait.rule);
            rule.fail(s, format!("nobody can run\n{report}"));
            return Ok(None);
        };
        s.now = s.now.max(until);
        return Ok(None);
    }
    if let Some(first) = s.first.take() {
        return Ok(Some(first));
    }
    let choice = s.lot(able.len() as u64) as usize;
    Ok(Some(able[choice]))
}

/// What every thread waits for.
fn report(s: &State) -> String {
    let mut text = String::new();
    for thread in s.threads.iter().filter(|thread| !thread.ended) {
        let what = thread.waiting.as_ref().map_or("-", |wait| &wait.what);
        text += &format!("  {} waits for {what}\n", thread.name);
    }
    text
}

/// A scheduling point: whether there is a thread that waits for this one, and has to run now.
fn point() -> bool {
    with(|s| {
        s.points += 1;
        let due = s.at_point.take_if(|(point, _)| *point <= s.points);
        s.first = due.map(|(_, thread)| thread).or(s.first);
        due.is_some()
    })
}

/// Makes a thread that begins with `body` at scheduling point `number`, before any other runs on.
pub(crate) fn spawn_at(number: u64, name: &str, body: impl FnOnce() + 'static) -> usize {
    let id = spawn(name.into(), TEST_STACK, false, move || {
        with(|s| s.current.map(|id| s.threads[id].waiting.take()));
        body();
    });
    with(|s| {
        s.at_point = Some((number, id));
        s.threads[id].waiting = Some(Wait {
            what: format!("scheduling point {number}"),
            rule: rule::DEADLOCK,
            ready: Box::new(move |s| s.points >= number),
            until: None,
            late: false,
        });
    });
    id
}

/// Gives the processor away: back at once or later, as the lot falls.
pub(crate) fn switch() {
    point();
    suspend();
}

fn suspend() {
    let Some(yielder) = with(|s| s.current.map(|id| s.threads[id].yielder)) else {
        return;
    };
    // SAFETY: the yielder of the coroutine that runs now.
    unsafe { &*yielder }.suspend(());
}

/// Waits until `ready`, which takes nothing: the caller does. False if `until` came first.
pub(crate) fn block(
    what: impl Into<String>,
    until: Option<u64>,
    ready: impl FnMut(&mut State) -> bool + 'static,
) -> bool {
    block_by(rule::DEADLOCK, what, until, ready)
}

/// As [`block`]; that it never ends is a breach of `rule`.
pub(crate) fn block_by(
    rule: &'static Rule,
    what: impl Into<String>,
    until: Option<u64>,
    ready: impl FnMut(&mut State) -> bool + 'static,
) -> bool {
    let old = set_in_driver(false);
    with(|s| {
        let Some(id) = s.current else {
            panic!("only a simulated thread can wait")
        };
        s.threads[id].waiting = Some(Wait {
            what: what.into(),
            rule,
            ready: Box::new(ready),
            until,
            late: false,
        });
    });
    switch();
    let late = with(|s| {
        let id = s.current.expect("resumed by the scheduler");
        s.threads[id].waiting.take().is_some_and(|wait| wait.late)
    });
    set_in_driver(old);
    !late
}

/// How a thread may end.
pub(crate) fn check_end(s: &mut State, id: usize) {
    if s.threads[id].irql != PASSIVE || !s.threads[id].held.is_empty() {
        rule::C4_100A.fail(s, "a thread ends at raised IRQL, or holds a lock");
    }
    entry::check_left(s, s.threads[id].base);
}

/// Runs `body` on a larger stack, as the same thread.
pub(crate) fn on_stack(size: usize, body: impl FnOnce() + 'static) {
    let stack = DefaultStack::new(size * SCALE + SIMULATOR).expect("memory for a stack");
    let id = with(|s| s.current).expect("a simulated thread");
    let callouts = with(|s| s.threads[id].expanded) + 1;
    let own = (stack.base().get(), stack.limit().get(), size, callouts);
    let mut inner: Routine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
        with(|s| s.threads[id].yielder = yielder);
        body();
    });
    let (before, old) = with(|s| {
        let thread = &mut s.threads[id];
        let before = (thread.base, thread.limit, thread.room, thread.expanded);
        (thread.base, thread.limit, thread.room, thread.expanded) = own;
        (before, thread.yielder)
    });
    while let CoroutineResult::Yield(()) = inner.resume(()) {
        // SAFETY: the yielder of the coroutine that runs now.
        unsafe { &*old }.suspend(());
    }
    with(|s| {
        entry::check_left(s, own.0);
        let thread = &mut s.threads[id];
        (thread.base, thread.limit, thread.room, thread.expanded) = before;
        thread.yielder = old;
    });
}

/// Forgets what the threads were doing; their stacks go, what lies on them leaks.
pub(crate) fn abandon(s: &mut State) {
    for thread in &mut s.threads {
        if let Some(mut routine) = thread.routine.take() {
            // SAFETY: nothing refers to the stack any more; no thread runs again.
            unsafe { routine.force_reset() };
        }
    }
}
