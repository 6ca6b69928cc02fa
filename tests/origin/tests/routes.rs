//! The routes, seen by a plain client over rustls.

mod client;

use client::{Client, get};
use wskhttp_origin::{End, Options, Origin, pattern};

fn origin() -> Origin {
    Origin::start(Options::default()).unwrap()
}

#[test]
fn one_connection_serves_many_requests() {
    let origin = origin();
    let mut client = Client::connect(&origin).unwrap();
    for n in [0_u64, 1, 1000, 3_000_000] {
        let answer = client.get(&format!("/bytes/{n}?tag=many")).unwrap();
        assert_eq!(answer.body.len() as u64, n);
        assert_eq!(answer.field("x-sha256").unwrap(), pattern::sha256(n));
        assert_eq!(client::sha256(&answer.body), pattern::sha256(n));
        let chunked = client.get(&format!("/chunked/{n}?tag=many")).unwrap();
        assert!(chunked.field("transfer-encoding").is_some());
        assert!(chunked.body == answer.body);
    }
    let digest = client.get("/sha256/1000").unwrap();
    assert_eq!(digest.text(), pattern::sha256(1000));
    let log = origin.log();
    let tagged: Vec<_> = log.tagged("many").collect();
    assert_eq!(tagged.len(), 1);
    assert_eq!((tagged[0].requests, tagged[0].end), (9, None));
    assert_eq!(tagged[0].tls, 0x0304);
    drop(client);
    assert_eq!(client::ended(&origin, "many"), End::Fin);
}

#[test]
fn plain_http_is_served_too() {
    let origin = origin();
    let log = client::plain(origin.http_port(), "/_log");
    assert!(log.contains("\"accepted\":1"), "{log}");
    assert!(log.contains("\"connections\":["), "{log}");
    let ports = client::plain(origin.http_port(), "/_ports");
    assert!(ports.contains(&format!("\"silent\":{}", origin.silent_port())));
}

#[test]
fn uploads_are_digested_and_echoed() {
    let origin = origin();
    let mut client = Client::connect(&origin).unwrap();
    let body = vec![7; 100_000];
    let answer = client.send("PUT", "/upload", "", &body).unwrap();
    let text = answer.text();
    assert!(text.contains("\"length\":100000"), "{text}");
    assert!(text.contains(&client::sha256(&body)), "{text}");
    assert!(text.contains("\"chunked\":false"), "{text}");
    let answer = client
        .send("POST", "/echo", "Content-Type: text/x-test\r\n", b"abc")
        .unwrap();
    assert_eq!(answer.body, b"abc");
    assert_eq!(answer.field("content-type").unwrap(), "text/x-test");
    assert_eq!(answer.field("x-method").unwrap(), "POST");
    let answer = client.send("GET", "/headers", "X-One: 1\r\n", b"").unwrap();
    assert!(answer.text().contains("[\"x-one\",\"1\"]"));
}

#[test]
fn scripts_that_end_well_keep_the_connection() {
    let origin = origin();
    let mut client = Client::connect(&origin).unwrap();
    assert_eq!(client.get("/slow/5/1").unwrap().body.len(), 5);
    let large = client.get("/header/1000000?tag=keep").unwrap();
    assert_eq!(large.field("x-large").unwrap().len(), 1_000_000);
    let fields = client.get("/fields/300").unwrap();
    assert_eq!(fields.field("x-field-299").unwrap(), "299");
    let trailers = client.get("/trailers/25000").unwrap();
    assert_eq!(client::sha256(&trailers.body), pattern::sha256(25_000));
    let interim = client.get("/continue").unwrap();
    assert_eq!(interim.status, 100);
    // What follows the interim answer is read by hand.
    assert_eq!(client.read_head().unwrap().status, 103);
    assert_eq!(client.read_answer().unwrap().text(), "at last!");
    assert_eq!(client.get("/status/404").unwrap().status, 404);
    assert_eq!(client.get("/status/204").unwrap().status, 204);
    assert_eq!(client.get("/").unwrap().status, 200);
    assert_eq!(origin.log().tagged("keep").next().unwrap().requests, 8);
}

#[test]
fn close_delimited_bodies_end_with_close_notify() {
    let answer = get(&origin(), "/close/100000").unwrap();
    assert_eq!(client::sha256(&answer.body), pattern::sha256(100_000));
}
