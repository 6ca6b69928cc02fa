//! Where a body goes.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use wskhttp_client::exit;

use super::failure::Failure;
use super::resume::Part;

/// Standard output, or a file that is made when the first byte comes.
pub(crate) enum Output {
    Stdout(Stdout),
    Named(String),
    /// A file that is there and gets more.
    Append(String),
    File(String, BufWriter<File>),
}

impl Output {
    /// `None` and `-` mean standard output.
    pub(crate) fn new(name: Option<&str>) -> Self {
        match name {
            None | Some("-") => Self::Stdout(io::stdout()),
            Some(name) => Self::Named(name.to_owned()),
        }
    }

    /// As [`Output::new`], but behind what is in the file.
    pub(crate) fn behind(name: Option<&str>) -> Self {
        match Self::new(name) {
            Self::Named(name) => Self::Append(name),
            other => other,
        }
    }

    /// Prepares for a part of a resource: what is in the file goes if it comes anew.
    pub(crate) fn fit(&mut self, part: Part) -> Result<Part, Failure> {
        match (part, &mut *self) {
            (Part::Anew, Self::Append(name)) => *self = Self::Named(std::mem::take(name)),
            (Part::Anew, _) => {
                return Err(Failure::new(
                    exit::RANGE,
                    "the server has another version, and what was written cannot be taken back",
                ));
            }
            _ => {}
        }
        Ok(part)
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(stdout) if stdout.is_terminal())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.open()?;
        let written = match self {
            Self::Stdout(stdout) => stdout.write_all(bytes),
            Self::File(_, file) => file.write_all(bytes),
            Self::Named(_) | Self::Append(_) => Ok(()),
        };
        written.map_err(|error| Failure::write(self.name(), &error))
    }

    /// Writes out what is buffered; a file that got no byte is made all the same.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.open()?;
        let flushed = match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(_, file) => file.flush(),
            Self::Named(_) | Self::Append(_) => Ok(()),
        };
        flushed.map_err(|error| Failure::write(self.name(), &error))
    }

    fn open(&mut self) -> Result<(), Failure> {
        let opened = match self {
            Self::Named(name) => Some((File::create(&*name), name)),
            Self::Append(name) => {
                let file = File::options().append(true).create(true).open(&*name);
                Some((file, name))
            }
            Self::Stdout(_) | Self::File(..) => None,
        };
        if let Some((file, name)) = opened {
            let file = file.map_err(|error| Failure::write(name, &error))?;
            *self = Self::File(std::mem::take(name), BufWriter::new(file));
        }
        Ok(())
    }

    fn name(&self) -> &str {
        match self {
            Self::Stdout(_) => "standard output",
            Self::Named(name) | Self::Append(name) | Self::File(name, _) => name,
        }
    }
}
