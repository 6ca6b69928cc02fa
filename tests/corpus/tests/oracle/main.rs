//! What two other clients make of the same bytes: hyper and h11. The cases of the
//! corpus, parts of them put together by chance, and a reason for every difference.

mod h11;
mod hyper;
mod plain;
mod reasons;
mod responses;

use std::collections::BTreeMap;

use wskhttp_corpus::{Case, Ending, Seen, Write, play};

use reasons::{Difference, REASONS};

/// What a client makes of a response that ends with the connection: `None` if it is refused or not
/// complete.
type View = Option<Response>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Response {
    status: u16,
    /// Names in lower case with values, sorted.
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// A request and what the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    method: &'static str,
    bytes: Vec<u8>,
}

fn ours(question: &Question) -> Seen {
    let replies = vec![(question.bytes.clone(), Ending::Fin)];
    let case = Case::scripted(&[(question.method, "http://a.test/")], replies);
    play(&case, Write::All).seen.remove(0)
}

fn view(seen: &Seen) -> View {
    let status = seen.status.filter(|_| seen.error.is_none())?;
    let headers = seen.headers.iter();
    Some(Response::new(
        status,
        headers.map(|(name, value)| (name.clone(), value.clone())),
        seen.body.clone(),
    ))
}

impl Response {
    fn new(status: u16, headers: impl Iterator<Item = (String, Vec<u8>)>, body: Vec<u8>) -> Self {
        let mut headers: Vec<_> = headers
            .map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                // h11 writes the names of codings small.
                let value = match name.as_str() {
                    "transfer-encoding" => value.to_ascii_lowercase(),
                    _ => value,
                };
                (name, value.trim_ascii().to_vec())
            })
            .collect();
        headers.sort();
        Self {
            status,
            headers,
            body,
        }
    }
}

/// Compares our view of each question with the other's, and every difference with the reasons.
fn compare(name: &str, questions: &[Question], theirs: &[View]) {
    assert_eq!(questions.len(), theirs.len());
    // The shortest example of each kind.
    let mut unexplained: BTreeMap<_, String> = BTreeMap::new();
    let (mut same, mut explained, mut plain) = (0, 0, 0);
    for (question, theirs) in questions.iter().zip(theirs) {
        let seen = ours(question);
        let ours = view(&seen);
        if plain::is_plain(question) {
            plain += 1;
            assert!(
                ours.is_some() && ours == *theirs,
                "nothing is wrong with {}, but {:?}, and {name} has {theirs:?}",
                question.bytes.escape_ascii(),
                seen.error
            );
        }
        let difference = match (&ours, theirs) {
            (None, None) => None,
            (Some(ours), Some(theirs)) if ours == theirs => None,
            (None, Some(_)) => Some(Difference::Stricter),
            (Some(_), None) => Some(Difference::Laxer),
            (Some(_), Some(_)) => Some(Difference::Otherwise),
        };
        let Some(difference) = difference else {
            same += 1;
            continue;
        };
        let is_explained = REASONS
            .iter()
            .any(|reason| reason.explains(name, difference, question, &seen));
        match is_explained {
            true => explained += 1,
            false => {
                let cause = seen.error.map(|error| error.cause);
                let example = format!(
                    "{difference:?}: {} {}\n  ours: {cause:?} {ours:?}\n  {name}: {theirs:?}",
                    question.method,
                    question.bytes.escape_ascii(),
                );
                let shortest = unexplained
                    .entry((difference, cause))
                    .or_insert(example.clone());
                if example.len() < shortest.len() {
                    *shortest = example;
                }
            }
        }
    }
    println!(
        "{name}: {same} the same, {plain} of them with nothing wrong; {explained} differ for a reason that \
         is given"
    );
    let unexplained: Vec<_> = unexplained.into_values().collect();
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    // Neither agrees with everything, nor with nothing.
    assert!(
        same > questions.len() / 2 && explained > 0 && plain > questions.len() / 50,
        "{same} {explained} {plain}"
    );
}
