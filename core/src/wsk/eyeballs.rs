//! Happy eyeballs: which of several addresses is connected to (RFC 8305).

use alloc::boxed::Box;
use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::address::{Addresses, MAX_ADDRESSES};
use super::status::more_telling;
use crate::io::{Clock, Error, Kind, Phase};
use crate::nt::clock::KernelClock;
use crate::nt::pool::try_box;
use crate::nt::timer::Sleep;

/// Makes an attempt at each of `addresses` until one succeeds; the others are dropped then. The families
/// take turns, beginning with that of the first address. An attempt begins when the one before has
/// failed, or has not succeeded for [`DELAY`].
///
/// # Errors
/// The most telling of the attempts' errors, the last of those that tell as much.
pub(super) async fn first<T, F>(
    clock: &KernelClock,
    addresses: &Addresses,
    attempt: impl Fn(SocketAddr) -> F,
) -> Result<(T, SocketAddr), Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let order = interleave(addresses);
    let mut race = Race {
        clock,
        addresses: order.as_slice(),
        attempts: [const { None }; MAX_ADDRESSES],
        begun: 0,
        next: None,
        failed: None,
    };
    poll_fn(|cx| race.poll(&attempt, cx)).await
}

struct Race<'a, F> {
    clock: &'a KernelClock,
    addresses: &'a [SocketAddr],
    attempts: [Option<Pin<Box<F>>>; MAX_ADDRESSES],
    /// How many attempts have begun.
    begun: usize,
    /// When the next begins although none has failed.
    next: Option<Pin<Box<Sleep>>>,
    failed: Option<Error>,
}

impl<F> Race<'_, F> {
    fn poll<T>(
        &mut self,
        attempt: &impl Fn(SocketAddr) -> F,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(T, SocketAddr), Error>>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut due = self.begun == 0;
        loop {
            for (place, address) in self.attempts.iter_mut().zip(self.addresses) {
                let Some(running) = place else { continue };
                match running.as_mut().poll(cx) {
                    Poll::Ready(Ok(made)) => return Poll::Ready(Ok((made, *address))),
                    Poll::Ready(Err(error)) => {
                        *place = None;
                        fails(&mut self.failed, error);
                        due = true;
                    }
                    Poll::Pending => {}
                }
            }
            if let Some(next) = &mut self.next
                && next.as_mut().poll(cx).is_ready()
            {
                self.next = None;
                due = true;
            }
            let left = self.begun < self.addresses.len();
            if !left && self.attempts.iter().all(Option::is_none) {
                return Poll::Ready(Err(self.failed.unwrap_or(NO_ADDRESS)));
            }
            if !due || !left {
                return Poll::Pending;
            }
            due = self.begin(attempt);
        }
    }

    /// Begins the next attempt. True: it could not, so the one after it is due.
    fn begin<T>(&mut self, attempt: &impl Fn(SocketAddr) -> F) -> bool
    where
        F: Future<Output = Result<T, Error>>,
    {
        let index = self.begun;
        self.begun += 1;
        let (Some(address), Some(place)) =
            (self.addresses.get(index), self.attempts.get_mut(index))
        else {
            return false;
        };
        match try_box(attempt(*address)) {
            Ok(running) => *place = Some(Box::into_pin(running)),
            Err(error) => {
                fails(&mut self.failed, error.in_phase(Phase::Connect));
                return true;
            }
        }
        let at = self.clock.now().saturating_add(DELAY);
        // Without memory for a timer the next attempt begins when this one has failed.
        self.next = try_box(self.clock.sleep_until(at)).ok().map(Box::into_pin);
        false
    }
}

fn fails(failed: &mut Option<Error>, error: Error) {
    *failed = Some(failed.map_or(error, |first| more_telling(first, error)));
}

/// The addresses of each family in their order, the families in turn.
fn interleave(addresses: &Addresses) -> Addresses {
    let all = addresses.as_slice();
    let v6_first = all.first().is_some_and(SocketAddr::is_ipv6);
    let of = |v6: bool| all.iter().filter(move |address| address.is_ipv6() == v6);
    let (mut first, mut second) = (of(v6_first), of(!v6_first));
    let mut order = Addresses::new();
    for _ in all {
        for address in [first.next(), second.next()].into_iter().flatten() {
            order.push(*address);
        }
    }
    order
}

/// The Connection Attempt Delay that RFC 8305, section 5, recommends.
const DELAY: Duration = Duration::from_millis(250);

const NO_ADDRESS: Error = Error::new(
    Phase::Connect,
    Kind::ConnectFailed,
    "there is no address to connect to",
);
