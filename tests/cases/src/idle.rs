//! Whether the driver is idle again.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use wskhttp_abi::{RequestFlags, Status};
use wskhttp_client::Device;

use crate::Context;
use crate::message::{PATIENCE, expect, finish, get, send, status};

/// The driver's counters while nothing is under way.
pub(crate) struct Idle {
    device: std::cell::RefCell<Device>,
    before: Status,
}

impl Idle {
    /// Makes some requests, so that caches and pools have their usual size, and notes the counters
    /// once they have come to rest.
    pub(crate) fn warm_up(context: &Context) -> Result<Self> {
        for _ in 0..3 {
            let mut device = context.device()?;
            let input = get(context, "/bytes/1000", RequestFlags::WHOLE_BODY)?;
            let done = finish(&mut device, send(input, vec![0; 8192]))?;
            expect(&done, status::SUCCESS, "warm-up")?;
        }
        let mut device = context.device()?;
        let before = at_rest(&mut device)?;
        Ok(Self {
            device: device.into(),
            before,
        })
    }

    /// Waits until the counters are back.
    pub(crate) fn wait(&self) -> Result<()> {
        let device = &mut *self.device.borrow_mut();
        let begin = Instant::now();
        loop {
            let now = device.status()?;
            let over = [
                ("requests_now", u64::from(now.requests_now), 0),
                ("orphans_now", u64::from(now.orphans_now), 0),
                (
                    "handles_now",
                    now.handles_now.into(),
                    self.before.handles_now.into(),
                ),
                (
                    "connections_now",
                    now.connections_now.into(),
                    self.before.connections_now.into(),
                ),
                (
                    "tasks_now",
                    now.tasks_now.into(),
                    self.before.tasks_now.into(),
                ),
                ("pool_now", now.pool_now, self.before.pool_now + SLACK),
            ]
            .into_iter()
            .find(|&(_, now, most)| now > most);
            let Some((name, value, most)) = over else {
                return Ok(());
            };
            if begin.elapsed() > PATIENCE {
                bail!(
                    "the driver is not idle: {name} is {value}, expected {most} at most: {now:?}"
                );
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// The counters once no request is under way and two looks in a row give the same.
pub(crate) fn at_rest(device: &mut Device) -> Result<Status> {
    let begin = Instant::now();
    let mut last = device.status()?;
    loop {
        std::thread::sleep(PAUSE);
        let now = device.status()?;
        let same = (
            now.pool_now,
            now.connections_now,
            now.tasks_now,
            now.handles_now,
        ) == (
            last.pool_now,
            last.connections_now,
            last.tasks_now,
            last.handles_now,
        );
        if same && now.requests_now == 0 && now.orphans_now == 0 {
            return Ok(now);
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "the driver does not come to rest: {now:?}"
        );
        last = now;
    }
}

const PAUSE: Duration = Duration::from_millis(50);
/// Pool that caches may have gained, such as TLS tickets. Far less than a leak per request in the
/// cases that make hundreds.
const SLACK: u64 = 64 * 1024;
