//! The independent header, and clang as its reader, for x86_64 Windows.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::assertion::Assertion;

/// The headers of `libwine-dev` and a clang to read them with.
#[derive(Debug)]
pub struct Oracle {
    root: PathBuf,
    resources: PathBuf,
}

/// Clang's verdict on a list of assertions.
#[derive(Debug)]
pub struct Verdict {
    /// Names of the assertions that do not hold.
    pub refused: Vec<String>,
    /// Whatever else clang finds wrong, such as a name that the header lacks.
    pub errors: Vec<String>,
}

impl Oracle {
    /// Finds both.
    ///
    /// # Errors
    /// Says which package to install.
    pub fn find() -> Result<Self, String> {
        Self::find_below(&ROOTS)
    }

    /// Finds both, the headers below one of `roots`.
    ///
    /// # Errors
    /// Says which package to install.
    pub fn find_below(roots: &[&str]) -> Result<Self, String> {
        let root = roots
            .iter()
            .map(Path::new)
            .find(|root| root.join("windows/ddk/wsk.h").is_file())
            .ok_or_else(|| {
                format!(
                    "no windows/ddk/wsk.h below any of {roots:?}: install Debian's package \
                     libwine-dev"
                )
            })?;
        let output = Command::new("clang")
            .arg("-print-resource-dir")
            .output()
            .map_err(|error| format!("cannot run clang ({error}): install the package clang"))?;
        let resources = String::from_utf8_lossy(&output.stdout).trim().into();
        Ok(Self {
            root: root.into(),
            resources,
        })
    }

    /// Judges assertions against Wine's headers and `documented.h` after them.
    ///
    /// # Errors
    /// Clang could not be run, or failed without saying where.
    pub fn judge(&self, assertions: &[Assertion]) -> Result<Verdict, String> {
        let mut source = format!("{PRELUDE}{}", include_str!("documented.h"));
        for (number, assertion) in assertions.iter().enumerate() {
            let condition = &assertion.condition;
            let _ = writeln!(source, "_Static_assert({condition}, \"{MARK}{number};\");");
        }
        let output = self.clang(&["-fsyntax-only"], &source)?;
        let mut verdict = Verdict {
            refused: vec![],
            errors: vec![],
        };
        let text = String::from_utf8_lossy(&output.stderr);
        for line in text.lines().filter(|line| line.contains("error:")) {
            match marked(line).and_then(|number| assertions.get(number)) {
                Some(assertion) => verdict.refused.push(assertion.name.clone()),
                None => verdict.errors.push(line.into()),
            }
        }
        if !output.status.success() && verdict.refused.is_empty() && verdict.errors.is_empty() {
            return Err(format!("clang failed: {text}"));
        }
        Ok(verdict)
    }

    /// Wine's declarations whose names contain `part`, as clang's JSON, one document each.
    ///
    /// # Errors
    /// Clang failed.
    pub fn declarations(&self, part: &str) -> Result<Vec<u8>, String> {
        let filter = format!("-ast-dump-filter={part}");
        self.succeed(&[
            "-fsyntax-only",
            "-Xclang",
            "-ast-dump=json",
            "-Xclang",
            &filter,
        ])
    }

    /// All macros that Wine's headers define, as `#define` lines.
    ///
    /// # Errors
    /// Clang failed.
    pub fn macros(&self) -> Result<String, String> {
        let output = self.succeed(&["-E", "-dM"])?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    fn succeed(&self, options: &[&str]) -> Result<Vec<u8>, String> {
        let output = self.clang(options, PRELUDE)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("clang {options:?} failed: {text}"));
        }
        Ok(output.stdout)
    }

    fn clang(&self, options: &[&str], source: &str) -> Result<Output, String> {
        let directories = [
            self.resources.join("include"),
            self.root.join("windows"),
            self.root.join("msvcrt"),
        ];
        let mut command = Command::new("clang");
        command
            .args(["--target=x86_64-w64-windows-gnu", "-std=gnu11", "-x", "c"])
            .args(["-w", "-ferror-limit=0", "-fno-color-diagnostics"])
            .arg("-nostdinc")
            .args(
                directories
                    .iter()
                    .flat_map(|directory| ["-isystem".as_ref(), directory.as_os_str()]),
            )
            .args(options)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let failed = |error: std::io::Error| format!("clang: {error}");
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(source.as_bytes()).map_err(failed)?;
        }
        child.wait_with_output().map_err(failed)
    }
}

fn marked(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once(MARK)?;
    let (number, _) = rest.split_once(';')?;
    number.parse().ok()
}

/// Debian has put the headers below `wine/wine`; Wine's own `make install` below `wine`.
const ROOTS: [&str; 3] = [
    "/usr/include/wine/wine",
    "/usr/include/wine",
    "/opt/wine-stable/include/wine",
];

const MARK: &str = "assertion ";

const PRELUDE: &str = "\
#include <stdarg.h>
#include <stddef.h>
#include <ntstatus.h>
#define WIN32_NO_STATUS
#include <windef.h>
#include <winbase.h>
#include <winternl.h>
#include <ddk/ntifs.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <ddk/wsk.h>
";
