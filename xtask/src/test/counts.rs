//! How many tests passed and failed.

use std::{fmt, ops::AddAssign};

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Counts {
    /// What a line like `test result: ok. 5 passed; 0 failed; …` says. Other lines say nothing.
    pub(crate) fn of_line(line: &str) -> Self {
        let Some((_, numbers)) = line.split_once("test result: ") else {
            return Self::default();
        };
        let before = |word: &str| {
            let (head, _) = numbers.split_once(word)?;
            head.trim_end().rsplit(' ').next()?.parse().ok()
        };
        Self {
            passed: before(" passed").unwrap_or(0),
            failed: before(" failed").unwrap_or(0),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn results_of_the_test_harness() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.19s";
        let counts = Counts {
            passed: 12,
            failed: 3,
        };
        assert_eq!(Counts::of_line(line), counts);
        assert_eq!(Counts::of_line("test a_passed ... ok"), Counts::default());
        assert_eq!(counts.to_string(), "12 passed, 3 failed");
    }
}
