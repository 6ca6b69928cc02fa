//! A driver that is made of one program over the transport.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wskhttp_core::exec::{Either, Executor, Notify, race};
use wskhttp_core::io::{
    Clock, Connect, ConnectionInfo, Error, Scheme, Target, Transport, TransportExt,
};
use wskhttp_core::nt::clock::KernelClock;
use wskhttp_core::nt::event::{Event, EventKind};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::wsk::{TcpTransport, Wsk, WskConnect};
use wskhttp_ntsim::{Profile, Sim, as_driver, as_user, end_closes, hang_closes, image_gone, seeds};

/// What a program works with.
#[derive(Clone)]
pub(super) struct Driver {
    pub(super) wsk: Wsk,
    pub(super) clock: KernelClock,
}

impl Driver {
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Connects to `host` with connector `by`.
    pub(super) async fn connect_by(
        &self,
        by: &WskConnect,
        host: &str,
        port: u16,
        bound: Duration,
    ) -> Result<(TcpTransport, ConnectionInfo), Error> {
        let target = Target {
            scheme: Scheme::Http,
            host,
            port,
            deadline: Some(self.now() + bound),
            handshake: None,
            via: None,
        };
        let mut info = ConnectionInfo::default();
        let transport = by.connect(&target, &(), &mut info).await?;
        Ok((transport, info))
    }

    /// Connects to 127.0.0.1.
    pub(super) async fn connect(&self, port: u16) -> Result<TcpTransport, Error> {
        let by = WskConnect::new(self.wsk.clone());
        let made = self.connect_by(&by, "127.0.0.1", port, MINUTE).await?;
        Ok(made.0)
    }
}

/// No part of it is like another of the same length.
pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

/// Stages and flushes all of `data`.
pub(super) async fn send(transport: &mut TcpTransport, mut data: &[u8]) -> Result<(), Error> {
    while !data.is_empty() {
        let room = transport.output();
        let n = room.len().min(data.len());
        room[..n].copy_from_slice(&data[..n]);
        transport.stage(n);
        data = &data[n..];
        transport.flush().await?;
    }
    Ok(())
}

/// Receives to the end.
pub(super) async fn receive(transport: &mut TcpTransport) -> Result<Vec<u8>, Error> {
    let mut data = Vec::new();
    while transport.fill().await? > 0 {
        data.extend_from_slice(transport.input());
        transport.consume(usize::MAX);
    }
    Ok(data)
}

/// Starts workers, registers with WSK, runs `program` as a task, and undoes all of it; has `check` look
/// at what the program gave, and then nothing may be left. To be called in a simulation.
pub(super) fn drive<T, F>(program: impl FnOnce(Driver) -> F + Send + 'static, check: impl FnOnce(T))
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    drive_until(Arc::new(Notify::new()), program, |outcome| {
        check(outcome.expect("it is not told to stop"));
    });
}

/// As [`drive`]; `check` is given `None` if `stop` was notified before the program has ended.
pub(super) fn drive_until<T, F>(
    stop: Arc<Notify>,
    program: impl FnOnce(Driver) -> F + Send + 'static,
    check: impl FnOnce(Option<T>),
) where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let result = Arc::new(Mutex::new(None));
    let to = Arc::clone(&result);
    hang_closes();
    let (ended, counters) = as_driver(move || {
        let passive = Passive::here().expect("a test runs at PASSIVE_LEVEL");
        let executor = Executor::start(passive, 64).expect("an executor");
        let clock = executor.clock();
        let wsk = Wsk::register(passive, executor.spawner(), clock.clone()).expect("registered");
        let driver = Driver { wsk, clock };
        let done = Arc::new(Event::try_new(EventKind::Notification).expect("an event"));
        let (in_task, of_task) = (driver.clone(), Arc::clone(&done));
        let task = move || async move {
            if let Either::Second(outcome) = race(stop.notified(), program(in_task)).await {
                *to.lock().expect("no panic") = Some(outcome);
            }
            of_task.set();
        };
        executor.spawner().spawn(task).expect("a task");
        let ended = done.wait(passive, Some(HOUR));
        executor.drain(passive);
        as_user(end_closes);
        driver.wsk.shutdown(passive);
        let counters = driver.wsk.counters();
        drop(driver);
        executor.stop(passive);
        (ended, counters)
    });
    assert!(ended, "the program does not end");
    assert_eq!(counters.connections_now, 0, "{counters:?}");
    assert_eq!(counters.operations_now, 0, "{counters:?}");
    assert_eq!(counters.orphans_now, 0, "{counters:?}");
    let outcome = result.lock().expect("no panic").take();
    check(outcome);
    image_gone();
}

/// Runs a simulation for each of `number` seeds with each of the providers.
pub(super) fn each(number: u64, profiles: &[Profile], body: impl Fn() + Copy + 'static) {
    for profile in profiles {
        each_sim(number, |seed| Sim::new(seed).profile(*profile), body);
    }
}

/// Runs the simulation that `sim` configures for each of `number` seeds.
pub(super) fn each_sim(number: u64, sim: impl Fn(u64) -> Sim, body: impl Fn() + Copy + 'static) {
    for seed in seeds(number) {
        sim(seed).run(body);
    }
}

/// Virtual time that nothing here needs.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// Providers that let a graceful disconnect end.
pub(super) const GRACEFUL: [Profile; 3] = [Profile::Windows, Profile::Wine, Profile::Viosock];
const HOUR: Duration = Duration::from_secs(3600);
