//! All cases of a directory, a line each.

use std::cell::RefCell;
use std::fmt;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context, bail};

use crate::case::{Case, read_file};
use crate::check::check;
use crate::run::play;

/// How the cases went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cases that came out as they say.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
    /// Files that are not cases.
    pub bad: usize,
}

impl Summary {
    /// Whether there were cases and all passed.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.passed > 0 && self.failed == 0 && self.bad == 0
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.bad += more.bad;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = self.passed + self.failed;
        write!(
            f,
            "corpus: {cases} cases, {} passed, {} failed, {} bad files",
            self.passed, self.failed, self.bad
        )
    }
}

/// Runs every case below `path`, which may also be one file, and gives a line for each to `print`.
///
/// # Errors
/// There is nothing to run.
pub fn run_directory(
    path: &Path,
    verbose: bool,
    print: &mut dyn FnMut(&str),
) -> anyhow::Result<Summary> {
    name_the_case_in_panics();
    let files = files(path)?;
    if files.is_empty() {
        bail!("there is no case (*.json) in it");
    }
    let mut summary = Summary::default();
    for file in files {
        let name = file.strip_prefix(path).unwrap_or(&file);
        let name = match name.as_os_str().is_empty() {
            true => file.display().to_string(),
            false => name.display().to_string(),
        };
        match read_file(&file, &name) {
            Ok(cases) => {
                for case in cases {
                    summary += run_case(&case, verbose, print);
                }
            }
            Err(error) => {
                summary.bad += 1;
                print(&format!("BAD   {name}: {error:#}"));
            }
        }
    }
    Ok(summary)
}

fn run_case(case: &Case, verbose: bool, print: &mut dyn FnMut(&str)) -> Summary {
    CURRENT.set(case.name.clone());
    let mut outcome = String::new();
    let mut details = Vec::new();
    // The first write size in which it is wrong says enough.
    let wrong = case.writes.iter().find_map(|write| {
        let played = play(case, *write);
        let last = played.seen.last();
        outcome = last.map(crate::Seen::outcome).unwrap_or_default();
        if verbose {
            details.extend(
                played
                    .seen
                    .iter()
                    .map(|seen| format!("      [{write}] {seen:?}")),
            );
        }
        let wrong = check(case, &played);
        (!wrong.is_empty()).then(|| format!("[writes of {write}] {}", wrong.join("; ")))
    });
    let unused = match case.unused.as_slice() {
        [] => String::new(),
        names => format!(" [fields without a meaning here: {}]", names.join(", ")),
    };
    let passed = wrong.is_none();
    print(&match wrong {
        None => format!("ok    {}: {outcome}{unused}", case.name),
        Some(wrong) => format!("FAIL  {}: {wrong}{unused}", case.name),
    });
    for detail in details {
        print(&detail);
    }
    Summary {
        passed: usize::from(passed),
        failed: usize::from(!passed),
        bad: 0,
    }
}

/// Every `*.json` below `path`, sorted; `path` itself if it is a file.
///
/// # Errors
/// A directory cannot be read.
pub fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let entries = path.read_dir().context("it cannot be read")?;
    for entry in entries {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if hidden {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if is_json {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

thread_local! {
    static CURRENT: RefCell<String> = const { RefCell::new(String::new()) };
}

fn name_the_case_in_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            eprintln!("in the case {}:", CURRENT.with_borrow(Clone::clone));
            before(info);
        }));
    });
}
