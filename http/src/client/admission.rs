//! How many exchanges run at once, and who waits for a place.

use alloc::vec::Vec;
use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use lock_api::{Mutex, RawMutex};
use wskhttp_core::io::{Clock, Error, Kind, Phase, deadline};

use crate::{Limits, Url};

/// Counts exchanges by origin. A place that comes free is given to the first of those that wait for which
/// there is one now, so that nobody who comes later takes it.
#[derive(Debug)]
pub(crate) struct Admission<R: RawMutex> {
    state: Mutex<R, State>,
    total: usize,
    per_origin: usize,
    queue: usize,
}

#[derive(Debug, Default)]
struct State {
    /// An entry for each exchange. Has room for all that wait, too.
    active: Vec<u64>,
    waiting: Vec<Waiting>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    origin: u64,
    waker: Waker,
    /// It has a place.
    called: bool,
}

/// A place among the exchanges; gives it back when dropped.
pub(crate) struct Permit<'a, R: RawMutex> {
    admission: &'a Admission<R>,
    origin: u64,
}

/// A place in the queue.
struct Ticket<'a, R: RawMutex> {
    admission: &'a Admission<R>,
    origin: u64,
    number: Option<u64>,
}

impl<R: RawMutex> Admission<R> {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: Mutex::new(State::default()),
            total: limits.active_total,
            per_origin: limits.active_per_origin,
            queue: limits.queue,
        }
    }

    /// Waits for a place; `None` when there are no bounds.
    pub(crate) async fn admit<K: Clock>(
        &self,
        url: &Url,
        clock: &K,
        until: Option<Duration>,
    ) -> Result<Option<Permit<'_, R>>, Error> {
        if self.total == usize::MAX && self.per_origin == usize::MAX {
            return Ok(None);
        }
        let origin = hash(url);
        let mut ticket = Ticket {
            admission: self,
            origin,
            number: None,
        };
        let late = Error::new(
            Phase::Wait,
            Kind::TimedOut,
            "other requests were not done in time",
        );
        deadline(clock, until, late, poll_fn(|cx| ticket.poll(cx))).await?;
        Ok(Some(Permit {
            admission: self,
            origin,
        }))
    }

    fn has_room(&self, state: &State, origin: u64) -> bool {
        let of_origin = state.active.iter().filter(|other| **other == origin);
        state.active.len() < self.total && of_origin.count() < self.per_origin
    }
}

impl<R: RawMutex> Ticket<'_, R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let waker = cx.waker().clone();
        let mut state = self.admission.state.lock();
        if let Some(number) = self.number {
            let Some(at) = state
                .waiting
                .iter()
                .position(|other| other.ticket == number)
            else {
                return Poll::Ready(Ok(()));
            };
            // A waker must not be dropped under the lock.
            let old = match state.waiting.get_mut(at) {
                Some(waiting) if !waiting.called => {
                    let old = core::mem::replace(&mut waiting.waker, waker);
                    drop(state);
                    drop(old);
                    return Poll::Pending;
                }
                _ => state.waiting.remove(at),
            };
            self.number = None;
            drop(state);
            drop(old);
            return Poll::Ready(Ok(()));
        }
        // Nobody who waits has a place meanwhile: it was given to them.
        let ahead = state.waiting.len().saturating_add(1);
        if state.active.try_reserve(ahead).is_err() {
            return Poll::Ready(Err(no_memory()));
        }
        if self.admission.has_room(&state, self.origin) {
            state.active.push(self.origin);
            return Poll::Ready(Ok(()));
        }
        if state.waiting.len() >= self.admission.queue {
            return Poll::Ready(Err(Error::new(
                Phase::Wait,
                Kind::TooManyRequests,
                "too many requests wait for their turn",
            )));
        }
        if state.waiting.try_reserve(1).is_err() {
            return Poll::Ready(Err(no_memory()));
        }
        let number = state.next;
        state.next = state.next.wrapping_add(1);
        state.waiting.push(Waiting {
            ticket: number,
            origin: self.origin,
            waker,
            called: false,
        });
        self.number = Some(number);
        Poll::Pending
    }
}

impl<R: RawMutex> Drop for Ticket<'_, R> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let removed = {
            let mut state = self.admission.state.lock();
            let at = state
                .waiting
                .iter()
                .position(|other| other.ticket == number);
            at.filter(|at| *at < state.waiting.len())
                .map(|at| state.waiting.remove(at))
        };
        if removed.is_some_and(|waiting| waiting.called) {
            self.admission.release(self.origin);
        }
    }
}

impl<R: RawMutex> Drop for Permit<'_, R> {
    fn drop(&mut self) {
        self.admission.release(self.origin);
    }
}

impl<R: RawMutex> fmt::Debug for Permit<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

impl<R: RawMutex> Admission<R> {
    /// Gives a place of `origin` back, to the first that can have it.
    fn release(&self, origin: u64) {
        let waker = {
            let mut state = self.state.lock();
            let at = state.active.iter().position(|other| *other == origin);
            if let Some(at) = at.filter(|at| *at < state.active.len()) {
                state.active.swap_remove(at);
            }
            let next = state
                .waiting
                .iter()
                .position(|waiting| !waiting.called && self.has_room(&state, waiting.origin));
            let State {
                active, waiting, ..
            } = &mut *state;
            next.and_then(|at| waiting.get_mut(at)).map(|next| {
                next.called = true;
                // There is room: see `Ticket::poll`.
                active.push(next.origin);
                next.waker.clone()
            })
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// FNV-1a of the origin. Two with the same hash share their places.
fn hash(url: &Url) -> u64 {
    let port = url.port().to_be_bytes();
    let parts = [url.scheme() as u8]
        .into_iter()
        .chain(port)
        .chain(url.host().bytes());
    parts.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Wait,
        Kind::NoResources,
        "no memory for the queue of requests",
    )
}
