//! A mixed load: users whose requests succeed, are cancelled, or lose their handle, a device that may
//! be removed by surprise, unload. `cargo xtask sim --soak` runs it with many seeds.

#[allow(dead_code)]
mod support;

use std::time::Duration;

use support::{Scheme, cancel, get, open, post, serve};
use wskhttp_client::Device;
use wskhttp_ntsim::{Driver, Profile, Sim, Thread, lot, sleep, spawn};

/// What a user does with a device. Any outcome is right, so long as there is one.
fn user(opener: wskhttp_client::Opener) {
    let Ok(mut device) = Device::with_opener(opener) else {
        return;
    };
    for _ in 0..1 + lot(3) {
        let scheme = if lot(6) == 0 {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let _ = match lot(4) {
            0 => post(&mut device, scheme),
            1 => cancel(&mut device, scheme),
            2 => closed(&mut device, scheme),
            _ => get(&mut device, scheme),
        };
    }
}

/// A request whose handle is closed meanwhile.
fn closed(device: &mut Device, scheme: Scheme) -> Result<(), wskhttp_client::Error> {
    let handle = device.handle()?;
    let delay = Duration::from_micros(lot(20_000));
    let other = spawn("closes", move || {
        sleep(delay);
        handle.close();
    });
    let result = get(device, scheme);
    other.join();
    result
}

fn load() {
    serve();
    let Ok(driver) = Driver::load() else {
        panic!("not loaded, though nothing failed")
    };
    drop(open(&driver));
    let users: Vec<Thread> = (0..1 + lot(4))
        .map(|_| {
            let opener = driver.opener();
            spawn("user", move || user(opener))
        })
        .collect();
    if lot(3) == 0 {
        sleep(Duration::from_micros(lot(60_000)));
        driver.surprise();
    }
    users.into_iter().for_each(Thread::join);
    driver.remove();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn everything_at_once() {
    let seeds = match number("NTSIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NTSIM_SEEDS").unwrap_or(60),
    };
    let last = seeds.end;
    for seed in seeds {
        let profile = match seed % 2 {
            0 => Profile::Windows,
            _ => Profile::Viosock,
        };
        let outcome = Sim::new(seed).profile(profile).try_run(load);
        if let Err(failure) = outcome {
            panic!("{failure}\nreplay: cargo xtask sim --soak --seed {seed}");
        }
        if seed % 500 == 499 {
            eprintln!("{} of {last} seeds", seed + 1);
        }
    }
}
