//! The main job with something done to it at each of its scheduling points in turn: its request
//! cancelled, its handle closed, its connections reset, its provider lost, its device removed and the
//! driver unloaded.
//!
//! A run in which nothing is done counts the points; then the job runs once for each. It passes when
//! no rule is broken, nothing is left, each error says what was done, and the next request is
//! answered. A sample of the points is tried, and all of them if NTSIM_SWEEP is set.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use support::{
    Replay, Scheme, TIMEOUT, cancel, close, endless, get, get_again, number, open, post, serve,
};
use wskhttp_client::{Canceller, Device, Error, Handle, Kind};
use wskhttp_ntsim::{
    Driver, Profile, Sim, elapsed, lose_provider, points, reset_connections, restore_provider,
    seed, sleep, spawn_at, wait_until,
};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Nothing.
    None,
    /// The request is cancelled.
    Cancel,
    /// The handle is closed: cleanup, and close once the requests are over.
    Close,
    /// The device is removed, and the driver unloaded as soon as the handle is closed.
    Unload,
    /// The handle is closed, and then the device is removed in order, and the driver unloaded.
    CloseAndUnload,
    /// The server resets its connections.
    Reset,
    /// The provider goes away, and comes back.
    Lose,
}

impl Act {
    fn unloads(self) -> bool {
        matches!(self, Self::Unload | Self::CloseAndUnload)
    }

    /// Whether `error` is one that it may cause.
    fn explains(self, error: &Error) -> bool {
        match self {
            Self::None => false,
            Self::Cancel => error.kind == Kind::Canceled,
            Self::Close => matches!(error.kind, Kind::Canceled | Kind::DriverRefused),
            Self::Unload | Self::CloseAndUnload => matches!(
                error.kind,
                Kind::Canceled | Kind::DriverRefused | Kind::NotInstalled | Kind::NotReady
            ),
            Self::Reset => error.kind == Kind::ConnectionReset,
            Self::Lose => matches!(
                error.kind,
                Kind::NotReady | Kind::ConnectionReset | Kind::ConnectionAborted
            ),
        }
    }
}

/// What the job has, for what is done to it.
#[derive(Default)]
struct Desk {
    driver: RefCell<Option<Driver>>,
    canceller: RefCell<Option<Canceller>>,
    handle: RefCell<Option<Arc<dyn Handle>>>,
    /// The job has loaded the driver, or is over.
    loaded: Cell<bool>,
    /// The job has opened the device, or is over.
    opened: Cell<bool>,
    begun: Cell<bool>,
    /// When it was begun.
    since: Cell<Duration>,
    done: Cell<bool>,
    /// There was something to be done.
    met: Cell<bool>,
}

impl Desk {
    fn act(desk: &Rc<Self>, act: Act) {
        desk.begun.set(true);
        desk.since.set(elapsed());
        match act {
            Act::None => {}
            Act::Cancel => {
                if let Some(canceller) = desk.canceller.borrow().clone() {
                    desk.met.set(true);
                    canceller.cancel();
                }
            }
            Act::Close => Self::close(desk),
            Act::Unload => {
                Self::wait(desk, |desk| &desk.loaded);
                let driver = desk.driver.take();
                if let Some(driver) = driver {
                    desk.met.set(true);
                    driver.surprise();
                    driver.remove();
                }
            }
            Act::CloseAndUnload => {
                Self::wait(desk, |desk| &desk.opened);
                let driver = desk.driver.take();
                if let Some(driver) = driver {
                    Self::close(desk);
                    driver.remove();
                }
            }
            Act::Reset => {
                desk.met.set(reset_connections() > 0);
            }
            Act::Lose => {
                desk.met.set(true);
                lose_provider();
                sleep(Duration::from_millis(20));
                restore_provider();
            }
        }
        desk.done.set(true);
    }

    fn close(desk: &Rc<Self>) {
        let handle = desk.handle.borrow_mut().take();
        if let Some(handle) = handle {
            desk.met.set(true);
            handle.close();
        }
    }

    fn wait(desk: &Rc<Self>, what: fn(&Self) -> &Cell<bool>) {
        let desk = Rc::clone(desk);
        wait_until("the job", move || what(&desk).get());
    }
}

/// Load, start, a request with a body, keep-alive reuse, cancel, close, another, stop, unload.
fn job(desk: &Rc<Desk>, scheme: Scheme, act: Act) {
    *desk.driver.borrow_mut() = Some(Driver::load().expect("loaded"));
    let opener = desk.driver.borrow().as_ref().map(Driver::opener);
    desk.loaded.set(true);
    if let Some(opener) = opener {
        use_device(desk, scheme, act, &|| Device::with_opener(opener.clone()));
    }
    desk.opened.set(true);
    let driver = desk.driver.take();
    if let Some(driver) = driver {
        driver.remove();
    }
}

type Opener<'a> = &'a dyn Fn() -> Result<Device, Error>;
type Step = fn(&mut Device, Scheme) -> Result<(), Error>;

fn use_device(desk: &Rc<Desk>, scheme: Scheme, act: Act, opener: Opener<'_>) {
    let mut device = match opener() {
        Ok(device) => device,
        Err(error) => {
            assert!(desk.begun.get() && act.unloads(), "open: {error:?}");
            return;
        }
    };
    *desk.canceller.borrow_mut() = Some(device.canceller());
    let steps: [(&str, Step); 5] = [
        ("a request with a body", post),
        (
            "a request over the same connection",
            match act {
                Act::None => reuse,
                _ => get,
            },
        ),
        ("a request that is cancelled", cancel),
        ("a request whose handle is closed", close),
        ("the request after it", get),
    ];
    let done = steps
        .iter()
        .all(|(what, step)| take_step(desk, act, &mut device, what, || scheme, *step));
    if done && act == Act::Unload {
        // Nothing ends it, unless the driver does when it has to go.
        let deadline = elapsed() + TIMEOUT;
        let error = endless(&mut device, scheme).expect_err("it has no end");
        let in_time = desk.begun.get() && desk.since.get() < deadline;
        let late = error.kind == Kind::TimedOut && !in_time;
        assert!(
            late || act.explains(&error),
            "an endless request: {error:?}"
        );
    }
    // The last handle, which nobody may close now but the device.
    *desk.handle.borrow_mut() = None;
}

/// Nothing keeps it from the connection that is there.
fn reuse(device: &mut Device, scheme: Scheme) -> Result<(), Error> {
    let reused = get_again(device, scheme)?;
    assert!(reused, "it went over another connection");
    Ok(())
}

/// Takes a step, again if what is done has made it fail; false if there is no going on after that.
fn take_step(
    desk: &Rc<Desk>,
    act: Act,
    device: &mut Device,
    what: &str,
    scheme: impl Fn() -> Scheme,
    step: Step,
) -> bool {
    for _ in 0..3 {
        let handle = device.handle();
        desk.handle.replace(handle.ok());
        desk.opened.set(true);
        let Err(error) = step(device, scheme()) else {
            return true;
        };
        assert!(
            desk.begun.get(),
            "{what}: {error:?}, though nothing is done"
        );
        assert!(act.explains(&error), "{what}: {error:?}");
        if act.unloads() {
            return false;
        }
        Desk::wait(desk, |desk| &desk.done);
        device.canceller().reset();
    }
    panic!("{what} fails again and again");
}

/// What comes after it has to go well.
fn next(scheme: Scheme) {
    let driver = Driver::load().expect("loaded again");
    let mut device = open(&driver).expect("open");
    get(&mut device, scheme).expect("an answer");
    drop(device);
    driver.remove();
}

/// What a run has seen.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The scheduling points before the job and after it.
    points: (u64, u64),
    /// There was something to be done.
    met: bool,
}

#[track_caller]
fn run(profile: Profile, scheme: Scheme, act: Act, at: u64) -> Seen {
    let seed = seed();
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _replay = Replay(format!("--sweep --seed {seed} --point {at} --test {name}"));
    let seen = Rc::new(Cell::new(Seen::default()));
    let to = Rc::clone(&seen);
    let outcome = Sim::new(seed).profile(profile).try_run(move || {
        serve();
        let desk = Rc::new(Desk::default());
        let before = points();
        let other = (act != Act::None).then(|| {
            let desk = Rc::clone(&desk);
            spawn_at(at, "the other", move || Desk::act(&desk, act))
        });
        job(&desk, scheme, act);
        let after = points();
        if let Some(other) = other.filter(|_| desk.begun.get()) {
            other.join();
        }
        if act.unloads() {
            next(scheme);
        }
        to.set(Seen {
            points: (before, after),
            met: desk.met.get(),
        });
    });
    if let Err(failure) = outcome {
        panic!("seed {seed}, {profile:?}, {act:?} at scheduling point {at}: {failure}");
    }
    seen.get()
}

/// Does it at `sample` points of the job, at even distances, or at all of them.
fn sweep(profile: Profile, scheme: Scheme, act: Act, sample: u64) {
    let (before, after) = run(profile, scheme, Act::None, 0).points;
    let step = match std::env::var_os("NTSIM_SWEEP") {
        Some(_) => 1,
        None => (after - before).div_ceil(sample).max(1),
    };
    let at: BTreeSet<u64> = match number("NTSIM_POINT") {
        Some(point) => [point].into(),
        None => (before + 1..=after).step_by(step as usize).collect(),
    };
    let met = at
        .iter()
        .filter(|at| run(profile, scheme, act, **at).met)
        .count();
    eprintln!(
        "{profile:?}, {scheme:?}, {act:?}: {} scheduling points, {} tried, {met} met",
        after - before,
        at.len()
    );
    assert!(
        met * 4 > at.len() || number("NTSIM_POINT").is_some(),
        "hardly ever is there anything to be done"
    );
}

macro_rules! sweeps {
    ($($name:ident: $act:ident, $profile:ident, $scheme:ident, $sample:literal;)*) => {
        $(#[test]
        fn $name() {
            sweep(Profile::$profile, Scheme::$scheme, Act::$act, $sample);
        })*
    };
}

sweeps! {
    unload_windows_http: Unload, Windows, Http, 40;
    unload_windows_https: Unload, Windows, Https, 40;
    unload_hostile_http: Unload, Hostile, Http, 40;
    unload_hostile_https: Unload, Hostile, Https, 40;
    unload_wine_http: Unload, Wine, Http, 20;
    unload_wine_https: Unload, Wine, Https, 20;
    unload_viosock_http: Unload, Viosock, Http, 20;
    unload_viosock_https: Unload, Viosock, Https, 20;
    close_and_unload_windows_http: CloseAndUnload, Windows, Http, 40;
    close_and_unload_windows_https: CloseAndUnload, Windows, Https, 40;
    close_and_unload_hostile_http: CloseAndUnload, Hostile, Http, 40;
    close_and_unload_hostile_https: CloseAndUnload, Hostile, Https, 40;
    close_and_unload_wine_http: CloseAndUnload, Wine, Http, 20;
    close_and_unload_wine_https: CloseAndUnload, Wine, Https, 20;
    close_and_unload_viosock_http: CloseAndUnload, Viosock, Http, 20;
    close_and_unload_viosock_https: CloseAndUnload, Viosock, Https, 20;
    cancel_windows_http: Cancel, Windows, Http, 40;
    cancel_windows_https: Cancel, Windows, Https, 40;
    cancel_hostile_http: Cancel, Hostile, Http, 40;
    cancel_hostile_https: Cancel, Hostile, Https, 40;
    cancel_wine_http: Cancel, Wine, Http, 20;
    cancel_wine_https: Cancel, Wine, Https, 20;
    cancel_viosock_http: Cancel, Viosock, Http, 20;
    cancel_viosock_https: Cancel, Viosock, Https, 20;
    close_windows_http: Close, Windows, Http, 40;
    close_windows_https: Close, Windows, Https, 40;
    close_hostile_http: Close, Hostile, Http, 40;
    close_hostile_https: Close, Hostile, Https, 40;
    close_wine_http: Close, Wine, Http, 20;
    close_wine_https: Close, Wine, Https, 20;
    close_viosock_http: Close, Viosock, Http, 20;
    close_viosock_https: Close, Viosock, Https, 20;
    reset_windows_http: Reset, Windows, Http, 40;
    reset_windows_https: Reset, Windows, Https, 40;
    reset_hostile_http: Reset, Hostile, Http, 40;
    reset_hostile_https: Reset, Hostile, Https, 40;
    reset_wine_http: Reset, Wine, Http, 20;
    reset_wine_https: Reset, Wine, Https, 20;
    reset_viosock_http: Reset, Viosock, Http, 20;
    reset_viosock_https: Reset, Viosock, Https, 20;
    lose_windows_http: Lose, Windows, Http, 40;
    lose_windows_https: Lose, Windows, Https, 40;
    lose_hostile_http: Lose, Hostile, Http, 40;
    lose_hostile_https: Lose, Hostile, Https, 40;
    lose_wine_http: Lose, Wine, Http, 20;
    lose_wine_https: Lose, Wine, Https, 20;
    lose_viosock_http: Lose, Viosock, Http, 20;
    lose_viosock_https: Lose, Viosock, Https, 20;
}
