//! How long single waits may last, and how slow a transfer may be.

use core::time::Duration;

/// Bounds on single waits, besides the [deadlines](crate::Deadlines). `None` is
/// [`Limits::stall`](crate::Limits::stall). The error of a wait that lasts too long has the phase
/// named here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// The TLS handshake. Phase `Tls`. `None`: only the deadlines.
    pub handshake: Option<Duration>,
    /// One wait for the peer to take bytes of the request. Phase `Send`.
    pub send: Option<Duration>,
    /// From the request's last byte to the end of the final head. Phase `Head`.
    pub head: Option<Duration>,
    /// Between two arrivals of bytes of the body. Phase `Body`.
    pub body: Option<Duration>,
    /// The lowest speed at which bytes may be taken and arrive. Phase `Send` or `Body`.
    pub low_speed: Option<LowSpeed>,
}

impl Timeouts {
    /// None of its own.
    pub const NONE: Self = Self {
        handshake: None,
        send: None,
        head: None,
        body: None,
        low_speed: None,
    };

    /// The lowest speed, if it is one.
    pub(crate) fn lowest(&self) -> Option<LowSpeed> {
        self.low_speed
            .filter(|lowest| lowest.bytes > 0 && !lowest.over.is_zero())
    }
}

/// A speed below which a transfer is given up. Only the time spent waiting for the peer counts, so
/// that a caller who reads slowly does not fail its own transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowSpeed {
    /// Bytes a second, as they go to the transport and come from it. 0: any speed will do.
    pub bytes: u32,
    /// Over how long they are counted; also how long the head may take. 0: any speed will do.
    pub over: Duration,
}

/// Counts bytes and waits against a [`LowSpeed`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    lowest: Option<LowSpeed>,
    waited: Duration,
    bytes: u64,
    /// How much of the wait was after the last byte.
    silent: Duration,
}

impl Meter {
    pub(crate) const fn new(lowest: Option<LowSpeed>) -> Self {
        Self {
            lowest,
            waited: Duration::ZERO,
            bytes: 0,
            silent: Duration::ZERO,
        }
    }

    /// How long nothing has come.
    pub(crate) const fn silent(&self) -> Duration {
        self.silent
    }

    /// How long sending `bytes` may take: until the speed is looked at, or longer if even the lowest
    /// speed does.
    pub(crate) fn pace(&self, bytes: usize) -> Option<Duration> {
        let lowest = self.lowest?;
        let most = (bytes as u64).checked_div(lowest.bytes.into())?;
        Some(self.left()?.max(Duration::from_secs(most)))
    }

    /// How much longer may be waited until the speed is looked at.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.lowest
            .map(|lowest| lowest.over.saturating_sub(self.waited))
    }

    /// Notes that a wait of `took` gave `bytes`; false when that is too slow.
    pub(crate) fn count(&mut self, bytes: usize, took: Duration) -> bool {
        let Some(lowest) = self.lowest else {
            return true;
        };
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited = self.waited.saturating_add(took);
        self.silent = match bytes {
            0 => self.silent.saturating_add(took),
            _ => Duration::ZERO,
        };
        if self.waited < lowest.over {
            return true;
        }
        let due = u128::from(lowest.bytes).saturating_mul(self.waited.as_millis());
        let came = u128::from(self.bytes).saturating_mul(1000);
        self.waited = Duration::ZERO;
        self.bytes = 0;
        came >= due
    }
}
