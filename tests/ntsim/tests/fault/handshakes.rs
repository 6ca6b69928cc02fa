//! Handshakes that the main job has not: each with its fallible calls failing in turn, among them every
//! allocation of rustls, webpki and the cryptography. A sample of them is tried, and all if NTSIM_SWEEP is
//! set.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};
use wskhttp_client::{Device, Error, Request, Revocation, Stapling, TlsOptions};
use wskhttp_ntsim::fault::{self, Plan, injected, relent};
use wskhttp_ntsim::{Driver, Sim, listen, seed};

use crate::certificate::{Chain, Kind as Key};
use crate::support::tls::{Kind, TlsStream, papers, root};
use crate::support::{answer, number, open, read};
use crate::{is_clear, replay};

/// What kind of handshake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// TLS 1.2, and a chain of RSA keys.
    Rsa,
    /// TLS 1.2, and a chain of keys on P-256.
    Ecdsa,
    /// TLS 1.3, and a chain of keys on P-384.
    Ecdsa384,
    /// The client has a certificate.
    Mutual,
    /// A pin, a revocation list and a stapled answer are looked at.
    Checked,
    /// The second request resumes the session of the first.
    Resumed,
}

// Keys on curves are new in each process, and their signatures vary in length: the number of a call may be
// another one there.
static RSA: LazyLock<Chain> = LazyLock::new(|| Chain::new(Key::Rsa));
static P256: LazyLock<Chain> = LazyLock::new(|| Chain::new(Key::P256));
static P384: LazyLock<Chain> = LazyLock::new(|| Chain::new(Key::P384));

impl Shape {
    /// Makes the server listen; gives the root of its certificate.
    fn serve(self) -> Vec<u8> {
        let (chain, version) = match self {
            Self::Rsa => (&RSA, &TLS12),
            Self::Ecdsa => (&P256, &TLS12),
            Self::Ecdsa384 => (&P384, &TLS13),
            Self::Mutual => return Self::serve_as(Kind::Mutual),
            Self::Checked => return Self::serve_as(Kind::Stapling),
            Self::Resumed => return Self::serve_as(Kind::Resuming),
        };
        let server: Arc<ServerConfig> = chain.server(version);
        listen(443, move |stream| {
            // Errors are the client's doing.
            let _ = answer(TlsStream::with(stream, Arc::clone(&server)));
        });
        chain.root.clone()
    }

    fn serve_as(kind: Kind) -> Vec<u8> {
        listen(443, move |stream| {
            // As above.
            let _ = answer(TlsStream::of_kind(stream, kind));
        });
        root()
    }

    fn options(self) -> TlsOptions {
        let papers = papers();
        let tls = TlsOptions::new();
        match self {
            Self::Mutual => tls.client_certificate(&papers.client.0, &papers.client.1),
            Self::Checked => tls
                .pin(papers.pin)
                .revocation_lists(&papers.clean_list, Revocation::Hard)
                .stapling(Stapling::Hard),
            _ => tls,
        }
    }

    /// A request over a connection of its own; gives whether it resumed a session.
    fn get(self, device: &mut Device, root: &[u8]) -> Result<bool, Error> {
        let request = Request::get("https://localhost/").root_certificates(root)?;
        let mut body = Vec::new();
        let head = read(device, request.tls(self.options()).no_reuse(), &mut body)?;
        assert_eq!(body, b"hello");
        Ok(head.tls.is_some_and(|tls| tls.resumed))
    }

    /// Two requests, each again without faults if it fails.
    fn job(self, device: &mut Device, root: &[u8]) {
        for turn in 0..2 {
            let resumed = match self.get(device, root) {
                Ok(resumed) => resumed,
                Err(error) => {
                    assert!(injected() > 0, "{error:?}, though nothing failed");
                    assert!(is_clear(&error), "{error:?}");
                    relent();
                    self.get(device, root).expect("an answer at last")
                }
            };
            let expected = turn == 1 && self == Self::Resumed;
            assert!(resumed == expected || injected() > 0, "resumed: {resumed}");
        }
    }

    /// Gives the numbers of the fallible calls that the requests have made.
    #[track_caller]
    fn run(self, plan: Plan) -> Range<u64> {
        let seed = seed();
        let _replay = replay(seed, plan);
        let calls = Rc::new(Cell::new((0, 0)));
        let to = Rc::clone(&calls);
        let outcome = Sim::new(seed).try_run(move || {
            let root = self.serve();
            let driver = Driver::load().expect("loaded");
            let mut device = open(&driver).expect("open");
            let start = fault::calls();
            fault::follow(plan);
            self.job(&mut device, &root);
            to.set((start, fault::calls()));
            relent();
            drop(device);
            driver.remove();
        });
        if let Err(failure) = outcome {
            panic!("seed {seed}, {self:?}, {plan:?}: {failure}");
        }
        calls.get().0..calls.get().1
    }

    fn sweep(self, plan: fn(u64) -> Plan, sample: u64) {
        if let Some(call) = number("NTSIM_POINT") {
            self.run(plan(call));
            return;
        }
        let calls = self.run(Plan::None);
        let count = calls.end - calls.start;
        let step = match std::env::var_os("NTSIM_SWEEP") {
            Some(_) => 1,
            None => count.div_ceil(sample),
        };
        eprintln!("{self:?}: {count} calls");
        for call in calls.step_by(step as usize) {
            self.run(plan(call));
        }
    }
}

macro_rules! sweeps {
    ($($once:ident, $from:ident: $shape:ident;)*) => {
        $(#[test]
        fn $once() {
            Shape::$shape.sweep(Plan::Once, 17);
        }

        #[test]
        fn $from() {
            Shape::$shape.sweep(Plan::From, 11);
        })*
    };
}

sweeps! {
    rsa_each_call_fails_once, rsa_all_calls_fail: Rsa;
    ecdsa_each_call_fails_once, ecdsa_all_calls_fail: Ecdsa;
    ecdsa_384_each_call_fails_once, ecdsa_384_all_calls_fail: Ecdsa384;
    client_certificate_each_call_fails_once, client_certificate_all_calls_fail: Mutual;
    checks_each_call_fails_once, checks_all_calls_fail: Checked;
    resumption_each_call_fails_once, resumption_all_calls_fail: Resumed;
}
