//! Proxies: RFC 9110 section 9.3.6, RFC 9112 sections 3.2.2 and 3.2.3; attacks.md section 1, "H pool":
//! connections reused across proxies.

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_http::{
    Agent, Call, Client, Credentials, Deadlines, Limits, Proxies, Proxy, ProxyConnect,
    WinHttpSettings,
};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run, url};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const MADE: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

type ProxyAgent = Agent<ProxyConnect<Connector, FakeClock>, FakeClock, Lock>;

fn agent(connect: &Connector) -> ProxyAgent {
    let clock = FakeClock::default();
    Agent::new(ProxyConnect::new(connect.clone(), clock.clone()), clock).unwrap()
}

fn fetch(agent: &ProxyAgent, at: &str, proxies: &Proxies) -> Result<u16, Error> {
    run(async {
        let mut response = agent.send(Call::get(at).proxies(Some(proxies)), &0).await?;
        response.read_to_end(10).await?;
        let status = response.head().status();
        response.done().await;
        Ok(status)
    })
}

fn proxies(list: &str) -> Proxies {
    Proxies::new(list, "").unwrap()
}

#[test]
fn http_goes_in_absolute_form() {
    let basic = Credentials::basic(b"u", b"p").unwrap();
    for (proxies, authorization) in [
        (proxies("proxy:3128"), ""),
        (
            proxies("proxy:3128").with_credentials(&basic).unwrap(),
            "Proxy-Authorization: Basic dTpw\r\n",
        ),
    ] {
        let connect = Connector::new([Script::answers(&[OK, OK])]);
        let agent = agent(&connect);
        for _ in 0..2 {
            assert_eq!(fetch(&agent, "http://a:81/x?y", &proxies).unwrap(), 200);
        }
        assert_eq!(connect.log(0).target, "Http proxy 3128");
        let request = format!("GET http://a:81/x?y HTTP/1.1\r\nHost: a:81\r\n{authorization}\r\n");
        assert_eq!(connect.log(0).text(), request.repeat(2));
    }
}

#[test]
fn https_goes_through_a_tunnel() {
    let bearer = Credentials::bearer(b"token").unwrap();
    for (at, host) in [
        ("https://a/x", "a:443"),
        ("https://[::1]:8443/x", "[::1]:8443"),
    ] {
        for room in [1, 7, 4096] {
            let mut script = Script::answers(&[MADE, OK]);
            script.room = room;
            script.piece = room;
            let connect = Connector::new([script]);
            let proxies = proxies("proxy").with_credentials(&bearer).unwrap();
            assert_eq!(fetch(&agent(&connect), at, &proxies).unwrap(), 200);
            assert_eq!(connect.log(0).target, "Http proxy 80");
            let text = connect.log(0).text();
            let (tunnel, request) = text.split_once("\r\n\r\n").unwrap();
            assert_eq!(
                tunnel,
                format!(
                    "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Bearer token"
                )
            );
            // The target never sees what is for the proxy.
            assert!(request.starts_with("GET /x HTTP/1.1\r\n") && !request.contains("oken"));
        }
    }
}

#[test]
fn answers_to_connect() {
    for (answer, kind) in [
        (
            Act::Give(b"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n".to_vec()),
            Kind::ProxyCredentials,
        ),
        (
            Act::Give(b"HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n".to_vec()),
            Kind::ProxyRefused,
        ),
        (
            Act::Give(b"HTTP/1.1 502 x\r\n\r\n".to_vec()),
            Kind::ProxyRefused,
        ),
        (
            Act::Give(b"HTTP/1.1 302 x\r\nLocation: http://evil/\r\n\r\n".to_vec()),
            Kind::ProxyRefused,
        ),
        (Act::Give(b"SSH-2.0-x\r\n".to_vec()), Kind::MalformedHead),
        (
            Act::Give(b"HTTP/1.1 200 x\r\n\r\nearly".to_vec()),
            Kind::ProxyRefused,
        ),
        (
            Act::Give("HTTP/1.1 100 x\r\n\r\n".repeat(17).into_bytes()),
            Kind::ProxyRefused,
        ),
        (
            Act::Give(b"HTTP/1.1 101 x\r\n\r\n".to_vec()),
            Kind::ProxyRefused,
        ),
        (
            Act::Give(b"HTTP/1.1 407 x\r\nContent-Length: x\r\n\r\n".to_vec()),
            Kind::MalformedFraming,
        ),
        (Act::End, Kind::ProxyRefused),
        (Act::Fail(Kind::ConnectionReset), Kind::ConnectionReset),
    ] {
        let connect = Connector::new([Script::new([Act::AwaitHeads(1), answer.clone()])]);
        let error = fetch(&agent(&connect), "https://a/", &proxies("proxy")).unwrap_err();
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Connect, kind),
            "{answer:?}"
        );
        assert!(!connect.log(0).text().contains("GET"));
    }
    // What a 2xx says of a length means nothing; RFC 9110 section 9.3.6.
    for (status, lines) in [
        (204, "Transfer-Encoding: chunked\r\n"),
        (200, "Transfer-Encoding: identity\r\n"),
        (200, "Content-Length: x\r\n"),
        (200, "Content-Length: 5\r\nContent-Length: 6\r\n"),
        (299, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    ] {
        let made = format!("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 {status} x\r\n{lines}\r\n");
        let connect = Connector::new([Script::answers(&[&made, OK])]);
        let fetched = fetch(&agent(&connect), "https://a/", &proxies("proxy"));
        assert_eq!(fetched, Ok(200), "{status} {lines}");
    }
}

#[test]
fn limits_of_what_a_proxy_says() {
    let script = Script::answers(&["HTTP/1.1 200 x\r\nA: b\r\nC: d\r\n\r\n", OK]);
    let connect = Connector::new([script]);
    let clock = FakeClock::default();
    let limits = Limits {
        headers: 1,
        ..Limits::default()
    };
    let through = ProxyConnect::new(connect, clock.clone()).limits(limits);
    let agent: ProxyAgent = Agent::new(through, clock).unwrap();
    let error = fetch(&agent, "https://a/", &proxies("proxy")).unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Connect, Kind::HeadTooLarge)
    );
}

#[test]
fn a_silent_proxy() {
    let connect = Connector::new([Script::new([])]);
    let error = fetch(&agent(&connect), "https://a/", &proxies("proxy")).unwrap_err();
    assert_eq!((error.phase, error.kind), (Phase::Connect, Kind::TimedOut));
}

#[test]
fn connections_are_not_shared_across_proxies() {
    let basic = |user: &[u8]| Credentials::basic(user, b"p").unwrap();
    let with = |list, user| proxies(list).with_credentials(&basic(user)).unwrap();
    let ways = [
        Proxies::default(),
        proxies("p1"),
        proxies("p2"),
        proxies("p1:81"),
        with("p1", b"a"),
        with("p1", b"b"),
    ];
    for at in ["http://a/", "https://a/"] {
        let answers = |way| match at.starts_with("https") && way > 0 {
            true => Script::answers(&[MADE, OK, OK]),
            false => Script::answers(&[OK, OK]),
        };
        let connect = Connector::new((0..ways.len()).map(answers));
        let agent = agent(&connect);
        for turn in 1..=2 {
            for way in &ways {
                assert_eq!(fetch(&agent, at, way).unwrap(), 200);
            }
            assert_eq!(connect.made(), ways.len(), "{at} {turn}");
        }
    }
    // Nor across origins behind one proxy.
    let connect = Connector::new([Script::answers(&[OK]), Script::answers(&[OK])]);
    let agent = agent(&connect);
    fetch(&agent, "http://a/", &proxies("p")).unwrap();
    fetch(&agent, "http://b/", &proxies("p")).unwrap();
    assert_eq!(connect.made(), 2);
}

#[test]
fn each_url_of_a_redirect_has_its_own() {
    let away = "HTTP/1.1 302 x\r\nLocation: http://direct.test/\r\nContent-Length: 0\r\n\r\n";
    let connect = Connector::new([Script::answers(&[away]), Script::answers(&[OK])]);
    let proxies = Proxies::new("proxy", "*.test").unwrap();
    assert_eq!(fetch(&agent(&connect), "http://a/", &proxies).unwrap(), 200);
    assert_eq!(connect.log(0).target, "Http proxy 80");
    assert_eq!(connect.log(1).target, "Http direct.test 80");
    assert!(connect.log(1).text().starts_with("GET / HTTP/1.1"));
}

#[test]
fn connectors_that_cannot() {
    // One that knows no proxies would go straight to the target.
    let connect = Connector::new([Script::answers(&[OK])]);
    let direct: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    let proxies = proxies("proxy");
    let error = run(direct.send(Call::get("http://a/").proxies(Some(&proxies)), &0))
        .err()
        .unwrap();
    assert_eq!(error.kind, Kind::InvalidRequest);
    // One without TLS below would send credentials in the clear.
    let proxies = Proxies::new("https://proxy", "").unwrap();
    let error = fetch(&agent(&connect), "http://a/", &proxies).unwrap_err();
    assert_eq!(error.kind, Kind::UnsupportedScheme);
    assert_eq!(connect.made(), 0);
    let clock = FakeClock::default();
    let over_tls = ProxyConnect::over_tls(connect.clone(), clock.clone());
    let client = Client::<_, _, Lock>::new(over_tls, clock, Limits::default()).unwrap();
    let proxy = Proxy::new("https://proxy").unwrap();
    let at = url("http://a/");
    let request = wskhttp_http::Request::new("GET", &at, b"", wskhttp_http::Body::Empty).unwrap();
    run(client.send(&request.with_proxy(Some(&proxy)), &0, Deadlines::default())).unwrap();
    assert_eq!(connect.log(0).target, "Https proxy 443");
}

#[test]
fn lists() {
    for (list, http, https) in [
        ("", None, None),
        ("proxy", Some("proxy:80"), Some("proxy:80")),
        ("PROXY:3128", Some("proxy:3128"), Some("proxy:3128")),
        ("http://proxy:3128/", Some("proxy:3128"), Some("proxy:3128")),
        ("http=a:1;https=b:2", Some("a:1"), Some("b:2")),
        ("http=a:1 HTTPS=http://b:2", Some("a:1"), Some("b:2")),
        ("https=b:2", None, Some("b:2")),
        ("ftp=x;socks=y:1;http=a", Some("a:80"), None),
        ("http=a;b", Some("a:80"), Some("b:80")),
        ("b;http=a", Some("a:80"), Some("b:80")),
        ("a;b", Some("a:80"), Some("a:80")),
        ("http=a;http=b", Some("a:80"), None),
        ("https=a;c;https=b", Some("c:80"), Some("a:80")),
        (" ; a:1\t; ", Some("a:1"), Some("a:1")),
        ("[::1]:8080", Some("::1:8080"), Some("::1:8080")),
    ] {
        let proxies = proxies(list);
        let shown = |at: &str| {
            proxies
                .for_url(&url(at))
                .map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
        };
        assert_eq!(shown("http://x/").as_deref(), http, "{list}");
        assert_eq!(shown("https://x/").as_deref(), https, "{list}");
    }
    for list in [
        "user@proxy",
        "proxy/path",
        "ftp://proxy",
        "proxy:0",
        "http=b=c",
        "http=",
        "1x!=y",
        "http://",
    ] {
        assert!(Proxies::new(list, "").is_err(), "{list}");
    }
    let digest = Credentials::digest(b"u", b"p").unwrap();
    assert!(Proxy::new("p").unwrap().with_credentials(&digest).is_err());
}

#[test]
fn bypass() {
    for (list, at, direct) in [
        ("", "http://a/", false),
        ("a", "http://a/", true),
        ("A", "http://a:81/", true),
        ("a", "http://a.b/", false),
        ("a", "http://ba/", false),
        ("*.example.com", "http://www.example.com/", true),
        ("*.example.com", "http://a.b.EXAMPLE.com/", true),
        ("*.example.com", "http://example.com/", false),
        ("*example.com", "http://badexample.com/", true),
        ("192.168.*", "http://192.168.1.1/", true),
        ("192.168.*", "http://192.169.1.1/", false),
        ("a*b*c", "http://aXXbYYc/", true),
        ("a*b*c", "http://aXXbYY/", false),
        ("*", "http://anything/", true),
        ("a:81", "http://a:81/", true),
        ("a:81", "http://a/", false),
        ("http://a", "http://a/", true),
        ("http://a", "https://a/", false),
        ("https://*.b:444", "https://a.b:444/", true),
        ("<local>", "http://intranet/", true),
        ("<local>", "http://intra.net/", false),
        ("<local>", "http://127.0.0.1/", false),
        ("<local>", "http://[::1]/", false),
        ("<LOCAL>", "http://intranet/", true),
        ("<-loopback>", "http://localhost/", false),
        ("x; y\tb  c", "http://c/", true),
        ("[::1]", "http://[::1]/", true),
        ("[::1]:81", "http://[::1]/", false),
        ("::1", "http://[::1]/", true),
        ("fe80*", "http://[fe80::1]/", true),
    ] {
        let proxies = Proxies::new("proxy", list).unwrap();
        assert_eq!(proxies.for_url(&url(at)).is_none(), direct, "{list} {at}");
    }
    for list in [
        "a/b", "ftp://a", "a:x", "a:99999", "[::1", "[::1]x", "a@b", "\u{e9}", "http://",
    ] {
        assert!(Proxies::new("proxy", list).is_err(), "{list}");
        // Of the machine, it does not stop every request.
        if list.is_ascii() {
            let mut ignored = Vec::new();
            let more = format!("{list};a");
            let note = |entry: &str| ignored.push(entry.to_owned());
            let proxies = Proxies::of_machine("proxy", &more, note).unwrap();
            assert_eq!(ignored, [list]);
            assert!(proxies.for_url(&url("http://a/")).is_none(), "{list}");
            assert!(proxies.for_url(&url("http://b/")).is_some(), "{list}");
        }
    }
    // A pattern of many stars takes no time.
    let list = "*a".repeat(4000) + "b";
    let proxies = Proxies::new("proxy", &list).unwrap();
    let host = vec!["a".repeat(63); 3].join(".");
    assert!(proxies.for_url(&url(&format!("http://{host}/"))).is_some());
}

fn blob(version: u32, flags: u32, proxies: &str, bypass: &str) -> Vec<u8> {
    let mut blob = Vec::new();
    for number in [version, 7, flags] {
        blob.extend(number.to_le_bytes());
    }
    for text in [proxies, bypass] {
        blob.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        blob.extend(text.as_bytes());
    }
    blob
}

#[test]
fn win_http_settings() {
    // As `netsh winhttp set proxy proxy-server="http=p:80" bypass-list="<local>"` stores them.
    for version in [0x18, 0x28, 0x46] {
        let set = blob(version, 3, "http=p:80", "<local>");
        let settings = WinHttpSettings::parse(&set).unwrap();
        assert_eq!(
            (settings.proxies, settings.bypass),
            ("http=p:80", "<local>")
        );
        let longer = [&set[..], &[0; 16]].concat();
        assert_eq!(WinHttpSettings::parse(&longer).unwrap(), settings);
        for length in 0..set.len() {
            assert!(WinHttpSettings::parse(&set[..length]).is_err(), "{length}");
        }
        // `netsh winhttp reset proxy`.
        let reset = blob(version, 1, "", "");
        assert_eq!(WinHttpSettings::parse(&reset).unwrap().proxies, "");
        let off = blob(version, 1, "left:80", "over");
        assert_eq!(WinHttpSettings::parse(&off).unwrap().proxies, "");
    }
    assert!(WinHttpSettings::parse(&blob(0x17, 3, "p", "")).is_err());
    assert!(WinHttpSettings::parse(&blob(0x18, 3, "\u{e9}", "")).is_err());
    let mut huge = blob(0x18, 3, "p", "");
    huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(WinHttpSettings::parse(&huge).is_err());
}
