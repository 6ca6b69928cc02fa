//! The INF from its template, as the WDK's stampinf makes it.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use super::{gate, products::write_changed, workspace::Workspace};

/// Makes `wskhttp.inf` of `inf/wskhttp.inx`, and fails if Windows would not take it.
pub(super) fn stamp(workspace: &Workspace) -> anyhow::Result<()> {
    let template = workspace.root().join("inf/wskhttp.inx");
    let text = fs::read_to_string(&template).with_context(|| template.display().to_string())?;
    let version = concat!(env!("CARGO_PKG_VERSION"), ".0");
    let inf = stamped(&text, "amd64", &date(workspace)?, version)
        .with_context(|| template.display().to_string())?;
    let faults = gate::inf::faults(&inf);
    if !faults.is_empty() {
        bail!("wskhttp.inf:\n  {}", faults.join("\n  "));
    }
    write_changed(&workspace.dist().join("wskhttp.inf"), inf.as_bytes())
}

/// The date of the last commit, or today outside a checkout: the same source gives the same INF.
fn date(workspace: &Workspace) -> anyhow::Result<String> {
    let git = Command::new("git")
        .args(["log", "-1", "--format=%cd", "--date=format:%m/%d/%Y"])
        .current_dir(workspace.root())
        .output();
    let output = match git {
        Ok(output) if output.status.success() => output,
        _ => Command::new("date")
            .args(["--utc", "+%m/%d/%Y"])
            .output()
            .context("date")?,
    };
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// `$ARCH$` is the architecture, and DriverVer in `[Version]` is date and version. Lines end as on
/// Windows.
fn stamped(
    template: &str,
    architecture: &str,
    date: &str,
    version: &str,
) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    let mut section = String::new();
    let mut stamped = false;
    for line in template.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed.to_ascii_lowercase();
        }
        let key = trimmed.split('=').next().unwrap_or_default().trim();
        if trimmed.starts_with(';') {
            lines.push(line.to_owned());
        } else if section == "[version]" && key.eq_ignore_ascii_case("DriverVer") {
            lines.push(format!("DriverVer = {date},{version}"));
            stamped = true;
        } else {
            lines.push(line.replace("$ARCH$", architecture));
        }
    }
    if !stamped {
        bail!("no DriverVer in [Version]");
    }
    lines.push(String::new());
    Ok(lines.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architecture_and_version() {
        let template = "; $ARCH$\n[Version]\nSignature = \"$Windows NT$\"\nDriverVer =\n\n[Manufacturer]\n%M% = Std,NT$ARCH$\n";
        assert_eq!(
            stamped(template, "amd64", "11/21/2026", "0.1.0.0").unwrap(),
            "; $ARCH$\r\n[Version]\r\nSignature = \"$Windows NT$\"\r\nDriverVer = 11/21/2026,0.1.0.0\r\n\r\n\
             [Manufacturer]\r\n%M% = Std,NTamd64\r\n"
        );
    }

    #[test]
    fn a_template_without_version_is_an_error() {
        assert!(
            stamped(
                "[Strings]\nDriverVer = 1\n",
                "amd64",
                "11/21/2026",
                "0.1.0.0"
            )
            .is_err()
        );
    }
}
