//! Proxies of a request, and those of the machine.

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use wskhttp_client::{Device, Error, Kind, Options, Request, TlsOptions};
use wskhttp_ntsim::{listen, registry, sleep};

use crate::tls::{TlsStream, papers};
use crate::{Heads, answers, fetch, get, head, ok, run, serve};

/// A proxy that makes tunnels to a server of its own, and forwards to nobody.
fn proxy(mut stream: impl Read + Write, seen: &Heads) -> io::Result<()> {
    let Some(head) = head(&mut stream)? else {
        return Ok(());
    };
    seen.borrow_mut().push(head.clone());
    let known = ["Basic dTpw", "Bearer t0ken"];
    let known = known.map(|value| head.contains(&format!("Proxy-Authorization: {value}\r\n")));
    if !known.contains(&true) {
        let refusal = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=r\r\n\
            Content-Length: 0\r\n\r\n";
        return stream.write_all(refusal);
    }
    if head.starts_with("CONNECT ") {
        stream.write_all(b"HTTP/1.1 200 x\r\n\r\n")?;
        let tunnel = TlsStream::new(stream);
        return answers(tunnel, seen, &|_, _| ok("", b"by tunnel"));
    }
    stream.write_all(&ok("", b"forwarded"))
}

#[test]
fn proxies() {
    run(|device| {
        let heads = Heads::default();
        let (plain, secure) = (Rc::clone(&heads), Rc::clone(&heads));
        listen(3128, move |stream| {
            let _ = proxy(stream, &plain);
        });
        listen(3129, move |stream| {
            let _ = proxy(TlsStream::new(stream), &secure);
        });
        for address in ["localhost:3128", "https://localhost:3129"] {
            heads.borrow_mut().clear();
            let through = || Options::new().proxies(address, "").proxy_credentials("u:p");
            for _ in 0..2 {
                let got = get(device, "https://localhost/x", through()).expect("an answer");
                assert_eq!(got, (200, b"by tunnel".to_vec()), "{address}");
            }
            let got = get(device, "http://localhost/y", through()).expect("an answer");
            assert_eq!(got, (200, b"forwarded".to_vec()), "{address}");
            let starts: Vec<String> = heads
                .borrow()
                .iter()
                .map(|head| head.lines().next().unwrap_or_default().to_owned())
                .collect();
            assert_eq!(
                starts,
                [
                    "CONNECT localhost:443 HTTP/1.1",
                    "GET /x HTTP/1.1",
                    "GET /x HTTP/1.1",
                    "GET http://localhost/y HTTP/1.1",
                ]
            );
            // What is for the proxy does not go on to the target.
            assert!(!heads.borrow()[1].contains("Proxy-Authorization"));
            let bearer = Options::new().proxies(address, "").proxy_bearer("t0ken");
            let got = get(device, "https://localhost/x", bearer).expect("an answer");
            assert_eq!(got, (200, b"by tunnel".to_vec()), "{address}");
            let wrong = Options::new().proxies(address, "").proxy_credentials("u:x");
            let error = get(device, "https://localhost/x", wrong).expect_err("refused");
            assert_eq!(error.kind, Kind::ProxyCredentials);
        }
    });
}

/// What a request says of TLS is for its server: a proxy has other keys.
#[test]
fn pins_are_not_the_proxys() {
    run(|device| {
        let heads = Heads::default();
        let seen = Rc::clone(&heads);
        listen(3129, move |stream| {
            let _ = proxy(TlsStream::new(stream), &seen);
        });
        let mut ask = |url: &str, pin: [u8; 32]| {
            let through = Options::new().proxies("https://localhost:3129", "");
            let request = Request::get(url)
                .options(through.proxy_credentials("u:p"))
                .tls(TlsOptions::new().pin(pin));
            fetch(device, request).map_err(|error| error.kind)
        };
        let (right, wrong) = (papers().pin, [7; 32]);
        let refused = Err(Kind::PinMismatch);
        assert_eq!(ask("https://localhost/x", wrong), refused);
        // It was the server behind the tunnel that was refused.
        assert_eq!(heads.take().len(), 1);
        let got = ask("https://localhost/x", right);
        assert_eq!(got, Ok((200, b"by tunnel".to_vec())));
        let got = ask("http://localhost/x", wrong);
        assert_eq!(got, Ok((200, b"forwarded".to_vec())));
    });
}

/// As `netsh winhttp set proxy` stores it.
fn winhttp(proxies: &str, bypass: &str) -> Vec<u8> {
    let mut value = [0x28_u32, 0, 3].map(u32::to_le_bytes).concat();
    for text in [proxies, bypass] {
        value.extend((text.len() as u32).to_le_bytes());
        value.extend(text.as_bytes());
    }
    value
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[test]
fn the_machines_proxies() {
    const WINHTTP: &str = r"\Registry\Machine\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
    let set = |value: &[u8]| registry::set(WINHTTP, "WinHttpSettings", registry::BINARY, value);
    let own = |name: &str, kind: u32, value: &[u8]| {
        registry::set(
            &format!(r"{}\Parameters", registry::SERVICE),
            name,
            kind,
            value,
        );
    };
    run(move |device| {
        let direct = serve(80, |_, _| ok("", b"direct"));
        let by = [(3128, "machine"), (3129, "service")];
        let proxies = by.map(|(port, name)| serve(port, move |_, _| ok("", name.as_bytes())));
        let ask = |device: &mut Device, options: Options| {
            // Until the driver looks again.
            sleep(Duration::from_secs(11));
            let (_, body) = get(device, "http://localhost/", options)?;
            Ok::<_, Error>(String::from_utf8_lossy(&body).into_owned())
        };
        assert_eq!(ask(device, Options::new()).expect("an answer"), "direct");
        set(&winhttp("localhost:3128", ""));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "machine");
        assert!(proxies[0].borrow()[0].starts_with("GET http://localhost/ "));
        let none = Options::new().direct();
        assert_eq!(ask(device, none).expect("an answer"), "direct");
        // What is no host covers none, and does not stop every request.
        set(&winhttp("localhost:3128", "10.0.0.0/8;http://h/"));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "machine");
        // They are told what the caller says; nobody else is.
        let told = Options::new().proxy_credentials("u:p");
        assert_eq!(ask(device, told).expect("an answer"), "machine");
        let told = Options::new().proxy_bearer("t0ken");
        assert_eq!(ask(device, told).expect("an answer"), "machine");
        assert_eq!(ask(device, Options::new()).expect("an answer"), "machine");
        let heads = proxies[0].take();
        let told: Vec<_> = heads
            .iter()
            .map(|head| {
                let mut lines = head.lines();
                lines.find_map(|line| line.strip_prefix("Proxy-Authorization: "))
            })
            .collect();
        let (basic, bearer) = (Some("Basic dTpw"), Some("Bearer t0ken"));
        assert_eq!(told, [None, None, basic, bearer, None]);
        set(&winhttp("localhost:3128", "<local>"));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "direct");
        // The service's own come first, also if there are none.
        own("Proxy", 1, &wide("http=localhost:3129"));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "service");
        own("ProxyBypass", 1, &wide("local*"));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "direct");
        own("Proxy", 1, &wide(""));
        assert_eq!(ask(device, Options::new()).expect("an answer"), "direct");
        // Whoever set something that cannot be understood does not want to go without.
        own("Proxy", 3, b"x");
        let error = ask(device, Options::new()).expect_err("malformed");
        assert_eq!(error.kind, Kind::InvalidRequest);
        assert_eq!(direct.borrow().len(), 5);
    });
}
