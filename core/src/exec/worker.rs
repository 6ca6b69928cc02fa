//! A worker thread.

use core::time::Duration;

use wdk_sys::{NT_SUCCESS, PVOID};

use super::executor::Inner;
use super::queue::Next;
use crate::nt::ddi::KeExpandKernelStackAndCalloutEx;
use crate::nt::irql::Passive;
use crate::nt::stack::{LARGE, Worker};
use crate::nt::wait::pause;

/// Runs what is in the run queue until the executor stops, on the largest stack that the kernel
/// gives: a task of the driver needs more than the ordinary 24 KiB. While there is no memory for that
/// stack, the worker does nothing.
pub(super) fn run(passive: Passive, inner: &Inner) {
    let parameter: *const Inner = inner;
    while !inner.queue.is_closed() {
        // SAFETY: the routine runs during the call, so the reference holds; PASSIVE_LEVEL.
        let status = unsafe {
            KeExpandKernelStackAndCalloutEx(
                Some(on_large_stack),
                parameter.cast_mut().cast(),
                LARGE as _,
                1,
                core::ptr::null_mut(),
            )
        };
        if NT_SUCCESS(status) {
            return;
        }
        pause(passive, NO_STACK_PAUSE);
    }
}

unsafe extern "C" fn on_large_stack(parameter: PVOID) {
    // SAFETY: run passes a reference that outlives the call.
    let inner = unsafe { &*parameter.cast::<Inner>() };
    // SAFETY: the routine is called at the IRQL of run.
    let passive = unsafe { Passive::assume() };
    let measured = Worker::begin();
    work(passive, inner);
    drop(measured);
}

fn work(passive: Passive, inner: &Inner) {
    loop {
        match inner.queue.pop() {
            // SAFETY: just taken out.
            Next::Run(item) => unsafe { item.run() },
            Next::Sleep => {
                inner.queue.permits().wait(passive, None);
            }
            Next::End => return,
        }
    }
}

const NO_STACK_PAUSE: Duration = Duration::from_millis(50);
