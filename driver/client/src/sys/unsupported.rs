//! Where there is no Windows, there is no device.

use std::path::Path;
use std::sync::Arc;

use super::Handle;
use crate::{Error, Kind, Phase};

pub(crate) fn open() -> Result<Arc<dyn Handle>, Error> {
    Err(unsupported())
}

pub(crate) fn install(_: &Path) -> Result<bool, Error> {
    Err(unsupported())
}

pub(crate) fn uninstall() -> Result<bool, Error> {
    Err(unsupported())
}

pub(crate) fn start(_: &Path) -> Result<(), Error> {
    Err(unsupported())
}

pub(crate) fn stop() -> Result<(), Error> {
    Err(unsupported())
}

fn unsupported() -> Error {
    Error::new(
        Phase::Open,
        Kind::NotWindows,
        0,
        "the driver runs on Windows only",
    )
}
