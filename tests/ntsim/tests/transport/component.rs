//! A kernel component with the crates linked into its own driver, which is told to unload at each
//! scheduling point of its work in turn. A sample of the points is tried, and all of them if
//! NTSIM_SWEEP is set.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::rc::Rc;
use std::sync::Arc;

use wskhttp_core::exec::Notify;
use wskhttp_core::io::Error;
use wskhttp_core::nt::lock::RawSpinLock;
use wskhttp_core::wsk::WskConnect;
use wskhttp_http::{Body, Client, Deadlines, Limits, Request, Url};
use wskhttp_ntsim::{Profile, Sim, as_driver, listen, points, seed, spawn_at};

use super::program::{Driver, MINUTE, drive_until};

const REPORT: &[u8] = &[b'r'; 3000];

/// Uploads a report, and asks for something over the same connection; gives both answers.
async fn work(driver: Driver) -> Result<Vec<u8>, Error> {
    let mut answers = Vec::new();
    let connect = WskConnect::new(driver.wsk.clone());
    let clock = driver.clock.clone();
    let client = Client::<_, _, RawSpinLock>::new(connect, clock, Limits::default())?;
    let url = Url::parse("http://localhost/reports")?;
    for (method, body) in [("POST", Body::Full(REPORT)), ("GET", Body::Empty)] {
        let request = Request::new(method, &url, b"", body)?;
        let deadlines = Deadlines {
            connect: None,
            total: Some(driver.now() + MINUTE),
        };
        let mut exchange = client.send(&request, &(), deadlines).await?;
        loop {
            let part = exchange.data().await?;
            if part.is_empty() {
                break;
            }
            answers.extend(part);
            exchange.consume(usize::MAX);
        }
        exchange.done().await;
    }
    Ok(answers)
}

fn serve() {
    listen(80, |mut stream| {
        while let Ok(Some(head)) = stream.head() {
            let mut body = vec![
                0;
                if head.starts_with("POST") {
                    REPORT.len()
                } else {
                    0
                }
            ];
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks";
            if stream.read_exact(&mut body).is_err() || stream.write_all(answer).is_err() {
                return;
            }
            assert!(body.iter().all(|byte| *byte == b'r'));
        }
    });
}

/// Runs the component, told to unload at `point`; gives the scheduling points before and after it, and
/// whether it was done by then.
#[track_caller]
fn run(profile: Profile, point: u64) -> (u64, u64, bool) {
    let seen = Rc::new(Cell::new((0, 0, false)));
    let to = Rc::clone(&seen);
    let seed = seed();
    let outcome = Sim::new(seed).profile(profile).try_run(move || {
        serve();
        let before = points();
        let stop = Arc::new(Notify::new());
        let asked = Arc::downgrade(&stop);
        let other = spawn_at(point, "asks to unload", move || {
            if let Some(stop) = asked.upgrade() {
                as_driver(|| stop.notify());
            }
        });
        drive_until(stop, work, |outcome| {
            to.set((before, points(), outcome.is_some()));
            if let Some(done) = outcome {
                assert_eq!(done.expect("answers"), b"thanksthanks");
            }
        });
        if points() >= point {
            other.join();
        }
    });
    if let Err(failure) = outcome {
        eprintln!(
            "replay: cargo xtask sim --sweep --seed {seed} --profile {profile:?} --point {point} \
             --test is_told_to_unload"
        );
        panic!("seed {seed}, {profile:?}, told to unload at scheduling point {point}: {failure}");
    }
    seen.get()
}

#[test]
fn is_told_to_unload_wherever_it_is() {
    for profile in Profile::ALL.into_iter().filter(|one| one.is_wanted()) {
        if let Some(Ok(point)) = std::env::var("NTSIM_POINT").ok().map(|text| text.parse()) {
            run(profile, point);
            continue;
        }
        let (before, after, done) = run(profile, u64::MAX);
        assert!(done, "it is told nothing");
        let step = match std::env::var_os("NTSIM_SWEEP") {
            Some(_) => 1,
            None => (after - before).div_ceil(60) as usize,
        };
        let all: Vec<u64> = (before + 1..=after).step_by(step).collect();
        let stopped = all.iter().filter(|point| !run(profile, **point).2).count();
        eprintln!(
            "{profile:?}: {} scheduling points, {} tried, {stopped} before it was done",
            after - before,
            all.len()
        );
        assert!(stopped * 4 > all.len(), "hardly ever is there work left");
    }
}
