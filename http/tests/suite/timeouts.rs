//! Every wait has a bound of its own, and its error says which; attacks.md section 1, "1 byte a
//! minute (slow loris)".

use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind, Phase};
use wskhttp_http::{Agent, Body, Call, Deadlines, Limits, LowSpeed, Policy, Timeouts};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const POLICY: Policy = Policy {
    connect: Some(Duration::from_secs(1)),
    timeouts: Timeouts {
        handshake: None,
        send: Some(Duration::from_secs(2)),
        head: Some(Duration::from_secs(3)),
        body: Some(Duration::from_secs(4)),
        low_speed: None,
    },
    ..Policy::NONE
};

fn fetch(script: Script, clock: &FakeClock, call: Call<'_>) -> Result<usize, Error> {
    let agent: Agent<_, _, Lock> = Agent::new(Connector::new([script]), clock.clone()).unwrap();
    run(async {
        let mut response = agent.send(call, &0).await?;
        Ok(response.read_to_end(1 << 20).await?.len())
    })
}

fn fails(script: Script, clock: &FakeClock, call: Call<'_>) -> (Phase, Duration) {
    let error = fetch(script, clock, call).unwrap_err();
    assert_eq!(error.kind, Kind::TimedOut, "{error}");
    (error.phase, clock.now())
}

fn head(length: usize) -> Act {
    Act::Give(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes())
}

#[test]
fn each_phase_has_its_own() {
    let get = || Call::get("http://a/").policy(POLICY);
    let stuck = Script {
        stuck: true,
        ..Script::new([])
    };
    assert_eq!(
        fails(stuck, &FakeClock::default(), get()),
        (Phase::Connect, seconds(2))
    );

    let deaf = Script {
        window: 10,
        ..Script::new([])
    };
    let call = Call::put("http://a/", &[b'x'; 10_000]).policy(POLICY);
    assert_eq!(
        fails(deaf, &FakeClock::default(), call),
        (Phase::Send, seconds(2))
    );

    let dumb = Script::new([Act::AwaitHeads(1)]);
    assert_eq!(
        fails(dumb, &FakeClock::default(), get()),
        (Phase::Head, seconds(3))
    );

    let halting = Script::new([Act::AwaitHeads(1), head(10), Act::Give(b"abc".to_vec())]);
    assert_eq!(
        fails(halting, &FakeClock::default(), get()),
        (Phase::Body, seconds(4))
    );
}

#[test]
fn a_head_that_trickles() {
    // The whole head has one bound, however often a byte comes.
    let clock = FakeClock::default();
    let bytes = b"HTTP/1.1 200 OK\r\nX: y";
    let acts = bytes.iter().flat_map(|byte| {
        [
            Act::Pause(clock.clone(), seconds(1)),
            Act::Give(vec![*byte]),
        ]
    });
    let (phase, at) = fails(
        Script::new(acts),
        &clock,
        Call::get("http://a/").policy(POLICY),
    );
    assert_eq!((phase, at), (Phase::Head, seconds(3)));
}

#[test]
fn the_total_deadline_cuts_every_phase() {
    let deadlines = Deadlines {
        total: Some(seconds(1)),
        ..Deadlines::default()
    };
    let call = || {
        Call::put("http://a/", &[b'x'; 10_000])
            .policy(POLICY)
            .deadlines(deadlines)
    };
    let deaf = Script {
        window: 10,
        ..Script::new([])
    };
    assert_eq!(
        fails(deaf, &FakeClock::default(), call()),
        (Phase::Send, seconds(1))
    );
    let dumb = Script::new([]);
    assert_eq!(
        fails(dumb, &FakeClock::default(), call()),
        (Phase::Head, seconds(1))
    );
    let clock = FakeClock::default();
    let pause = || Act::Pause(clock.clone(), Duration::from_millis(300));
    let acts = [Act::AwaitBytes(10_000), head(10)];
    let acts = acts
        .into_iter()
        .chain((0..9).flat_map(|_| [pause(), Act::Give(b"x".to_vec())]));
    assert_eq!(
        fails(Script::new(acts), &clock, call()),
        (Phase::Body, seconds(1))
    );
}

/// A body of `pieces` pieces of `size` bytes, each `every` seconds.
fn trickle(clock: &FakeClock, pieces: usize, size: usize, every: u64) -> Script {
    let acts = [Act::AwaitHeads(1), head(pieces * size)];
    let piece = [
        Act::Pause(clock.clone(), seconds(every)),
        Act::Give(vec![b'x'; size]),
    ];
    Script::new(
        acts.into_iter()
            .chain((0..pieces).flat_map(|_| piece.clone())),
    )
}

fn with_lowest(bytes: u32, over: u64) -> Call<'static> {
    let low_speed = Some(LowSpeed {
        bytes,
        over: seconds(over),
    });
    let timeouts = Timeouts {
        low_speed,
        ..Timeouts::default()
    };
    Call::get("http://a/").policy(Policy {
        timeouts,
        ..Policy::default()
    })
}

#[test]
fn low_speed() {
    for (size, every, call, at) in [
        // One byte a minute.
        (1, 60, with_lowest(1, 30), Some(30)),
        (1, 60, with_lowest(1, 90), Some(90)),
        (9, 1, with_lowest(10, 30), Some(30)),
        (10, 1, with_lowest(10, 30), None),
        (100, 10, with_lowest(10, 30), None),
        (0, 1, with_lowest(1, 5), Some(5)),
    ] {
        let clock = FakeClock::default();
        let script = trickle(&clock, 200, size, every);
        let script = match size {
            0 => Script::new([Act::AwaitHeads(1), head(10)]),
            _ => script,
        };
        match at {
            Some(at) => assert_eq!(fails(script, &clock, call), (Phase::Body, seconds(at))),
            None => assert_eq!(fetch(script, &clock, call).unwrap(), 200 * size),
        }
    }
}

#[test]
fn low_speed_of_the_head() {
    let clock = FakeClock::default();
    let pause = || Act::Pause(clock.clone(), seconds(1));
    let script = Script::new((0..100).flat_map(|_| [pause(), Act::Give(b"H".to_vec())]));
    let mut script = script;
    script
        .acts
        .push_front(Act::Give(b"HTTP/1.1 200 OK\r\nX: ".to_vec()));
    script.acts.push_front(Act::AwaitHeads(1));
    assert_eq!(
        fails(script, &clock, with_lowest(1, 30)),
        (Phase::Head, seconds(30))
    );
}

#[test]
fn low_speed_leaves_the_other_bounds() {
    let clock = FakeClock::default();
    let script = Script::new([Act::AwaitHeads(1), head(10)]);
    let mut policy = POLICY;
    policy.timeouts.low_speed = Some(LowSpeed {
        bytes: 1,
        over: seconds(1000),
    });
    let call = Call::get("http://a/").policy(policy);
    let error = fetch(script, &clock, call).unwrap_err();
    assert_eq!((error.phase, clock.now()), (Phase::Body, seconds(4)));
    assert!(error.cause.contains("silent"), "{error}");
}

#[test]
fn a_caller_who_reads_slowly_is_not_a_slow_peer() {
    let clock = FakeClock::default();
    let script = trickle(&clock, 50, 10, 0);
    let agent: Agent<_, _, Lock> = Agent::new(Connector::new([script]), clock.clone()).unwrap();
    run(async {
        let mut response = agent.send(with_lowest(100, 10), &0).await.unwrap();
        let mut read = 0;
        loop {
            let count = response.data().await.unwrap().len();
            if count == 0 {
                break;
            }
            response.consume(count);
            read += count;
            clock.advance(seconds(60));
        }
        assert_eq!(read, 500);
    });
}

#[test]
fn a_streamed_body_waits_no_longer_than_for_sending() {
    let clock = FakeClock::default();
    let deaf = Script {
        window: 100,
        room: 100,
        ..Script::new([])
    };
    let agent: Agent<_, _, Lock> = Agent::new(Connector::new([deaf]), clock.clone())
        .unwrap()
        .policy(POLICY);
    let call = Call::new("PUT", "http://a/").body(Body::Chunked);
    let error = run(async {
        let mut upload = agent.upload(call, &0).await.unwrap();
        upload.write(&[b'x'; 1000]).await.unwrap_err()
    });
    assert_eq!(
        (error.phase, error.kind, clock.now()),
        (Phase::Send, Kind::TimedOut, seconds(2))
    );
}

#[test]
fn no_lowest_speed_at_all() {
    // Not a speed, not a time to measure it over: the other bounds count, and nobody spins.
    for call in [with_lowest(0, 30), with_lowest(1, 0), with_lowest(0, 0)] {
        let clock = FakeClock::default();
        let script = Script::new([Act::AwaitHeads(1), head(10)]);
        let stall = Limits::default().stall;
        assert_eq!(fails(script, &clock, call), (Phase::Body, stall));
        let clock = FakeClock::default();
        let slow_head = [Act::Pause(clock.clone(), seconds(100)), head(0)];
        let call = with_lowest(0, 30);
        assert_eq!(fetch(Script::new(slow_head), &clock, call).unwrap(), 0);
    }
}

#[test]
fn a_look_at_the_speed_does_not_begin_silence_anew() {
    // A burst, fast enough for three looks, then nothing: silent after 4 s.
    let clock = FakeClock::default();
    let burst = Act::Give(vec![b'x'; 9]);
    let script = Script::new([Act::AwaitHeads(1), head(10), burst]);
    let mut policy = POLICY;
    policy.timeouts.low_speed = Some(LowSpeed {
        bytes: 1,
        over: seconds(3),
    });
    let error = fetch(script, &clock, Call::get("http://a/").policy(policy)).unwrap_err();
    assert!(error.cause.contains("silent"), "{error}");
    assert_eq!(clock.now(), seconds(4));
}

/// Where and when the second call over one connection fails, whose server answers only the first.
fn second_fails(script: Script, clock: &FakeClock, second: Call<'_>) -> (Phase, Duration) {
    let connect = Connector::new([script]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), clock.clone()).unwrap();
    let error = run(async {
        let first = agent.send(Call::get("http://a/"), &0).await.unwrap();
        first.done().await;
        let mut second = agent.send(second, &0).await?;
        second.read_to_end(10).await.map(drop)
    })
    .unwrap_err();
    assert_eq!((error.kind, connect.made()), (Kind::TimedOut, 1), "{error}");
    (error.phase, clock.now())
}

#[test]
fn the_head_over_a_kept_connection() {
    let kept = || Script::answers(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let get = || Call::get("http://a/");
    let calls = [(with_lowest(1, 5), 5), (get().policy(POLICY), 3)];
    for (call, at) in calls {
        let clock = FakeClock::default();
        let failure = second_fails(kept(), &clock, call);
        assert_eq!(failure, (Phase::Head, seconds(at)));
    }
}

#[test]
fn the_head_has_its_time_once() {
    // A first byte after two seconds leaves one for the rest.
    let clock = FakeClock::default();
    let script = Script::answers(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
        .and(Act::AwaitHeads(2))
        .and(Act::Pause(clock.clone(), seconds(2)))
        .and(Act::Give(b"H".into()));
    let get = Call::get("http://a/").policy(POLICY);
    assert_eq!(second_fails(script, &clock, get), (Phase::Head, seconds(3)));
}

#[test]
fn low_speed_of_a_body_that_is_streamed() {
    // What went before the peer stopped reading gives it no more time.
    let clock = FakeClock::default();
    let deaf = Script {
        window: 5000,
        room: 100,
        ..Script::new([])
    };
    let agent: Agent<_, _, Lock> = Agent::new(Connector::new([deaf]), clock.clone()).unwrap();
    let call = Call::new("PUT", "http://a/").body(Body::Sized(10_000));
    let policy = Policy {
        timeouts: Timeouts {
            low_speed: Some(LowSpeed {
                bytes: 100,
                over: seconds(5),
            }),
            ..Timeouts::default()
        },
        ..Policy::default()
    };
    let error = run(async {
        let mut upload = agent.upload(call.policy(policy), &0).await.unwrap();
        upload.write(&[b'x'; 10_000]).await.unwrap_err()
    });
    assert_eq!(
        (error.phase, error.kind, clock.now()),
        (Phase::Send, Kind::TimedOut, seconds(5))
    );
}

#[test]
fn low_speed_of_a_body_that_is_sent() {
    // A peer that takes 100 bytes at once and none after: 5 s, or as long as what is staged may take.
    for (bytes, over, staged, at) in [(100, 5, 400, 5), (10, 5, 4000, 400), (1000, 5, 4000, 5)] {
        let clock = FakeClock::default();
        let deaf = Script {
            window: 100,
            room: staged,
            ..Script::new([])
        };
        let low_speed = Some(LowSpeed {
            bytes,
            over: seconds(over),
        });
        let timeouts = Timeouts {
            low_speed,
            send: Some(seconds(1000)),
            ..Timeouts::default()
        };
        let policy = Policy {
            timeouts,
            ..Policy::default()
        };
        let call = Call::put("http://a/", &[b'x'; 10_000]).policy(policy);
        assert_eq!(fails(deaf, &clock, call), (Phase::Send, seconds(at)));
    }
}
