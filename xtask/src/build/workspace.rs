//! Where this workspace keeps its files.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

/// The workspace that this program belongs to.
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// Asks Cargo.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("cargo metadata")?;
        Ok(Self { metadata })
    }

    /// The top directory.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Cargo's target directory.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The target directory of what is compiled with RUSTC_BOOTSTRAP set: build scripts look at it, so
    /// that in one directory every change between the two would compile nearly everything again.
    pub(crate) fn bound(&self) -> PathBuf {
        self.target().join("bound")
    }

    /// Where the products of a build are put.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target().join("dist")
    }

    /// Where the driver of tests/wsk-programs is put, which is no product.
    pub(crate) fn wsk_programs(&self) -> PathBuf {
        self.target().join("wsk-programs")
    }

    /// Names of the programs of `package`.
    pub(crate) fn binaries(&self, package: &str) -> impl Iterator<Item = &str> {
        self.metadata
            .packages
            .iter()
            .filter(move |candidate| candidate.name == package)
            .flat_map(|package| &package.targets)
            .filter(|target| target.is_bin())
            .map(|target| target.name.as_str())
    }
}
