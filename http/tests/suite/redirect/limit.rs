//! How many redirects are followed.

use wskhttp_core::io::Kind;
use wskhttp_http::{Call, Redirects};

use super::{OK, agent, fetch, to};
use crate::support::script::{Connector, Script};

#[test]
fn the_limit() {
    let hops: Vec<_> = (0..20).map(|hop| to(302, &format!("/{hop}"))).collect();
    let hops: Vec<_> = hops.iter().map(String::as_str).collect();
    for limit in [1, 5, 10] {
        let mut answers = hops[..limit].to_vec();
        answers.push(OK);
        let policy = Redirects {
            limit: u32::try_from(limit).unwrap(),
            ..Redirects::default()
        };
        let connect = Connector::new([Script::answers(&answers)]);
        let (status, ..) =
            fetch(&agent(&connect).redirects(policy), Call::get("http://a/")).unwrap();
        assert_eq!(status, 200);

        let connect = Connector::new([Script::answers(&hops)]);
        let error = fetch(&agent(&connect).redirects(policy), Call::get("http://a/")).unwrap_err();
        assert_eq!(error.kind, Kind::TooManyRedirects);
        assert_eq!(connect.log(0).text().matches("GET").count(), limit + 1);
    }
}

#[test]
fn circles() {
    for circle in [
        vec!["/"],
        vec!["/1", "/2", "/1"],
        vec!["#x"],
        vec!["http://a:80/"],
    ] {
        let answers: Vec<_> = circle.iter().map(|at| to(302, at)).collect();
        let mut answers: Vec<_> = answers.iter().map(String::as_str).collect();
        let count = answers.len();
        answers.push(OK);
        let connect = Connector::new([Script::answers(&answers)]);
        let error = fetch(&agent(&connect), Call::get("http://a/")).unwrap_err();
        assert_eq!(error.kind, Kind::TooManyRedirects, "{circle:?}");
        assert_eq!(connect.log(0).text().matches("GET").count(), count);
    }
    // A POST that becomes a GET of the same URL is none.
    let connect = Connector::new([Script::answers(&[&to(303, "/"), OK])]);
    assert_eq!(
        fetch(&agent(&connect), Call::post("http://a/", b"x"))
            .unwrap()
            .0,
        200
    );
}

#[test]
fn a_long_circle_in_bounded_memory() {
    // Each leads to the next one of 200, and the last to the first: noticed on the second way round, at
    // the latest when twice the next power of two were followed.
    let hops: Vec<_> = (0..700)
        .map(|hop| to(302, &format!("/{}", (hop + 1) % 200)))
        .collect();
    let hops: Vec<_> = hops.iter().map(String::as_str).collect();
    let connect = Connector::new([Script::answers(&hops)]);
    let agent = agent(&connect).redirects(Redirects {
        limit: u32::MAX,
        ..Redirects::default()
    });
    let error = fetch(&agent, Call::get("http://a/0")).unwrap_err();
    assert_eq!(error.kind, Kind::TooManyRedirects);
    let requests = connect.log(0).text().matches("GET").count();
    assert!((400..=512).contains(&requests), "{requests}");
}
