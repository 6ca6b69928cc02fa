//! rustls with ring: a server that the runner starts. Its answers tell of the connection.

use crate::papers::Papers;
use crate::{Resume, Row};

use super::{Told, path};

/// What [`crate::Farm::new`] describes.
pub(super) fn line(papers: &Papers, row: Row) -> String {
    let (certificate, key) = papers.server(row.leaf);
    let sessions = if row.resume == Resume::Id {
        "ids"
    } else {
        "tickets"
    };
    let clients = if row.mutual {
        path(&papers.ca())
    } else {
        "-".into()
    };
    format!(
        "{} {} {} {} {sessions} {clients}\n",
        row.suite.0,
        row.group.number(),
        path(&certificate),
        path(&key)
    )
}

/// `VERSION SUITE GROUP RESUMED CLIENT`, numbers in decimal, `-` for none.
pub(super) fn told(page: &str) -> Told {
    let words: Vec<&str> = page.split_whitespace().collect();
    let word = |at: usize| words.get(at).map(|word| (*word).to_owned());
    Told {
        version: word(0),
        suite: word(1),
        group: word(2).filter(|group| group != "-"),
        resumed: word(3).map(|how| how == "true"),
        mutual: word(4).map(|how| how == "true"),
    }
}
