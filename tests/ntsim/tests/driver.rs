//! The driver on the simulated kernel, with every provider and many seeds.

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use wdk_sys::{IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL, IRP_MN_QUERY_POWER};
use wskhttp_client::{Device, Request};
use wskhttp_ntsim::registry::{self, SERVICE};
use wskhttp_ntsim::{
    BLACK_HOLE, Driver, Profile, Sim, Stream, in_process, listen, lot, sleep, socket_owners, spawn,
    try_run,
};

const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();

fn seeds() -> std::ops::Range<u64> {
    wskhttp_ntsim::seeds(100)
}

/// Runs `body` on every provider.
fn run(seed: u64, body: impl FnOnce() + Copy + 'static) {
    for profile in Profile::ALL {
        Sim::new(seed).profile(profile).run(body);
    }
}

/// Answers every request of a connection with `hello`.
fn server(mut stream: Stream) {
    while let Ok(Some(head)) = stream.head() {
        assert!(head.starts_with("GET /"), "{head}");
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

fn get(device: &mut Device, url: &str) -> Result<String, wskhttp_client::Error> {
    let mut body = String::new();
    let mut response = device.send(Request::get(url))?;
    assert_eq!(response.head().status, 200);
    response.read_to_string(&mut body).expect("a whole body");
    Ok(body)
}

#[test]
fn loads_and_unloads() {
    for seed in seeds().take(20) {
        run(seed, || Driver::load().expect("loaded").remove());
    }
}

#[test]
fn opens_and_closes() {
    for seed in seeds().take(20) {
        run(seed, || {
            let driver = Driver::load().expect("loaded");
            let devices = [(); 3].map(|()| Device::with_opener(driver.opener()).expect("open"));
            drop(devices);
            driver.remove();
        });
    }
}

#[test]
fn a_process_cannot_take_all_handles() {
    run(1, || {
        let driver = Driver::load().expect("loaded");
        let open = || Device::with_opener(driver.opener());
        let mut devices: Vec<_> = (0..256).map(|_| open().expect("open")).collect();
        assert!(open().is_err(), "one more than its share");
        devices.pop();
        sleep(Duration::from_secs(1));
        drop(open().expect("open"));
        drop(devices);
        driver.remove();
    });
}

#[test]
fn all_of_user_mode_leaves_handles_to_the_kernel() {
    Sim::new(1).run(|| {
        let driver = Driver::load().expect("loaded");
        let opened = |process| {
            let handles = (0..240).map(|_| Device::with_opener(driver.opener()));
            in_process(process, || handles.collect::<Result<Vec<_>, _>>())
        };
        let devices = [5, 6, 7, 8].map(|process| opened(process).expect("open"));
        let refused = opened(9).map(|_| ()).expect_err("one more than there are");
        assert_eq!(refused.kind, wskhttp_client::Kind::TooManyRequests);
        drop(devices);
        driver.remove();
    });
}

#[test]
fn a_request_beyond_the_memory_of_the_driver_is_refused() {
    let with_limit = |kind, limit: &[u8]| {
        let parameters = format!(r"{SERVICE}\Parameters");
        registry::set(&parameters, "MemoryLimit", kind, limit);
        Driver::load()
    };
    for (limit, is_admitted) in [(0_u32, false), (64, true)] {
        run(1, move || {
            listen(80, server);
            let driver = with_limit(registry::DWORD, &limit.to_le_bytes()).expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            match get(&mut device, "http://localhost/") {
                Ok(_) => assert!(is_admitted),
                Err(error) => {
                    assert!(!is_admitted, "{error}");
                    assert_eq!(error.kind, wskhttp_client::Kind::TooManyRequests);
                }
            }
            drop(device);
            driver.remove();
        });
    }
    Sim::new(1).run(move || {
        let refused = with_limit(registry::BINARY, &[1]).map(|_| ());
        assert_eq!(refused, Err(INVALID_PARAMETER));
    });
}

#[test]
fn gets() {
    for seed in seeds() {
        run(seed, || {
            listen(80, server);
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            for _ in 0..2 {
                let body = get(&mut device, "http://localhost/").expect("an answer");
                assert_eq!(body, "hello");
            }
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn names_what_failed() {
    for seed in seeds().take(20) {
        run(seed, || {
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            let error = get(&mut device, "http://nowhere.test/").expect_err("no such host");
            assert_eq!(error.kind, wskhttp_client::Kind::HostNotFound);
            let error = get(&mut device, "http://127.0.0.1:81/").expect_err("nobody listens");
            assert_eq!(error.kind, wskhttp_client::Kind::ConnectionRefused);
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn sockets_belong_to_the_process_that_opened_the_handle() {
    for seed in seeds().take(20) {
        run(seed, || {
            listen(80, server);
            let driver = Driver::load().expect("loaded");
            let mut devices = [5, 6].map(|process| {
                let open = || Device::with_opener(driver.opener()).expect("open");
                in_process(process, open)
            });
            for device in &mut devices {
                get(device, "http://127.0.0.1/").expect("an answer");
            }
            let mut owners = socket_owners();
            // One more that was refused.
            owners.dedup();
            assert_eq!(owners, [5, 6]);
            drop(devices);
            driver.remove();
        });
    }
}

/// A server that answers slowly, in part, or not at all.
fn moody(mut stream: Stream) {
    if stream.head().is_ok_and(|head| head.is_some()) {
        sleep(Duration::from_micros(lot(20_000)));
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let body = b"hello";
        let _ = match lot(4) {
            0 => stream.write_all(head),
            1 => stream.write_all(&head[..lot(30) as usize]),
            2 => {
                stream.reset();
                Ok(())
            }
            _ => stream.write_all(head).and_then(|()| stream.write_all(body)),
        };
        // Holds the connection until the client lets go.
        let _ = stream.read(&mut [0]);
    }
}

fn targets() -> &'static str {
    let black_hole = format!("http://127.0.0.1:{BLACK_HOLE}/");
    match lot(4) {
        0 => Box::leak(black_hole.into_boxed_str()),
        1 => "http://slow.test/",
        _ => "http://localhost/",
    }
}

#[test]
fn a_cancel_ends_a_request_wherever_it_is() {
    for seed in seeds() {
        run(seed, || {
            listen(80, moody);
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            let canceller = device.canceller();
            let delay = Duration::from_micros(lot(3000) * lot(10));
            let other = spawn("cancels", move || {
                sleep(delay);
                canceller.cancel();
            });
            // Any outcome is right, so long as there is one.
            let _ = get_any(&mut device, targets());
            other.join();
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn a_handle_may_be_closed_in_mid_request() {
    for seed in seeds() {
        run(seed, || {
            listen(80, moody);
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            let handle = device.handle().expect("open");
            let other = spawn("closes", move || {
                sleep(Duration::from_micros(lot(3000) * lot(10)));
                handle.close();
            });
            let _ = get_any(&mut device, targets());
            other.join();
            drop(device);
            driver.remove();
        });
    }
}

#[test]
fn a_surprise_removal_ends_what_is_in_flight() {
    for seed in seeds() {
        run(seed, || {
            listen(80, moody);
            let driver = Driver::load().expect("loaded");
            let users = [0, 1].map(|_| {
                let opener = driver.opener();
                spawn("user", move || {
                    if let Ok(mut device) = Device::with_opener(opener) {
                        let _ = get_any(&mut device, targets());
                    }
                })
            });
            sleep(Duration::from_micros(lot(3000) * lot(10)));
            driver.surprise();
            users.into_iter().for_each(wskhttp_ntsim::Thread::join);
            driver.remove();
        });
    }
}

/// Requests of the system come while the device is removed, and after it.
#[test]
fn power_and_wmi_requests_during_a_removal_are_passed_down_or_refused() {
    const DELETE_PENDING: i32 = 0xC000_0056_u32.cast_signed();
    let refused = Rc::new(Cell::new(0));
    for seed in seeds() {
        let count = Rc::clone(&refused);
        let sim = Sim::new(seed);
        sim.run(move || {
            let driver = Driver::load().expect("loaded");
            let (stack, system) = (driver.stack(), Rc::clone(&count));
            let sender = spawn("the system", move || {
                for request in 0..20 {
                    let status = match request % 2 {
                        0 => stack.send(IRP_MJ_POWER, IRP_MN_QUERY_POWER),
                        _ => stack.send(IRP_MJ_SYSTEM_CONTROL, 0),
                    };
                    match status {
                        0 => {}
                        DELETE_PENDING => system.set(system.get() + 1),
                        _ => panic!("{status:#x}"),
                    }
                }
            });
            driver.remove();
            sender.join();
        });
    }
    let all = refused.get() > 0 || seeds().count() == 1 || Profile::only().is_some();
    assert!(all, "no request came in between");
}

/// Wine does not wait for handles.
#[test]
fn a_device_that_is_torn_out_has_no_request_left() {
    for seed in seeds() {
        run(seed, || {
            listen(80, moody);
            let driver = Driver::load().expect("loaded");
            let users = [0, 1].map(|_| {
                let mut device = Device::with_opener(driver.opener()).expect("open");
                spawn("user", move || {
                    let _ = get_any(&mut device, targets());
                })
            });
            sleep(Duration::from_micros(lot(3000) * lot(10)));
            driver.tear_out();
            users.into_iter().for_each(wskhttp_ntsim::Thread::join);
            driver.remove();
        });
    }
}

fn get_any(device: &mut Device, url: &str) -> Result<(), wskhttp_client::Error> {
    let mut response = device.send(Request::get(url))?;
    let _ = response.read_to_end(&mut Vec::new());
    Ok(())
}

#[test]
fn a_seed_is_one_run() {
    let report = |seed| {
        let body = || {
            listen(80, server);
            let driver = Driver::load().expect("loaded");
            let mut device = Device::with_opener(driver.opener()).expect("open");
            get(&mut device, "http://localhost/").expect("an answer");
            drop(device);
            driver.remove();
        };
        try_run(seed, body).expect("no rule is broken").kernel_calls
    };
    assert_eq!(report(7), report(7));
    assert!(
        (0..20).any(|seed| report(seed) != report(7)),
        "seeds differ"
    );
}

#[test]
fn a_run_says_what_it_used_of_the_pool() {
    let report = try_run(7, || {
        listen(80, server);
        let driver = Driver::load().expect("loaded");
        let mut device = Device::with_opener(driver.opener()).expect("open");
        get(&mut device, "http://localhost/").expect("an answer");
        drop(device);
        driver.remove();
    });
    let pool = report.expect("no rule is broken").pool;
    assert!(pool["wskb"].most > 0, "the driver's tag");
    for (tag, used) in pool {
        assert_eq!((used.allocated, used.bytes), (used.freed, 0), "{tag}");
    }
}
