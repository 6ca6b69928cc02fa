//! Ke: DPCs, and the processors that run them.

use std::collections::BTreeMap;

use wdk_sys::{PKDEFERRED_ROUTINE, PRKDPC, PVOID};

use crate::paged;
use crate::rule;
use crate::sched::{self, DISPATCH, HIGH, KERNEL_STACK, PASSIVE, block, call_at, enter};
use crate::state::{State, with};
use crate::timer;

/// The DPCs of a run.
#[derive(Default)]
pub(crate) struct Dpcs {
    /// Those that are initialised.
    known: BTreeMap<usize, (PKDEFERRED_ROUTINE, usize)>,
    queue: Vec<Queued>,
    /// The numbers of those whose routines run.
    running: Vec<u64>,
    /// The processors are there.
    started: bool,
}

#[derive(Clone, Copy)]
struct Queued {
    dpc: usize,
    arguments: [usize; 2],
    number: u64,
    /// The thread on whose processor it is queued.
    by: Option<usize>,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInitializeDpc(dpc: PRKDPC, routine: PKDEFERRED_ROUTINE, context: PVOID) {
    let _entry = enter("KeInitializeDpc", HIGH);
    let address = dpc.addr();
    if with(|s| paged::is_paged(s, address)) {
        rule::C7.broken("a DPC is in pageable memory");
    }
    if with(|s| is_queued(s, address)) {
        rule::C7.broken("a DPC is initialised that is queued");
    }
    let context = context.expose_provenance();
    with(|s| s.dpcs.known.insert(address, (routine, context)));
    start();
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeInsertQueueDpc(dpc: PRKDPC, one: PVOID, other: PVOID) -> u8 {
    let _entry = enter("KeInsertQueueDpc", HIGH);
    let arguments = [one.expose_provenance(), other.expose_provenance()];
    with(|s| {
        let by = s.current;
        queue(s, dpc.addr(), arguments, by)
    })
    .into()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn KeRemoveQueueDpc(dpc: PRKDPC) -> u8 {
    let _entry = enter("KeRemoveQueueDpc", HIGH);
    with(|s| {
        let queued = is_queued(s, dpc.addr());
        s.dpcs.queue.retain(|queued| queued.dpc != dpc.addr());
        queued.into()
    })
}

#[unsafe(no_mangle)]
extern "C" fn KeFlushQueuedDpcs() {
    let _entry = enter("KeFlushQueuedDpcs", PASSIVE);
    let before = with(|s| s.number());
    block("the DPCs that are queued", None, move |s| {
        let queued = s.dpcs.queue.iter().map(|queued| queued.number);
        let mut numbers = queued.chain(s.dpcs.running.iter().copied());
        numbers.all(|number| number > before)
    });
}

/// Queues a DPC, unless it is queued.
pub(crate) fn queue(s: &mut State, dpc: usize, arguments: [usize; 2], by: Option<usize>) -> bool {
    if !s.dpcs.known.contains_key(&dpc) {
        rule::C7.fail(s, "a DPC is queued that is not initialised, or freed");
    }
    if is_queued(s, dpc) {
        return false;
    }
    let number = s.number();
    s.dpcs.queue.push(Queued {
        dpc,
        arguments,
        number,
        by,
    });
    true
}

fn is_queued(s: &State, dpc: usize) -> bool {
    s.dpcs.queue.iter().any(|queued| queued.dpc == dpc)
}

/// The first in the queue whose processor is below DISPATCH_LEVEL.
fn next(s: &State) -> Option<usize> {
    let below = |thread: usize| s.threads[thread].ended || s.threads[thread].irql < DISPATCH;
    let mut queue = s.dpcs.queue.iter();
    queue.position(|queued| queued.by.is_none_or(below))
}

/// Two processors, from the first timer or DPC on.
pub(crate) fn start() {
    if with(|s| std::mem::replace(&mut s.dpcs.started, true)) {
        return;
    }
    for number in 1..=2 {
        let name = format!("processor {number}");
        sched::spawn(name, KERNEL_STACK, false, || {
            loop {
                let due = with(|s| timer::next_due(s));
                block("timers and DPCs", due, move |s| {
                    next(s).is_some() || timer::next_due(s) != due
                });
                with(timer::expire);
                run();
            }
        });
    }
}

/// Runs the next of the queue.
fn run() {
    let next = with(|s| {
        let queued = next(s).map(|at| s.dpcs.queue.remove(at))?;
        let (routine, context) = s.dpcs.known.get(&queued.dpc).copied()?;
        s.dpcs.running.push(queued.number);
        Some((queued, routine, context))
    });
    let Some((queued, routine, context)) = next else {
        return;
    };
    if let Some(routine) = routine {
        let [one, other] = queued.arguments.map(std::ptr::with_exposed_provenance_mut);
        let dpc = std::ptr::with_exposed_provenance_mut(queued.dpc);
        let context = std::ptr::with_exposed_provenance_mut(context);
        // SAFETY: the routine that the DPC was initialised with, and what it asks for.
        call_at(DISPATCH, rule::C8, "a DPC's routine", || unsafe {
            routine(dpc, context, one, other);
        });
    }
    with(|s| s.dpcs.running.retain(|number| *number != queued.number));
}

/// Whether a DPC is queued in a range that is freed, which from then on has none.
pub(crate) fn freed(s: &mut State, range: std::ops::Range<usize>) -> bool {
    s.dpcs.known.retain(|dpc, _| !range.contains(dpc));
    s.dpcs
        .queue
        .iter()
        .any(|queued| range.contains(&queued.dpc))
}

/// Timers and DPCs that the driver has left.
pub(crate) fn check_at_unload() {
    let left = with(|s| !s.dpcs.queue.is_empty() || !s.dpcs.running.is_empty());
    if left {
        rule::CE.broken("a DPC is queued, or runs, at unload");
    }
    if with(|s| timer::next_due(s)).is_some() {
        rule::CE.broken("a timer is set at unload");
    }
}
