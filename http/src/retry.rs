//! Trying again: what is worth it, after how long, and how often in all.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};

use crate::{ResponseHead, date};

/// How often and after how long a request is sent again that failed or was turned away.
///
/// Sent again is only what may be (RFC 9110 section 9.2.2): a request whose body is at hand, if its
/// method is idempotent, it has an `Idempotency-Key`, or nothing of it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries after the first one. 0.
    pub limit: u32,
    /// The longest wait before the second try, doubled for each one after it. The wait is random
    /// between nothing and that (full jitter). 500 ms.
    pub backoff: Duration,
    /// The longest wait of all. A server that asks for more with `Retry-After` is not tried again;
    /// its answer is the caller's. 60 s.
    pub longest: Duration,
    /// No try begins later than so long after the first one; `None`: at any time.
    pub within: Option<Duration>,
}

impl Retries {
    /// None.
    pub const NONE: Self = Self {
        limit: 0,
        backoff: Duration::from_millis(500),
        longest: Duration::from_secs(60),
        within: None,
    };

    /// Whether an error may be gone the next time. What TLS finds wrong, what is wrong with the
    /// request, and what the server says against HTTP will not.
    #[must_use]
    pub const fn is_transient(error: &Error) -> bool {
        match error.phase {
            Phase::Request | Phase::Body | Phase::Close => false,
            _ => matches!(
                error.kind,
                Kind::TimedOut
                    | Kind::NotReady
                    | Kind::ResolveFailed
                    | Kind::ConnectionRefused
                    | Kind::Unreachable
                    | Kind::ConnectFailed
                    | Kind::ConnectionReset
                    | Kind::ConnectionAborted
                    | Kind::IoFailed
                    | Kind::TlsTruncated
                    | Kind::EmptyResponse
                    | Kind::HeadTruncated
            ),
        }
    }

    /// Whether a response with this status may be another one the next time.
    #[must_use]
    pub const fn is_transient_status(status: u16) -> bool {
        matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
    }

    /// Whether an error came before any byte of the request could be sent.
    #[must_use]
    pub const fn is_before_request(error: &Error) -> bool {
        matches!(
            error.phase,
            Phase::Wait | Phase::Resolve | Phase::Connect | Phase::Tls
        )
    }

    /// How long to wait before the next of the tries, of which `made` were made after the first.
    pub(crate) fn wait(&self, made: u32, random: u64) -> Duration {
        let factor = 1_u32.checked_shl(made).unwrap_or(u32::MAX);
        let most = self.backoff.saturating_mul(factor).min(self.longest);
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(match most.checked_add(1) {
            Some(range) => random.checked_rem(range).unwrap_or(0),
            None => random,
        })
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::NONE
    }
}

/// How long a response asks to wait (RFC 9110 section 10.2.3), in seconds or as a date; `unix` is
/// the time now since 1970. `None` when it does not, or not in a way that can be understood.
pub(crate) fn retry_after(head: &ResponseHead, unix: Duration) -> Option<Duration> {
    let value = head.header("retry-after")?;
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        let digits = core::str::from_utf8(value).ok()?;
        return Some(Duration::from_secs(digits.parse().unwrap_or(u64::MAX)));
    }
    date::parse(value, unix).map(|at| at.saturating_sub(unix))
}

/// Keeps retries in proportion to calls, so that a server in trouble does not get a multiple of its
/// load: each call adds a tenth of a retry, each retry takes a whole one, ten are there at first and
/// never more than a hundred.
#[derive(Debug)]
pub struct RetryBudget {
    tenths: AtomicU32,
}

impl RetryBudget {
    /// A budget with its first retries.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tenths: AtomicU32::new(10 * WHOLE),
        }
    }

    /// Notes a call.
    pub(crate) fn earn(&self) {
        let add = |tenths: u32| (tenths < MOST).then(|| tenths.saturating_add(1));
        // Full is fine.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, add);
    }

    /// Takes a retry; false if none is left.
    pub(crate) fn spend(&self) -> bool {
        let take = |tenths: u32| tenths.checked_sub(WHOLE);
        self.tenths.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

const WHOLE: u32 = 10;
const MOST: u32 = 100 * WHOLE;
