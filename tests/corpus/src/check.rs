//! What came of a case, against what must.

use crate::case::{Case, Expect, Sent};
use crate::outcome::Class;
use crate::run::{Played, Seen};
use crate::server::Heard;

/// Every difference between what came of `case` and what it expects, in words.
#[must_use]
pub fn check(case: &Case, played: &Played) -> Vec<String> {
    let mut wrong = Vec::new();
    if played.stuck {
        wrong.push("the client waits for something that never comes".to_owned());
    }
    let several = case.requests.len() > 1;
    for (index, expect) in case.expect.iter().enumerate() {
        let Some(expect) = expect else { continue };
        let Some(seen) = played.seen.get(index) else {
            wrong.push(format!("request {} was not made", index + 1));
            continue;
        };
        let next = played.seen.get(index + 1);
        let mut found = of_response(expect, seen);
        found.extend(of_connection(case, index, expect, seen, next));
        found.extend(of_request(&expect.sent, played.heard.get(index)));
        wrong.extend(found.into_iter().map(|text| match several {
            true => format!("request {}: {text}", index + 1),
            false => text,
        }));
    }
    let mut whole = |what: &str, expected: Option<usize>, seen: usize| {
        if let Some(expected) = expected.filter(|expected| *expected != seen) {
            wrong.push(format!("{what}: expected {expected}, got {seen}"));
        }
    };
    whole("connections", case.whole.connections, played.connections);
    whole("requests received", case.whole.requests, played.heard.len());
    for (index, sent) in case.whole.heard.iter().enumerate() {
        let found = of_request(sent, played.heard.get(index));
        wrong.extend(
            found
                .into_iter()
                .map(|text| format!("received {}: {text}", index + 1)),
        );
    }
    if let Some(expected) = case.whole.one_connection {
        let numbers: Vec<_> = played.seen.iter().map(|seen| seen.connection).collect();
        let is_one = match (expected, numbers.as_slice()) {
            (true, numbers) => numbers.windows(2).all(|pair| pair[0] == pair[1]),
            (false, [.., before, last]) => before == last,
            (false, _) => true,
        };
        if is_one != expected {
            wrong.push(format!(
                "reused: expected {expected}, got connections {numbers:?}"
            ));
        }
    }
    wrong
}

fn of_response(expect: &Expect, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let error = seen.error.as_ref();
    let wanted = match expect.outcome.as_slice() {
        // A case that speaks of a response means one that is complete.
        [] if expect.status.is_some() || expect.body.is_some() || expect.reused == Some(true) => {
            &[Class::Ok]
        }
        [] => &[][..],
        wanted => wanted,
    };
    if !wanted.is_empty() && !wanted.iter().any(|class| class.includes(error)) {
        wrong.push(format!(
            "outcome: expected {}, got {}",
            words(wanted),
            seen.outcome()
        ));
    }
    if let Some(phase) = &expect.phase {
        let seen = error.map(|error| format!("{:?}", error.phase).to_lowercase());
        if seen.as_ref() != Some(phase) {
            wrong.push(format!("phase: expected {phase}, got {seen:?}"));
        }
    }
    if let Some(cause) = &expect.cause {
        let seen = error.map(|error| error.cause);
        if !seen.is_some_and(|seen| seen.contains(cause.as_str())) {
            wrong.push(format!("cause: expected {cause:?}, got {seen:?}"));
        }
    }
    if expect.status.is_some() && expect.status != seen.status {
        wrong.push(format!(
            "status: expected {:?}, got {:?}",
            expect.status, seen.status
        ));
    }
    if let Some(version) = expect
        .version
        .filter(|version| *version != seen.minor_version)
    {
        wrong.push(format!(
            "version: expected 1.{version}, got 1.{}",
            seen.minor_version
        ));
    }
    if let Some(reason) = expect
        .reason
        .as_ref()
        .filter(|reason| **reason != seen.reason)
    {
        wrong.push(format!(
            "reason: expected {}, got {}",
            quote(reason),
            quote(&seen.reason)
        ));
    }
    if let Some(hops) = expect.hops.filter(|hops| *hops != u64::from(seen.hops)) {
        wrong.push(format!("hops: expected {hops}, got {}", seen.hops));
    }
    wrong.extend(of_headers(expect, seen));
    if let Some(body) = expect.body.as_ref().filter(|body| **body != seen.body) {
        wrong.push(format!(
            "body: expected {}, got {}",
            quote(body),
            quote(&seen.body)
        ));
    }
    if let Some(length) = expect
        .body_length
        .filter(|length| *length != seen.body.len())
    {
        wrong.push(format!(
            "body: expected {length} bytes, got {}",
            seen.body.len()
        ));
    }
    wrong
}

fn of_headers(expect: &Expect, seen: &Seen) -> Vec<String> {
    if expect.all_headers {
        let expected: Vec<_> = expect
            .headers
            .iter()
            .filter_map(|header| Some((header.name.clone(), header.value.clone()?)))
            .collect();
        let same = expected.len() == seen.headers.len()
            && expected
                .iter()
                .zip(&seen.headers)
                .all(|(a, b)| a.0.eq_ignore_ascii_case(&b.0) && a.1 == b.1);
        return match same {
            true => Vec::new(),
            false => vec![format!(
                "headers: expected {}, got {}",
                lines(&expected),
                lines(&seen.headers)
            )],
        };
    }
    let mut wrong = Vec::new();
    for header in &expect.headers {
        let found: Vec<_> = seen
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(&header.name))
            .map(|(_, value)| value)
            .collect();
        match &header.value {
            None if found.is_empty() => {}
            Some(value) if found.contains(&value) => {}
            expected => wrong.push(format!(
                "header {}: expected {}, got {}",
                header.name,
                expected
                    .as_ref()
                    .map_or("none".to_owned(), |value| quote(value)),
                found
                    .first()
                    .map_or("none".to_owned(), |value| quote(value)),
            )),
        }
    }
    wrong
}

fn of_connection(
    case: &Case,
    index: usize,
    expect: &Expect,
    seen: &Seen,
    next: Option<&Seen>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(expected) = expect.reused {
        let follows = match (case.requests.get(index), case.requests.get(index + 1), next) {
            (Some(this), Some(that), Some(next)) if this.shares_with(that) => {
                next.connection == seen.connection
            }
            _ => true,
        };
        let reused = seen.kept && follows;
        if reused != expected {
            wrong.push(format!(
                "reused: expected {expected}, got {reused} ({})",
                seen.why()
            ));
        }
    }
    if let Some(expected) = &expect.close_reason {
        let found = seen.closed.map(|reason| format!("{reason:?}"));
        if found.as_ref() != Some(expected) {
            wrong.push(format!("close reason: expected {expected}, got {found:?}"));
        }
    }
    if let Some(expected) = expect
        .connection
        .filter(|number| *number != usize::from(seen.connection))
    {
        wrong.push(format!(
            "connection: expected {expected}, got {}",
            seen.connection
        ));
    }
    wrong
}

fn of_request(sent: &Sent, heard: Option<&Heard>) -> Vec<String> {
    if sent.is_empty() {
        return Vec::new();
    }
    let Some(heard) = heard else {
        return vec!["the server received no such request".to_owned()];
    };
    let has = |part: &Vec<u8>| !part.is_empty() && find(&heard.bytes, part);
    let mut wrong = Vec::new();
    if let Some(to) = sent.to.as_ref().filter(|to| **to != heard.to) {
        wrong.push(format!("request to: expected {to}, got {}", heard.to));
    }
    if let Some(number) = sent.connection.filter(|number| *number != heard.connection) {
        wrong.push(format!(
            "request over connection: expected {number}, got {}",
            heard.connection
        ));
    }
    for part in sent.contains.iter().filter(|part| !has(part)) {
        wrong.push(format!(
            "request: {} is not in {}",
            quote(part),
            quote(&heard.bytes)
        ));
    }
    for part in sent.lacks.iter().filter(|part| has(part)) {
        wrong.push(format!(
            "request: {} is in {}",
            quote(part),
            quote(&heard.bytes)
        ));
    }
    if let Some(exactly) = sent
        .exactly
        .as_ref()
        .filter(|exactly| **exactly != heard.bytes)
    {
        wrong.push(format!(
            "request: expected {}, got {}",
            quote(exactly),
            quote(&heard.bytes)
        ));
    }
    wrong
}

impl Seen {
    /// The outcome in words.
    #[must_use]
    pub fn outcome(&self) -> String {
        let class = Class::of(self.error.as_ref());
        match (&self.error, self.status) {
            (Some(error), _) => format!("{class} ({:?}: {})", error.phase, error.cause),
            (None, Some(status)) => format!("{class} ({status}, {} bytes)", self.body.len()),
            (None, None) => class.to_owned(),
        }
    }

    fn why(&self) -> String {
        match (self.closed, self.kept) {
            (Some(reason), _) => reason.explain().to_owned(),
            (None, true) => "the connection is kept".to_owned(),
            (None, false) => "there was no exchange".to_owned(),
        }
    }
}

fn words(classes: &[Class]) -> String {
    let words = classes.iter().map(|class| match class {
        Class::Kind(name) => name.clone(),
        _ => format!("{class:?}").to_lowercase(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn find(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn lines(headers: &[(String, Vec<u8>)]) -> String {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
    format!("[{}]", lines.collect::<Vec<_>>().join(" | "))
}

fn quote(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=300 => format!("\"{}\"", bytes.escape_ascii()),
        length => format!("{length} bytes from \"{}\"", bytes[..60].escape_ascii()),
    }
}
