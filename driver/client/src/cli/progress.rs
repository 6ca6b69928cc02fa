//! A progress bar on standard error.

use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how far a transfer has come, once it has taken a while.
pub(crate) struct Progress {
    wanted: bool,
    start: Instant,
    bytes: u64,
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// `forced` shows the bar at once and everywhere; otherwise it needs a terminal that the body is
    /// not written to.
    pub(crate) fn new(silent: bool, forced: bool, body_on_terminal: bool) -> Self {
        let terminal = io::stderr().is_terminal() && !body_on_terminal;
        Self {
            wanted: forced || (terminal && !silent),
            start: Instant::now(),
            bytes: 0,
            total: None,
            bar: None,
        }
    }

    /// Begins to count again, up to `total` if that is known.
    pub(crate) fn restart(&mut self, total: Option<u64>) {
        self.finish();
        (self.bytes, self.total) = (0, total);
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or_default();
        if !self.wanted {
            return;
        }
        if self.bar.is_none() && self.start.elapsed() > PATIENCE {
            self.bar = Some(bar(self.total));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.bytes);
        }
    }

    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.abandon();
        }
    }
}

/// A reader that counts what is read.
pub(crate) struct Counted<'a, R> {
    pub(crate) reader: R,
    pub(crate) progress: &'a mut Progress,
    pub(crate) sent: &'a mut u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(to)?;
        self.progress.add(read);
        *self.sent += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let (bar, template) = match total {
        Some(_) => (
            ProgressBar::with_draw_target(total, target),
            "{bar:30} {percent:>3}% {bytes:>10} of {total_bytes}, {bytes_per_sec}, {eta} left",
        ),
        None => (
            ProgressBar::with_draw_target(None, target),
            "{spinner} {bytes:>10}, {bytes_per_sec}, {elapsed}",
        ),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

const PATIENCE: Duration = Duration::from_millis(500);
