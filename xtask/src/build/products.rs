//! What is built, and where it is put.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{
    cargo::{Target, cargo},
    checksum,
    workspace::Workspace,
};

/// The drivers.
pub(super) const DRIVERS: &[Driver] = &[Driver {
    package: "wskhttp",
    library: "wskhttp",
    image: "wskhttp.sys",
}];

/// A driver for tests, which is no product.
pub(super) const WSK_PROGRAMS: Driver = Driver {
    package: "wskhttp-wsk-programs",
    library: "wskhttp_wsk_programs",
    image: "wsk-programs.sys",
};

/// Packages whose programs run on Windows.
const PROGRAM_PACKAGES: &[&str] = &["wskhttp-client", "wskhttp-cases"];

/// A driver: a package whose `cdylib` is linked as one.
pub(super) struct Driver {
    /// Cargo package.
    pub(super) package: &'static str,
    /// Its library target.
    library: &'static str,
    /// File name of the product.
    pub(super) image: &'static str,
}

/// A driver that has been built.
pub(super) struct Built {
    /// The image where it was copied to.
    pub(super) image: PathBuf,
    /// The linker's map of it.
    pub(super) map: PathBuf,
}

impl Driver {
    /// Builds it, and copies image and symbols to `to`.
    pub(super) fn build(&self, workspace: &Workspace, to: &Path) -> anyhow::Result<Built> {
        cargo(
            workspace,
            Target::Driver,
            &["build", "--release", "--package", self.package],
        )?;
        let release = release(workspace, Target::Driver);
        let library = release.join(format!("{}.dll", self.library));
        let image = to.join(self.image);
        let mut bytes = fs::read(&library).with_context(|| library.display().to_string())?;
        checksum::set(&mut bytes)?;
        write_changed(&image, &bytes)?;
        let symbols = format!("{}.pdb", self.library);
        copy(&release.join(&symbols), &to.join(&symbols))?;
        Ok(Built {
            image,
            map: release.join("deps").join(format!("{}.map", self.library)),
        })
    }
}

/// Builds the programs, and copies them.
pub(super) fn build_programs(workspace: &Workspace) -> anyhow::Result<()> {
    let mut arguments = vec!["build", "--release"];
    let mut names = Vec::new();
    for package in PROGRAM_PACKAGES {
        for name in workspace.binaries(package) {
            arguments.extend(["--package", package, "--bin", name]);
            names.push(name);
        }
    }
    if names.is_empty() {
        bail!("none of {} has a program", PROGRAM_PACKAGES.join(", "));
    }
    cargo(workspace, Target::Windows, &arguments)?;
    for name in names {
        let file = format!("{name}.exe");
        copy(
            &release(workspace, Target::Windows).join(&file),
            &workspace.dist().join(&file),
        )?;
    }
    Ok(())
}

fn release(workspace: &Workspace, target: Target) -> PathBuf {
    workspace.bound().join(target.triple()).join("release")
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(from).with_context(|| from.display().to_string())?;
    write_changed(to, &bytes)
}

/// Writes a product, unless it is there already: its time tells whether it is new.
pub(super) fn write_changed(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
