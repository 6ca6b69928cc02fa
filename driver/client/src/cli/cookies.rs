//! -b and -c: cookies, those of files in Netscape's format.

use std::fs;

use wskhttp_client::Device;

use super::args::Transfer;
use super::failure::Failure;
use super::output::Output;

/// Where cookies come from and where they go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies {
    /// The value of a Cookie header.
    pub(crate) header: Option<String>,
    /// What the driver takes first, if it is to keep cookies.
    pub(crate) jar: Option<String>,
    file: Option<String>,
}

impl Cookies {
    /// Reads what -b names. A file that is not there has no cookies, as with curl.
    pub(crate) fn new(args: &Transfer) -> Self {
        let given = args.cookie.as_deref();
        let header = given.filter(|given| given.contains('='));
        let file = given.filter(|given| !given.contains('='));
        let text = file.map(|file| fs::read(file).unwrap_or_default());
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // The driver passes over what is not ASCII; the message has to be.
        let lines = |text: String| -> String {
            let lines = text.lines().filter(|line| line.is_ascii());
            lines.flat_map(|line| [line, "\n"]).collect()
        };
        let jar = text.or_else(|| args.cookie_jar.is_some().then(String::new));
        Self {
            header: header.map(str::to_owned),
            jar: jar.map(lines),
            file: args.cookie_jar.clone(),
        }
    }

    /// Writes what -c names.
    pub(crate) fn save(&self, device: &mut Device) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let text = format!("{HEAD}{}", device.cookies()?);
        let mut output = Output::new(Some(file));
        output.write(text.as_bytes())?;
        output.finish()
    }
}

const HEAD: &str = "# Netscape HTTP Cookie File\n\n";

#[cfg(test)]
mod tests {
    use super::Cookies;
    use crate::cli::args::Cli;
    use clap::Parser;

    fn of(line: &[&str]) -> Cookies {
        let line = ["wskhttp"].iter().chain(line);
        Cookies::new(&Cli::try_parse_from(line).unwrap().transfer)
    }

    #[test]
    fn data_files_and_jars() {
        assert_eq!(of(&["u"]), Cookies::default());
        assert_eq!(of(&["-b", "a=b", "u"]).header.as_deref(), Some("a=b"));
        assert_eq!(of(&["-b", "a=b", "u"]).jar, None);
        assert_eq!(of(&["-b", "/no/such/file", "u"]).jar.as_deref(), Some(""));
        assert_eq!(of(&["-c", "-", "u"]).jar.as_deref(), Some(""));
        let file = std::env::temp_dir().join(format!("wskhttp-cookies-{}", std::process::id()));
        std::fs::write(&file, "a\tb\r\n\u{e9}\nc\n").unwrap();
        let name = file.display().to_string();
        assert_eq!(of(&["-b", &name, "u"]).jar.as_deref(), Some("a\tb\nc\n"));
        std::fs::remove_file(&file).unwrap();
    }
}
