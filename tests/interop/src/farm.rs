//! The servers, and what rows come to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};

use crate::papers::Papers;
use crate::server::{Running, Shared, Told};
use crate::{Peer, Resume, Row, Version};

/// Servers for the rows of a matrix. Those that serve many rows start with it, and end with the thread
/// that made it.
pub struct Farm {
    papers: Papers,
    shared: Shared,
    outcomes: Mutex<HashMap<Row, Arc<Once>>>,
}

/// What a client is to do: requests for `https://localhost:PORT/`, each over a connection of its own, in
/// one place for sessions.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Where the server is.
    pub port: u16,
    /// Whom to trust, PEM.
    pub ca: PathBuf,
    /// The client's certificate and its key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// How many requests.
    pub requests: usize,
}

/// What a client says of a connection. Numbers are IANA's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The version.
    pub version: u16,
    /// The cipher suite.
    pub suite: u16,
    /// The group; 0 if there was no key exchange.
    pub group: u16,
    /// A session was resumed.
    pub resumed: bool,
    /// The body of the response.
    pub body: String,
}

/// Starts servers of rustls: a line for each, as [`Farm::new`] writes them; their ports in that order.
pub type Listeners<'a> = &'a dyn Fn(&str) -> anyhow::Result<Vec<u16>>;

/// What came of a row, or why nothing did.
type Once = OnceLock<Result<Outcome, String>>;

/// Of two connections, one after the other: what each side says of each.
#[derive(Debug)]
struct Outcome {
    seen: Vec<Seen>,
    told: Vec<Told>,
}

impl Farm {
    /// Makes certificates, and starts servers that are for many of `rows`. `rustls` starts a server for
    /// each line `SUITE GROUP CERTIFICATE KEY tickets|ids CLIENTS`, numbers in decimal, `CLIENTS` the
    /// authority of clients or `-`.
    ///
    /// # Errors
    /// A program is missing, or does not start.
    pub fn new(rows: &[Row], rustls: Listeners<'_>) -> anyhow::Result<Self> {
        let papers = Papers::new()?;
        let mut all: Vec<Row> = rows.iter().map(|row| server_of(*row)).collect();
        let mut known = std::collections::HashSet::new();
        all.retain(|row| known.insert(*row));
        if all.iter().any(|row| row.peer == Peer::Nss) {
            papers.make_nss()?;
        }
        let shared = Shared::start(&papers, &all, rustls)?;
        Ok(Self {
            papers,
            shared,
            outcomes: Mutex::default(),
        })
    }

    /// Tries a row with `client`. Rows with the same server share one try.
    ///
    /// # Errors
    /// The row does not hold.
    pub fn check(
        &self,
        row: Row,
        client: &dyn Fn(&Errand) -> anyhow::Result<Vec<Seen>>,
    ) -> anyhow::Result<()> {
        let server = server_of(row);
        let cell = {
            let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(outcomes.entry(server).or_default())
        };
        let outcome = cell.get_or_init(|| {
            self.outcome(server, client)
                .map_err(|error| format!("{error:#}"))
        });
        let outcome = outcome.as_ref().map_err(|error| anyhow!("{error}"))?;
        let at = usize::from(row.resume != Resume::Fresh);
        let seen = outcome.seen.get(at).context("a connection is missing")?;
        let told = outcome.told.get(at).context("the server missed one")?;
        judge(row, seen, told)
    }

    fn outcome(
        &self,
        row: Row,
        client: &dyn Fn(&Errand) -> anyhow::Result<Vec<Seen>>,
    ) -> anyhow::Result<Outcome> {
        let server = Running::start(&self.papers, &self.shared, row)?;
        let errand = Errand {
            port: server.port(),
            ca: self.papers.ca(),
            identity: row.mutual.then(|| self.papers.client(row.client())),
            requests: 2,
        };
        let seen = client(&errand)
            .map_err(|error| error.context(format!("the server: {}", server.output())))?;
        let deadline = Instant::now() + LOGGED_WITHIN;
        loop {
            let told = server.told(&seen);
            if told.len() >= errand.requests {
                return Ok(Outcome { seen, told });
            }
            ensure!(
                Instant::now() < deadline,
                "the server tells of {told:?}: {}",
                server.output()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The row that stands for the server of `row`: sessions are resumed or not by the client's choice.
fn server_of(row: Row) -> Row {
    let resume = match row.resume {
        Resume::Fresh => Resume::Ticket,
        other => other,
    };
    Row { resume, ..row }
}

/// Both sides say what the row does.
fn judge(row: Row, seen: &Seen, told: &Told) -> anyhow::Result<()> {
    let version = row.suite.version();
    let resumed = row.resume != Resume::Fresh;
    // TLS 1.2 resumes without a key exchange; 1.3 has one always.
    let group = match version {
        Version::Tls12 if resumed => 0,
        _ => row.group.number(),
    };
    let client = (seen.version, seen.suite, seen.group, seen.resumed);
    let expected = (version.number(), row.suite.0, group, resumed);
    ensure!(
        client == expected,
        "the client says {client:?}, not {expected:?}"
    );
    told.judge(row).with_context(|| format!("{told:?}"))
}

/// A server may log a connection after it has answered.
const LOGGED_WITHIN: Duration = Duration::from_secs(20);
