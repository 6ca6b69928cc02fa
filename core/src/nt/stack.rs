//! How deep workers use the large stacks that they run on, as seen wherever [`sample`] is called.

use core::hint::black_box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wdk_sys::{NT_SUCCESS, PVOID};

use super::ddi::KeExpandKernelStackAndCalloutEx;
use super::irql::Passive;
use crate::io::{Error, Kind, Phase};

/// `KERNEL_LARGE_STACK_SIZE - PAGE_SIZE / 2` of x64 and Arm64: the most that
/// KeExpandKernelStackAndCalloutEx gives.
pub const LARGE: usize = 0x12000 - 0x800;

/// Runs `work` on a stack of [`LARGE`] bytes.
///
/// # Errors
/// Phase `Wait`: there is no memory for the stack, and `work` was not run.
pub fn on_large(passive: Passive, work: &mut dyn FnMut()) -> Result<(), Error> {
    with_room(passive, LARGE, work)
}

/// Runs `work` with `size` bytes of stack, at most [`LARGE`]: on the stack of the caller if that has as
/// many left, and on a further one otherwise.
///
/// # Errors
/// As [`on_large`].
pub fn with_room(_: Passive, size: usize, work: &mut dyn FnMut()) -> Result<(), Error> {
    unsafe extern "C" fn run(parameter: PVOID) {
        // SAFETY: what `with_room` passes, whose call this is a part of.
        let work = unsafe { &mut *parameter.cast::<&mut dyn FnMut()>() };
        work();
    }
    let mut work = work;
    let parameter = (&raw mut work).cast();
    // SAFETY: the routine runs during the call, so what it is passed is there; PASSIVE_LEVEL by the
    // token.
    let status =
        unsafe { KeExpandKernelStackAndCalloutEx(Some(run), parameter, size as _, 1, null_mut()) };
    if NT_SUCCESS(status) {
        Ok(())
    } else {
        Err(Error::with_status(
            Phase::Wait,
            Kind::NoResources,
            status,
            "no memory for a larger stack",
        ))
    }
}

/// Notes how deep the calling thread is, if it is a worker. IRQL: any.
pub fn sample() {
    let here = here();
    for top in &TOPS {
        // The whole range is one worker's: no other stack lies there.
        let depth = top.load(Relaxed).wrapping_sub(here);
        if depth < LARGE && depth > HIGH.load(Relaxed) {
            HIGH.fetch_max(depth, Relaxed);
        }
    }
}

/// The deepest sample so far, in bytes, of [`LARGE`]. IRQL: any.
#[must_use]
pub fn high() -> usize {
    HIGH.load(Relaxed)
}

/// The calling thread is a worker until this is dropped.
#[must_use]
pub(crate) struct Worker(&'static AtomicUsize);

impl Worker {
    /// Begins where the caller is, with [`LARGE`] bytes of stack. `None` if there are too many; they
    /// are not measured.
    pub(crate) fn begin() -> Option<Self> {
        let here = here();
        let is_free = |top: &&AtomicUsize| top.compare_exchange(0, here, Relaxed, Relaxed).is_ok();
        TOPS.iter().find(is_free).map(Self)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.store(0, Relaxed);
    }
}

/// An address in the caller's frame.
#[inline(always)]
fn here() -> usize {
    let place = 0_u8;
    black_box(&raw const place).addr()
}

/// Where the stacks of workers begin; 0 for none.
static TOPS: [AtomicUsize; WORKERS] = [const { AtomicUsize::new(0) }; WORKERS];
const WORKERS: usize = 4;

static HIGH: AtomicUsize = AtomicUsize::new(0);
